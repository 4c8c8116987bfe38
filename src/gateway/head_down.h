/* head_down.h - the response's fields as they go to the client. */
#ifndef GATEWAY_HEAD_DOWN_H
#define GATEWAY_HEAD_DOWN_H

#include "gateway/exchange.h"

/* Room for the fields that are added. */
enum { HEAD_DOWN_SPARE = 14 };

/* Removes what belongs to the connection and the upstream's rate fields (product §5: they speak of
 * the team's budget, and clients obey them on every status; with its own 429 they pass, bounded),
 * adds Via, x-request-id, and what is left of our own limits. */
void head_down_prepare(struct exchange *exchange);

#endif
