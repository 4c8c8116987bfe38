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

#endif
