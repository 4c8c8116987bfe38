#include "net/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "base/text.h"

enum { MAPPED_LEN = ADDRESS_IPV6_LEN - ADDRESS_IPV4_LEN, LOOPBACK_NET = 127 };

static bool is_mapped(const unsigned char *bytes)
{
    static const unsigned char prefix[MAPPED_LEN] = {[10] = 0xff, [11] = 0xff};
    return memcmp(bytes, prefix, MAPPED_LEN) == 0;
}

struct address address_from(const void *bytes, size_t len)
{
    struct address address = {0};
    ASSERT(len == ADDRESS_IPV4_LEN || len == ADDRESS_IPV6_LEN);
    const unsigned char *at = bytes;
    if (len == ADDRESS_IPV6_LEN && is_mapped(at)) {
        at += MAPPED_LEN;
        len = ADDRESS_IPV4_LEN;
    }
    memcpy(address.bytes, at, len);
    address.len = (unsigned char)len;
    return address;
}

struct address address_of(const struct sockaddr *socket_address)
{
    const void *whole = socket_address;
    if (socket_address->sa_family == AF_INET) {
        const struct sockaddr_in *ip4 = whole;
        return address_from(&ip4->sin_addr, ADDRESS_IPV4_LEN);
    }
    if (socket_address->sa_family == AF_INET6) {
        const struct sockaddr_in6 *ip6 = whole;
        return address_from(&ip6->sin6_addr, ADDRESS_IPV6_LEN);
    }
    return (struct address){0};
}

bool address_parse(struct span text, struct address *address)
{
    char copy[ADDRESS_TEXT_SIZE];
    unsigned char bytes[ADDRESS_IPV6_LEN];
    if (text.len == 0 || text.len >= sizeof(copy) || memchr(text.at, '\0', text.len))
        return false;
    memcpy(copy, text.at, text.len);
    copy[text.len] = '\0';
    bool is_ipv6 = memchr(copy, ':', text.len) != NULL;
    if (inet_pton(is_ipv6 ? AF_INET6 : AF_INET, copy, bytes) != 1)
        return false;
    *address = address_from(bytes, is_ipv6 ? ADDRESS_IPV6_LEN : ADDRESS_IPV4_LEN);
    return true;
}

bool address_equal(const struct address *a, const struct address *b)
{
    return a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}

bool address_is_loopback(const struct address *address)
{
    static const unsigned char ipv6_loopback[ADDRESS_IPV6_LEN] = {[15] = 1};
    if (address->len == ADDRESS_IPV4_LEN)
        return address->bytes[0] == LOOPBACK_NET;
    return address->len == ADDRESS_IPV6_LEN &&
           memcmp(address->bytes, ipv6_loopback, sizeof(ipv6_loopback)) == 0;
}

static struct span write_ipv4(const unsigned char *bytes, char *text)
{
    char *end = text, room[U64_DIGITS];
    for (size_t i = 0; i < ADDRESS_IPV4_LEN; i++) {
        struct span number = u64_digits(bytes[i], room);
        memcpy(end, number.at, number.len);
        end += number.len;
        *end++ = '.';
    }
    end[-1] = '\0';
    return (struct span){text, (size_t)(end - text) - 1};
}

struct span address_write(const struct address *address, char text[ADDRESS_TEXT_SIZE])
{
    if (address->len == ADDRESS_IPV4_LEN)
        return write_ipv4(address->bytes, text);
    text[0] = '\0';
    if (address->len > 0)
        ASSERT(inet_ntop(AF_INET6, address->bytes, text, ADDRESS_TEXT_SIZE));
    return span_of(text);
}
