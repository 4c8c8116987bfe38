#include "worker/address_counts.h"

#include <stdlib.h>
#include <string.h>

#include "base/list.h"
#include "base/random.h"

enum { BUCKET_COUNT = 1024, NETWORK_LEN = 8 };

struct address_count {
    struct list link; /* in its bucket */
    struct address network;
    size_t connections;
};

struct address_counts {
    uint64_t seed;
    struct list buckets[BUCKET_COUNT];
};

struct address_counts *address_counts_create(void)
{
    struct address_counts *counts = xcalloc(1, sizeof(*counts));
    random_bytes(&counts->seed, sizeof(counts->seed));
    for (size_t i = 0; i < BUCKET_COUNT; i++)
        list_init(&counts->buckets[i]);
    return counts;
}

void address_counts_destroy(struct address_counts *counts)
{
    for (size_t i = 0; counts && i < BUCKET_COUNT; i++)
        ASSERT(list_is_empty(&counts->buckets[i]));
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

static struct address_count *count_of(struct list *link)
{
    return container_of(link, struct address_count, link);
}

static struct address_count *find(const struct address_counts *counts,
                                  const struct address *network)
{
    const struct list *bucket = &counts->buckets[bucket_of(counts, network)];
    for (struct list *at = bucket->next; at != bucket; at = at->next) {
        if (address_equal(&count_of(at)->network, network))
            return count_of(at);
    }
    return NULL;
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
        count->network = network;
        list_push_front(&counts->buckets[bucket_of(counts, &network)], &count->link);
    }
    count->connections++;
    return count;
}

void address_counts_leave(struct address_count *count)
{
    ASSERT(count->connections > 0);
    count->connections--;
    if (count->connections > 0)
        return;
    list_remove(&count->link);
    free(count);
}
