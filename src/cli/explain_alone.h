/* explain_alone.h - an explanation without a gateway: of the settings, and of what their Redis counts. */
#ifndef CLI_EXPLAIN_ALONE_H
#define CLI_EXPLAIN_ALONE_H

#include "base/arena.h"
#include "worker/snapshot.h"

/* Answers a body of POST /explain as the admin listener would, with "live": false and why no gateway was asked.
 * NULL when the body is wrong: error says what to write. In the arena. Waits for Redis for a second at most,
 * writes nothing there, and is not counted among the gateways. */
enum { EXPLAIN_ERROR_SIZE = 512 };
struct span explain_alone(const struct snapshot *snapshot, struct span body, const char *why,
                          struct arena *arena, char error[EXPLAIN_ERROR_SIZE]);

#endif
