#include "auth/cidr.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/text.h"

enum { IPV4_LEN = 4, IPV6_LEN = 16, MAPPED_LEN = 12 };

/* ::ffff:0:0/96, RFC 4291 §2.5.5.2. */
static const unsigned char mapped_prefix[MAPPED_LEN] = {[10] = 0xff, [11] = 0xff};

static bool is_mapped(const unsigned char *address)
{
    return memcmp(address, mapped_prefix, MAPPED_LEN) == 0;
}

static bool parse_address(struct span text, struct cidr *cidr)
{
    char copy[INET6_ADDRSTRLEN];
    if (text.len == 0 || text.len >= sizeof(copy) || memchr(text.at, '\0', text.len))
        return false;
    memcpy(copy, text.at, text.len);
    copy[text.len] = '\0';
    cidr->is_ipv6 = memchr(copy, ':', text.len) != NULL;
    return inet_pton(cidr->is_ipv6 ? AF_INET6 : AF_INET, copy, cidr->address) == 1;
}

static bool parse_prefix_len(struct span text, unsigned most, unsigned *prefix_len)
{
    uint64_t number;
    bool has_leading_zero = text.len > 1 && text.at[0] == '0';
    if (has_leading_zero || !span_to_u64(text, &number) || number > most)
        return false;
    *prefix_len = (unsigned)number;
    return true;
}

static bool has_bits_behind(const struct cidr *cidr, unsigned width)
{
    for (unsigned bit = cidr->prefix_len; bit < width; bit++) {
        if (cidr->address[bit / 8] >> (7 - bit % 8) & 1)
            return true;
    }
    return false;
}

/* Mapped callers count as IPv4, so a mapped range has to, or it would cover nobody. */
static void unmap(struct cidr *cidr)
{
    if (!cidr->is_ipv6 || cidr->prefix_len < MAPPED_LEN * 8 || !is_mapped(cidr->address))
        return;
    cidr->is_ipv6 = false;
    cidr->prefix_len -= MAPPED_LEN * 8;
    memmove(cidr->address, cidr->address + MAPPED_LEN, IPV4_LEN);
    memset(cidr->address + IPV4_LEN, 0, IPV6_LEN - IPV4_LEN);
}

bool cidr_parse(struct span text, struct cidr *cidr)
{
    struct cidr parsed = {0};
    bool has_prefix = text.len > 0 && memchr(text.at, '/', text.len) != NULL;
    if (!parse_address(span_cut(&text, '/'), &parsed))
        return false;
    unsigned width = parsed.is_ipv6 ? IPV6_LEN * 8 : IPV4_LEN * 8;
    parsed.prefix_len = width;
    if (has_prefix && !parse_prefix_len(text, width, &parsed.prefix_len))
        return false;
    if (has_bits_behind(&parsed, width))
        return false;
    unmap(&parsed);
    *cidr = parsed;
    return true;
}

bool cidr_contains(const struct cidr *cidr, const unsigned char *address, size_t len)
{
    if (len == IPV6_LEN && is_mapped(address)) {
        address += MAPPED_LEN;
        len = IPV4_LEN;
    }
    if (len != (cidr->is_ipv6 ? IPV6_LEN : IPV4_LEN))
        return false;
    unsigned whole = cidr->prefix_len / 8, rest = cidr->prefix_len % 8;
    if (memcmp(cidr->address, address, whole) != 0)
        return false;
    return rest == 0 || (cidr->address[whole] ^ address[whole]) >> (8 - rest) == 0;
}

bool cidr_list_contains(const struct cidr_list *list, const unsigned char *address, size_t len)
{
    for (size_t i = 0; i < list->count; i++) {
        if (cidr_contains(&list->at[i], address, len))
            return true;
    }
    return false;
}
