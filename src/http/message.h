/* message.h - a request and a response as plain data.
 *
 * All spans are borrowed from the head's bytes or the exchange's arena.
 */
#ifndef HTTP_MESSAGE_H
#define HTTP_MESSAGE_H

#include "http/header_list.h"

/* How a body ends (RFC 9112 §6.3). */
enum body_kind { BODY_NONE, BODY_LENGTH, BODY_CHUNKED, BODY_UNTIL_CLOSE };

struct framing {
    enum body_kind kind;
    uint64_t length; /* with BODY_LENGTH, > 0 */
};

/* The methods that decide something here; the rest is METHOD_OTHER and goes by its name. */
enum method {
    METHOD_OTHER,
    METHOD_GET,
    METHOD_HEAD,
    METHOD_POST,
    METHOD_PUT,
    METHOD_PATCH,
    METHOD_DELETE,
    METHOD_OPTIONS,
};

struct request {
    enum method method;
    struct span method_name;
    struct span target; /* path and query as they came, byte for byte: what goes upstream */
    struct span path;   /* of target, before the '?' */
    struct span query;  /* after it; at == NULL without one */
    struct span host;   /* Host, or the authority of an absolute-form target */
    struct header_list headers;
    struct framing framing;
    unsigned version; /* 10 or 11 */
    bool keep_alive;  /* the client may go on using the connection */
    bool expects_continue;
};

struct response {
    unsigned status;
    struct header_list headers;
    struct framing framing;
    unsigned version;
    bool keep_alive; /* the upstream may go on using the connection */
};

#endif
