/* framing.h - how long is this body (RFC 9112 §6.3), and may it be asked. Pure. */
#ifndef HTTP_FRAMING_H
#define HTTP_FRAMING_H

#include "http/head_check.h"
#include "http/message.h"

/* version 10 or 11. Every doubt is a fault: a message whose end two readers could see in two places
 * is how requests are smuggled. */
enum http_fault framing_of_request(const struct header_list *headers, unsigned version,
                                   struct framing *framing);

/* No body for HEAD, 1xx, 204, 304; chunked or a length where declared; else until close. */
enum http_fault framing_of_response(const struct header_list *headers, unsigned version,
                                    unsigned status, bool to_head, struct framing *framing);

/* A response with one transfer coding that nobody has registered, FAULT_CODING above: by RFC 9112 §6.3
 * it lasts until the close. For an upstream that may be any HTTP API; what might be meant as chunked,
 * or is compressed, is not among them. */
bool framing_has_foreign_coding(const struct header_list *headers, unsigned version);

#endif
