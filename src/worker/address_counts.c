#include "worker/address_counts.h"

#include <stdlib.h>
#include <string.h>

#include "base/random.h"

enum { BUCKET_COUNT = 1024, NETWORK_LEN = 8 };

struct address_count {
    struct address_count *next; /* in its bucket; owned by it */
    struct address network;
    size_t connections;
};

struct address_counts {
    uint64_t seed;
    struct address_count *buckets[BUCKET_COUNT];
};

struct address_counts *address_counts_create(void)
{
    struct address_counts *counts = xcalloc(1, sizeof(*counts));
    random_bytes(&counts->seed, sizeof(counts->seed));
    return counts;
}

void address_counts_destroy(struct address_counts *counts)
{
    for (size_t i = 0; counts && i < BUCKET_COUNT; i++)
        ASSERT(!counts->buckets[i]);
    free(counts);
}

static struct address network_of(const struct address *address)
{
    struct address network = *address;
    if (network.len == ADDRESS_IPV6_LEN)
        memset(network.bytes + NETWORK_LEN, 0, ADDRESS_IPV6_LEN - NETWORK_LEN);
    return network;
}

/* FNV-1a from a secret start, so that addresses cannot be chosen to fall into one bucket. */
static size_t bucket_of(const struct address_counts *counts, const struct address *network)
{
    uint64_t hash = counts->seed;
    for (size_t i = 0; i < network->len; i++)
        hash = (hash ^ network->bytes[i]) * UINT64_C(0x100000001b3);
    return (size_t)(hash ^ hash >> 32) % BUCKET_COUNT;
}

static struct address_count *find(const struct address_counts *counts,
                                  const struct address *network)
{
    struct address_count *count = counts->buckets[bucket_of(counts, network)];
    while (count && !address_equal(&count->network, network))
        count = count->next;
    return count;
}

size_t address_counts_of(const struct address_counts *counts, const struct address *address)
{
    const struct address network = network_of(address);
    const struct address_count *count = find(counts, &network);
    return count ? count->connections : 0;
}

struct address_count *address_counts_enter(struct address_counts *counts,
                                           const struct address *address)
{
    const struct address network = network_of(address);
    struct address_count *count = find(counts, &network);
    if (!count) {
        count = xcalloc(1, sizeof(*count));
        struct address_count **bucket = &counts->buckets[bucket_of(counts, &network)];
        *count = (struct address_count){.next = *bucket, .network = network};
        *bucket = count;
    }
    count->connections++;
    return count;
}

void address_counts_leave(struct address_counts *counts, struct address_count *count)
{
    ASSERT(count->connections > 0);
    count->connections--;
    if (count->connections > 0)
        return;
    struct address_count **at = &counts->buckets[bucket_of(counts, &count->network)];
    while (*at != count)
        at = &(*at)->next;
    *at = count->next;
    free(count);
}
