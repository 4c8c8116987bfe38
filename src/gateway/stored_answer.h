/* stored_answer.h - a stored response as the answer to this request: conditions, ranges, codings, Age,
 * Cache-Status (RFC 9111 §4, §4.3.2; RFC 9110 §13, §14; RFC 9211). */
#ifndef GATEWAY_STORED_ANSWER_H
#define GATEWAY_STORED_ANSWER_H

#include "gateway/lookup.h"

/* Decides the response from entry (counted for the exchange until it ends), with lookup->status as it
 * stands. False when the entry has no form that the client takes: it must be fetched. */
bool stored_answer(struct lookup *lookup, struct cache_entry *entry);

/* A fresh response on its way through: 304 instead of it, if that is what the client's conditions say
 * (they did not go upstream). Adds Cache-Status. */
void passing_answer(struct lookup *lookup);

#endif
