/* explain.h - what would become of a request, told as JSON; nothing is sent upstream and nothing is spent.
 *
 * Runs the same functions as the stages do, on an exchange that nobody sees, in the order of the table:
 * where a stage spends, it looks. It may ask Redis what is left of limits. What it cannot know it says: what
 * Redis holds of the cache, what filters make of it, what the upstream answers. Lives in an arena that outlives it; one loop.
 */
#ifndef GATEWAY_EXPLAIN_H
#define GATEWAY_EXPLAIN_H

#include "base/json_writer.h"
#include "gateway/limit_look.h"

struct explain_question {
    struct request *request;      /* parsed; its list has room for HEAD_UP_SPARE more */
    const struct key_record *key; /* whose it is; NULL: what the request itself shows */
    struct address peer;          /* who connects */
    bool is_live;                 /* else limits and cache are those of no running gateway */
};

struct explanation {
    struct explain_question question;
    struct services services; /* a copy, in which nobody counts */
    struct exchange *exchange;
    struct limit_look look;
    struct json_writer *json; /* borrowed: the open object that gets the members */
    const char *failed; /* the stage before the limits of the caller that answers; NULL: none */
    void (*on_done)(struct explanation *explanation);
};

/* services are those of the worker that answers; json and on_done are set, all else is zeroed. True: it has
 * been told, and nothing will be raised. */
bool explain_begin(struct explanation *explanation, const struct services *services,
                   struct arena *arena, const struct explain_question *question);
void explain_off(
    struct explanation *explanation); /* silent; legal at any moment until it is told */

#endif
