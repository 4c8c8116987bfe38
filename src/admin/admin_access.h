/* admin_access.h - may this request to the admin listener be answered. Pure. */
#ifndef ADMIN_ADMIN_ACCESS_H
#define ADMIN_ADMIN_ACCESS_H

#include "http/message.h"

enum admin_denial {
    ADMIN_GRANTED,
    ADMIN_FOREIGN_HOST, /* Host is a name, which DNS may have been told to point here */
    ADMIN_CROSS_SITE,   /* a write that a page of another site sends */
    ADMIN_NO_TOKEN,
    ADMIN_BAD_TOKEN,
};

/* token: the one to be shown as `Authorization: Bearer`; with len 0 there is none, and Host must be
 * localhost or an IP address. is_open: the answer is for everybody, so that no token is needed. */
enum admin_denial admin_access(const struct request *request, struct span token, bool is_open);

#endif
