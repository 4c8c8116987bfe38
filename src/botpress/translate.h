/* translate.h - whether an error answer of the upstream is one that Botpress clients understand.
 *
 * Pure. The body is whole and bounded by the caller.
 */
#ifndef BOTPRESS_TRANSLATE_H
#define BOTPRESS_TRANSLATE_H

#include "base/arena.h"
#include "botpress/problem.h"

enum { TRANSLATE_BODY_LIMIT = 256 * KIB };

enum error_body {
    ERROR_BODY_BOTPRESS,   /* id, code, type, message: passes byte for byte */
    ERROR_BODY_DOCUMENTED, /* type (one of the 26) and description only: completed */
    ERROR_BODY_FOREIGN,    /* an HTML page, text, nothing, other JSON: replaced */
    ERROR_BODY_OPAQUE,     /* in a coding we cannot read (br), declared as JSON: passes */
};

struct error_answer {
    unsigned status;
    struct span content_type;     /* empty when absent */
    struct span content_encoding; /* empty when absent; gzip and deflate are read */
    struct span body;
};

/* Sets *type and *message (in the arena) for ERROR_BODY_DOCUMENTED; for ERROR_BODY_FOREIGN *type by
 * the status and a message that says what came ("an HTML page titled …"), without markup. */
enum error_body translate_error(const struct error_answer *answer, struct arena *arena,
                                enum error_type *type, struct span *message);

#endif
