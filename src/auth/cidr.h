/* cidr.h - ranges of addresses, as in "10.0.0.0/8". Pure. */
#ifndef AUTH_CIDR_H
#define AUTH_CIDR_H

#include "base/base.h"

struct cidr {
    bool is_ipv6;
    unsigned char address[16]; /* IPv4: the first 4 */
    unsigned prefix_len;
};

/* "10.0.0.0/8", "::1", … False when malformed or with bits set behind the prefix. */
bool cidr_parse(struct span text, struct cidr *cidr);

/* address: 4 or 16 bytes in network order; an IPv4-mapped IPv6 address counts as IPv4. */
bool cidr_contains(const struct cidr *cidr, const unsigned char *address, size_t len);

struct cidr_list {
    const struct cidr *at; /* borrowed */
    size_t count;
};

/* Whether one of them contains it; an empty list contains nothing. */
bool cidr_list_contains(const struct cidr_list *list, const unsigned char *address, size_t len);

#endif
