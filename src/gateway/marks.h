/* marks.h - what tells a request from all others: its id, and its place in a trace. */
#ifndef GATEWAY_MARKS_H
#define GATEWAY_MARKS_H

#include "gateway/exchange.h"

/* The id that the caller sends, if it is fit for a log and a field; else len 0. */
struct span marks_own_id(const struct request *request);

/* The caller's id and trace go on, or new ones begin. */
void marks_settle(struct exchange *exchange);

#endif
