/* refusals.h - what was refused last, for somebody who looks now: a few, the oldest overwritten.
 *
 * Any thread; nobody waits: while another one notes, a refusal is left out. They are counted in the
 * metrics in any case.
 */
#ifndef METRICS_REFUSALS_H
#define METRICS_REFUSALS_H

#include "base/base.h"

enum { REFUSALS_KEPT = 50, REFUSAL_TEXT = 64 };

/* Texts are cut to REFUSAL_TEXT - 1 bytes and terminated. */
struct refusal {
    uint64_t wall_ms;
    unsigned status;
    char reason[REFUSAL_TEXT], op[REFUSAL_TEXT], key[REFUSAL_TEXT], client[REFUSAL_TEXT];
};

struct refusals;

struct refusals *refusals_create(void);
void refusals_destroy(struct refusals *refusals); /* NULL is allowed */

void refusal_text(char to[REFUSAL_TEXT], struct span text);
void refusals_note(struct refusals *refusals, const struct refusal *refusal);

/* The newest first; returns how many. */
size_t refusals_read(struct refusals *refusals, struct refusal to[REFUSALS_KEPT]);

#endif
