/* response_head.h - what the load generator wants to know of an answer, and no more. */
#ifndef BENCH_RESPONSE_HEAD_H
#define BENCH_RESPONSE_HEAD_H

#include "base/base.h"

/* head: terminated, from the status line to the last field's line end. False unless it is HTTP/1.1
 * and says how long the body is. */
bool response_head_read(const char *head, unsigned *status, uint64_t *length);

#endif
