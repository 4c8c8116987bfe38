/* address.h - IP addresses without ports, as bytes: to compare, to count, to read and to show. Pure.
 *
 * An IPv4 address is four bytes however it came: IPv6 has a form for it (RFC 4291 §2.5.5.2), and one
 * host must not pass for two.
 */
#ifndef NET_ADDRESS_H
#define NET_ADDRESS_H

#include <sys/socket.h>

#include "base/base.h"

enum { ADDRESS_IPV4_LEN = 4, ADDRESS_IPV6_LEN = 16 };

/* Bytes beyond len are 0, so that equal addresses are equal bytes. */
struct address {
    unsigned char len;                     /* one of the two, or 0: unknown */
    unsigned char bytes[ADDRESS_IPV6_LEN]; /* network order */
};

/* Unknown for what is neither IPv4 nor IPv6. */
struct address address_of(const struct sockaddr *socket_address);

/* From bytes in network order; len is 4 or 16. */
struct address address_from(const void *bytes, size_t len);

/* "192.0.2.1", "2001:db8::1". False when it is anything else: no port, no brackets, no zone. */
bool address_parse(struct span text, struct address *address);

bool address_equal(const struct address *a, const struct address *b);

/* 127.0.0.0/8 and ::1. */
bool address_is_loopback(const struct address *address);

/* Its text, "" for unknown; in text. */
enum { ADDRESS_TEXT_SIZE = 46 };
struct span address_write(const struct address *address, char text[ADDRESS_TEXT_SIZE]);

#endif
