/* head_up.h - the request as it goes upstream: what the caller sent, less what is not for others,
 * plus what the gateway knows. Product §4's table.
 *
 * Injection comes last, after fields of the connection and everything they name were removed, so that
 * no caller's Connection can strip what is injected.
 */
#ifndef GATEWAY_HEAD_UP_H
#define GATEWAY_HEAD_UP_H

#include "gateway/exchange.h"

/* Fields that head_up_prepare and head_up_write may add to a request's list. */
enum { HEAD_UP_SPARE = 13 };

/* This hop in a Via field, for a message that was received with this version (10 or 11). */
struct span via_value(const struct exchange *exchange, unsigned version);

/* Whether the request has passed this gateway before (RFC 9110 §7.6.3). */
bool head_up_is_loop(const struct exchange *exchange);

/* Counts this hop in the Max-Forwards of an OPTIONS (RFC 9110 §7.6.2), once. False: it may go no further,
 * and who holds it answers. */
bool head_up_may_go_on(struct exchange *exchange);

/* Rewrites the request's fields, once; those of the connection are gone already (authorize). False: an id that the operation needs has no value anywhere;
 * *missing is the field's name. */
bool head_up_prepare(struct exchange *exchange, struct span *missing);

/* The head's bytes with this token (len 0: none), in the exchange's arena. */
struct span head_up_write(struct exchange *exchange, struct span token);

#endif
