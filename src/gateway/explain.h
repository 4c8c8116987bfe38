/* explain.h - what would become of a request, told as JSON; nothing is sent and nothing is spent.
 *
 * Runs the same functions as the stages do, on an exchange that nobody sees: route, authorize, the limits'
 * look, the look into memory, and the head that would go upstream. What it cannot know it says: what
 * Redis holds, what the upstream answers.
 */
#ifndef GATEWAY_EXPLAIN_H
#define GATEWAY_EXPLAIN_H

#include "base/json_writer.h"
#include "gateway/exchange.h"

struct explain_question {
    struct request *request;      /* parsed; its list has room for HEAD_UP_SPARE more */
    const struct key_record *key; /* NULL: nobody */
};

/* Writes members into the open object. services are those of the worker that answers. */
void explain_write(const struct services *services, struct arena *arena,
                   const struct explain_question *question, struct json_writer *json);

#endif
