/* gateway.h - joins the client's side to the stages: a request becomes an exchange. */
#ifndef GATEWAY_GATEWAY_H
#define GATEWAY_GATEWAY_H

#include "gateway/exchange.h"

/* The handler for a worker's client_server; its owner is the worker's struct services. */
extern const struct client_handler gateway_handler;

#endif
