/* caller_address.h - on whose behalf a request comes: the peer, or whom trusted proxies name. Pure. */
#ifndef GATEWAY_CALLER_ADDRESS_H
#define GATEWAY_CALLER_ADDRESS_H

#include "auth/cidr.h"
#include "http/header_list.h"
#include "net/address.h"

/* The peer, unless it is trusted: then the rightmost address of X-Forwarded-For that is not trusted
 * itself. Whatever stands left of that was written by a stranger, and an element that is no address
 * ends the chain too: the last one before it counts. */
struct address caller_address(const struct address *peer, const struct header_list *headers,
                              const struct cidr_list *trusted);

#endif
