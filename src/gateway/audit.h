/* audit.h - who changed what, and who was not let: a line for each write that was made with a credential
 * of the gateway's, and for each denial. */
#ifndef GATEWAY_AUDIT_H
#define GATEWAY_AUDIT_H

#include "gateway/exchange.h"

/* The exchange has ended. */
void audit_exchange(const struct exchange *exchange);

#endif
