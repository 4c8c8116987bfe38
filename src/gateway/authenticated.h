/* authenticated.h - what comes of who the caller is: a profile, or the answer. */
#ifndef GATEWAY_AUTHENTICATED_H
#define GATEWAY_AUTHENTICATED_H

#include "gateway/exchange.h"

/* exchange->key is set where the result has one. */
enum verdict authenticated(struct exchange *exchange, enum auth_result result);

#endif
