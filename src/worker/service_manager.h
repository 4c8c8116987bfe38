/* service_manager.h - what a service manager is told that asks for it (sd_notify(3)): that the gateway
 * serves, that it stops, and, as often as it wants to hear it, that it is alive.
 *
 * The protocol is a datagram of NAME=value lines to the socket that $NOTIFY_SOCKET names. Main's thread.
 */
#ifndef WORKER_SERVICE_MANAGER_H
#define WORKER_SERVICE_MANAGER_H

#include "base/base.h"

/* No-op when nobody asks. Waits a second at most; what could not be told is logged. */
void service_manager_tell(struct span state);

/* How often to tell WATCHDOG=1: half of what it waits. 0: it does not want to hear it
 * (sd_watchdog_enabled(3)). */
uint64_t service_manager_watch_ms(void);

#endif
