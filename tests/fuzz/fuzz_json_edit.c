/* fuzz_json_edit.c - JSON text that is edited where it stands.
 *
 * Whoever takes the text takes what was made of it; what was named is gone then, and editing once more
 * changes nothing. Another reader does not take more than we do, nor less, but for what is deep, for numbers
 * beyond its range and for what is no UTF-8. */
#include <jansson.h>

#include "base/text.h"
#include "script/json_edit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LIMIT = MIB };

static bool mark(void *owner, struct span meaning, struct buffer *out)
{
    (void)owner;
    return memchr(meaning.at, '@', meaning.len) && buffer_append(out, SPAN("-")) == OK;
}

/* jansson takes a NUL after the value for the end. */
static json_t *read(struct span text)
{
    if (memchr(text.at, '\0', text.len))
        return NULL;
    return json_loadb(text.len ? text.at : "", text.len,
                      JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct json_path paths[2];
    struct buffer once, twice;
    size_t count, again;
    struct span text = {size > 0 ? (const char *)data : "", size};
    if (size > LIMIT / 16)
        return 0;
    ASSERT(json_path_parse(SPAN("a"), &paths[0]) && json_path_parse(SPAN("b.*.c"), &paths[1]));
    const struct json_edit edit = {
        .paths = paths, .path_count = 2, .replacement = SPAN(""), .rewrite = mark};
    buffer_init(&once, LIMIT);
    buffer_init(&twice, LIMIT);
    enum status status = json_edit(text, &edit, &once, &count);
    ASSERT(status == OK || status == ERR_SYNTAX);
    json_t *theirs = read(text);
    ASSERT(!theirs || status == OK || size > 2 * 64); /* deeper than we go */
    json_decref(theirs);
    if (status == OK) {
        ASSERT(count > 0 || span_equal(text, buffer_bytes(&once)));
        ASSERT(json_edit(buffer_bytes(&once), &edit, &twice, &again) == OK);
        ASSERT(again == 0 && span_equal(buffer_bytes(&once), buffer_bytes(&twice)));
    }
    buffer_clear(&once);
    buffer_clear(&twice);
    return 0;
}
