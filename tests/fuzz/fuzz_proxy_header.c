/* fuzz_proxy_header.c - PROXY headers, cut anywhere.
 *
 * What a prefix is said to be must hold for all that is longer. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/text.h"
#include "client/proxy_protocol.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* From memory of exactly that size, so that ASan sees a read past its end. */
static enum proxy_result read_prefix(const uint8_t *data, size_t len, struct proxy_header *header)
{
    char *copy = xmalloc(len);
    if (len > 0)
        memcpy(copy, data, len);
    enum proxy_result result = proxy_protocol_read((struct span){copy, len}, header);
    free(copy);
    return result;
}

static void check_header(const struct proxy_header *header, size_t len)
{
    ASSERT(header->len > 0 && header->len <= len && header->len <= PROXY_HEADER_MAX);
    ASSERT(header->source.len == 0 || header->source.len == ADDRESS_IPV4_LEN ||
           header->source.len == ADDRESS_IPV6_LEN);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct proxy_header first = {0};
    enum proxy_result result = PROXY_PARTIAL;
    size_t most = size < 2 * PROXY_HEADER_MAX ? size : 2 * PROXY_HEADER_MAX;
    for (size_t len = 0; len <= most; len++) {
        struct proxy_header header = {0};
        enum proxy_result now = read_prefix(data, len, &header);
        ASSERT(now != PROXY_PARTIAL || (result == PROXY_PARTIAL && len < PROXY_HEADER_MAX));
        if (result != PROXY_PARTIAL)
            ASSERT(now == result);
        if (now == PROXY_COMPLETE)
            check_header(&header, len);
        if (now == PROXY_COMPLETE && result == PROXY_COMPLETE)
            ASSERT(header.len == first.len && address_equal(&header.source, &first.source));
        if (now == PROXY_COMPLETE)
            first = header;
        result = now;
    }
    return 0;
}
