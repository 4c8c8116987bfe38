#include "client/proxy_protocol.h"

#include <arpa/inet.h>

#include "base/text.h"

/* --- Version 1: "PROXY TCP4 192.0.2.1 192.0.2.2 56324 443" and CRLF --- */

enum { LINE_MAX_LEN = 107 /* §2.1, with its CRLF */, LONGEST_PORT = 5 };

static bool take_word(struct span *rest, struct span word)
{
    if (!span_starts_with(*rest, word))
        return false;
    *rest = span_skip(*rest, word.len);
    return true;
}

/* Whether what has come so far may still become prefix or already begins with it. */
static bool may_begin(struct span bytes, struct span prefix)
{
    size_t len = bytes.len < prefix.len ? bytes.len : prefix.len;
    return memcmp(bytes.at, prefix.at, len) == 0;
}

static bool is_port(struct span text)
{
    uint64_t number;
    bool has_leading_zero = text.len > 1 && text.at[0] == '0';
    return text.len <= LONGEST_PORT && !has_leading_zero && span_to_u64(text, &number) &&
           number <= UINT16_MAX;
}

static bool is_of_family(struct span text, bool is_ipv6, struct address *address)
{
    bool has_colon = text.len > 0 && memchr(text.at, ':', text.len) != NULL;
    return has_colon == is_ipv6 && address_parse(text, address);
}

/* "192.0.2.1 192.0.2.2 56324 443", all that is left of the line. */
static bool read_ends(struct span rest, bool is_ipv6, struct address *source)
{
    struct address destination;
    struct span from = span_cut(&rest, ' '), to = span_cut(&rest, ' ');
    struct span source_port = span_cut(&rest, ' ');
    return is_of_family(from, is_ipv6, source) && is_of_family(to, is_ipv6, &destination) &&
           is_port(source_port) && is_port(rest);
}

/* The line without its CRLF. */
static bool read_line(struct span line, struct address *source)
{
    if (memchr(line.at, '\r', line.len) || !take_word(&line, SPAN("PROXY ")))
        return false;
    if (take_word(&line, SPAN("TCP4 ")))
        return read_ends(line, false, source);
    if (take_word(&line, SPAN("TCP6 ")))
        return read_ends(line, true, source);
    /* §2.1: whatever follows UNKNOWN is to be ignored. */
    return take_word(&line, SPAN("UNKNOWN")) && (line.len == 0 || line.at[0] == ' ');
}

static enum proxy_result read_version_1(struct span bytes, struct proxy_header *header)
{
    size_t most = bytes.len < LINE_MAX_LEN ? bytes.len : LINE_MAX_LEN;
    const char *end = memchr(bytes.at, '\n', most);
    if (!end)
        return bytes.len < LINE_MAX_LEN ? PROXY_PARTIAL : PROXY_REFUSED;
    struct span line = {bytes.at, (size_t)(end - bytes.at)};
    struct address source = {0};
    if (line.at[line.len - 1] != '\r')
        return PROXY_REFUSED;
    header->len = line.len + 1;
    line.len--;
    if (!read_line(line, &source))
        return PROXY_REFUSED;
    header->source = source;
    return PROXY_COMPLETE;
}

/* --- Version 2: a block of bytes, §2.2 --- */

enum {
    VERSION_AT = 12, /* behind the signature */
    FAMILY_AT = 13,
    LENGTH_AT = 14,
    ENDS_AT = 16, /* the addresses, then the extensions */
    VERSION_2_LOCAL = 0x20,
    VERSION_2_PROXY = 0x21,
    UNSPECIFIED = 0x00,
    TCP_OVER_IPV4 = 0x11,
    TCP_OVER_IPV6 = 0x21,
    EXTENSION_HEAD = 3, /* type and length */
    EXTENSION_CRC32C = 0x03,
    CRC_LEN = 4,
};

static unsigned byte_at(struct span bytes, size_t at)
{
    return (unsigned char)bytes.at[at];
}

static unsigned u16_at(struct span bytes, size_t at)
{
    return byte_at(bytes, at) << 8 | byte_at(bytes, at + 1);
}

/* Bitwise: a block is short and comes once for a connection. skip: where the sum itself stands, whose
 * bytes count as 0 (§2.2.3). */
static uint32_t crc32c(struct span bytes, size_t skip)
{
    const uint32_t polynomial = UINT32_C(0x82f63b78);
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < bytes.len; i++) {
        crc ^= i >= skip && i < skip + CRC_LEN ? 0 : byte_at(bytes, i);
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? polynomial : 0);
    }
    return ~crc;
}

static bool has_good_sum(struct span block, size_t at)
{
    uint32_t sum = (uint32_t)u16_at(block, at) << 16 | u16_at(block, at + 2);
    return crc32c(block, at) == sum;
}

/* They fill the rest of the block exactly; of all kinds only the sum is looked at. */
static bool are_extensions(struct span block, size_t at)
{
    while (at < block.len) {
        if (block.len - at < EXTENSION_HEAD)
            return false;
        unsigned type = byte_at(block, at), len = u16_at(block, at + 1);
        at += EXTENSION_HEAD;
        if (block.len - at < len)
            return false;
        if (type == EXTENSION_CRC32C && (len != CRC_LEN || !has_good_sum(block, at)))
            return false;
        at += len;
    }
    return true;
}

/* Two addresses of address_len and two ports. */
static bool read_block(struct span block, size_t address_len, struct address *source)
{
    size_t ends_len = 2 * (address_len + sizeof(in_port_t));
    if (block.len < ENDS_AT + ends_len || !are_extensions(block, ENDS_AT + ends_len))
        return false;
    *source = address_from(block.at + ENDS_AT, address_len);
    return true;
}

static bool read_proxied(struct span block, struct address *source)
{
    switch (byte_at(block, FAMILY_AT)) {
    case TCP_OVER_IPV4:
        return read_block(block, ADDRESS_IPV4_LEN, source);
    case TCP_OVER_IPV6:
        return read_block(block, ADDRESS_IPV6_LEN, source);
    case UNSPECIFIED:
        return true;
    default:
        return false;
    }
}

static enum proxy_result read_version_2(struct span bytes, struct proxy_header *header)
{
    struct address source = {0};
    unsigned version = bytes.len > VERSION_AT ? byte_at(bytes, VERSION_AT) : VERSION_2_PROXY;
    if (version != VERSION_2_LOCAL && version != VERSION_2_PROXY)
        return PROXY_REFUSED;
    if (bytes.len < ENDS_AT)
        return PROXY_PARTIAL;
    size_t len = (size_t)ENDS_AT + u16_at(bytes, LENGTH_AT);
    if (len > PROXY_HEADER_MAX)
        return PROXY_REFUSED;
    if (bytes.len < len)
        return PROXY_PARTIAL;
    /* §2.2: of LOCAL, which a balancer sends for itself, nothing else is to be looked at. */
    if (version == VERSION_2_PROXY && !read_proxied((struct span){bytes.at, len}, &source))
        return PROXY_REFUSED;
    *header = (struct proxy_header){.len = len, .source = source};
    return PROXY_COMPLETE;
}

enum proxy_result proxy_protocol_read(struct span bytes, struct proxy_header *header)
{
    static const struct span line_start = SPAN_INIT("PROXY ");
    static const struct span signature = SPAN_INIT("\r\n\r\n\0\r\nQUIT\n");
    if (bytes.len == 0)
        return PROXY_PARTIAL;
    if (may_begin(bytes, line_start))
        return read_version_1(bytes, header);
    if (may_begin(bytes, signature))
        return read_version_2(bytes, header);
    return PROXY_REFUSED;
}
