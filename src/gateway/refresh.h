/* refresh.h - a stored response fetched anew beside the request that met it (RFC 5861 §3).
 *
 * An exchange without a client: the stages from limit_upstream on, and no line in the access log. One for a
 * key at a time, because it leads that key's flight; a bounded number for a worker. */
#ifndef GATEWAY_REFRESH_H
#define GATEWAY_REFRESH_H

#include "gateway/lookup.h"

/* Begins one for the entry that is stale, unless somebody fetches it already. Inside any stage. */
void refresh_begin(const struct lookup *stale);

#endif
