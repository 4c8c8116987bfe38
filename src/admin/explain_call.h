/* explain_call.h - POST /explain: what would become of a request that is described.
 *
 *     {"method": "GET", "target": "/v1/chat/users", "key": "ci", "headers": ["x-bot-id: b1"]}
 */
#ifndef ADMIN_EXPLAIN_CALL_H
#define ADMIN_EXPLAIN_CALL_H

#include "admin/admin_call.h"

#define EXPLAIN_USAGE                                                                              \
    "what would become of a request: {\"method\": \"GET\", \"target\": \"/v1/chat/users\", "       \
    "\"key\": "                                                                                    \
    "\"ci\"}, address, headers: [\"x-bot-id: bot_1\"]"

void answer_explain(struct admin_call *call);

#endif
