#include "cache/flight.h"

#include <stdlib.h>
#include <string.h>

#include "base/siphash.h"
#include "base/text.h"

/* Chains are as long as thousands of flights at once make them: short. */
enum { BUCKETS = 1024 };

enum { ALONE_SETS = 256, ALONE_WAYS = 4 };

struct flight {
    struct list link; /* in a bucket, while it may be joined */
    struct flight_table *table;
    struct list seats; /* in the order in which they came */
    uint64_t hash, began_us;
    uint16_t slots[CACHE_TAGS_MAX];
    size_t slot_count;

    /* Once landed. */
    struct task tell;
    struct cache_entry *entry; /* counted, or NULL */
    enum landing landing;

    size_t key_len;
    char key[];
};

/* A key by two hashes; if both collide, somebody goes alone without need. */
struct alone {
    uint64_t hash, check;
    uint64_t until_ms;
};

struct flight_table {
    struct loop *loop;       /* borrowed */
    const struct tags *tags; /* borrowed */
    struct siphash_seed seed, check_seed;
    size_t flights; /* not landed */
    struct list buckets[BUCKETS];
    struct alone alone[ALONE_SETS][ALONE_WAYS];
};

struct flight_table *flight_table_create(struct loop *loop, const struct tags *tags)
{
    struct flight_table *table = xcalloc(1, sizeof(*table));
    table->loop = loop;
    table->tags = tags;
    siphash_seed_init(&table->seed);
    siphash_seed_init(&table->check_seed);
    for (size_t i = 0; i < BUCKETS; i++)
        list_init(&table->buckets[i]);
    return table;
}

void flight_table_destroy(struct flight_table *table)
{
    if (!table)
        return;
    ASSERT(table->flights == 0);
    free(table);
}

static struct list *bucket_of(struct flight_table *table, uint64_t hash)
{
    return &table->buckets[hash % BUCKETS];
}

static bool has_key(const struct flight *flight, uint64_t hash, struct span key)
{
    return flight->hash == hash && span_equal((struct span){flight->key, flight->key_len}, key);
}

static bool may_be_joined(const struct flight *flight)
{
    return tags_state(flight->table->tags, flight->slots, flight->slot_count, flight->began_us) !=
           TAGS_WRITTEN;
}

/* What a write has overtaken once stays so: it leaves the table, or a key that is written all the
 * time would have a long list to walk. */
struct flight *flight_find(struct flight_table *table, struct span key)
{
    uint64_t hash = siphash(&table->seed, key);
    struct list *head = bucket_of(table, hash);
    for (struct list *link = head->next, *next; link != head; link = next) {
        struct flight *flight = container_of(link, struct flight, link);
        next = link->next;
        if (!has_key(flight, hash, key))
            continue;
        if (may_be_joined(flight))
            return flight;
        list_remove(link);
    }
    return NULL;
}

struct flight *flight_lead(struct flight_table *table, struct span key, const uint16_t *slots,
                           size_t slot_count, uint64_t began_us)
{
    ASSERT(slot_count <= CACHE_TAGS_MAX);
    struct flight *flight = xmalloc(sizeof(*flight) + key.len);
    *flight = (struct flight){
        .table = table,
        .hash = siphash(&table->seed, key),
        .began_us = began_us,
        .slot_count = slot_count,
        .key_len = key.len,
    };
    for (size_t i = 0; i < slot_count; i++)
        flight->slots[i] = slots[i];
    if (key.len > 0)
        memcpy(flight->key, key.at, key.len);
    list_init(&flight->seats);
    list_push_front(bucket_of(table, flight->hash), &flight->link);
    table->flights++;
    return flight;
}

void flight_join(struct flight *flight, struct flight_seat *seat,
                 void (*on_landed)(struct flight_seat *seat, enum landing landing,
                                   struct cache_entry *entry))
{
    seat->on_landed = on_landed;
    list_push_back(&flight->seats, &seat->link);
}

void flight_leave(struct flight_seat *seat)
{
    list_remove(&seat->link);
}

bool flight_has_seats(const struct flight *flight)
{
    return !list_is_empty(&flight->seats);
}

static void dispose(struct flight *flight)
{
    cache_entry_release(flight->entry);
    free(flight);
}

/* Each seat is taken off before it is told: the callback may free it, leave for its neighbours, and
 * take any seat in another flight. Nobody joins this one any more. */
static void tell_seats(struct task *task)
{
    struct flight *flight = container_of(task, struct flight, tell);
    struct list *link;
    while ((link = list_pop_front(&flight->seats)) != NULL) {
        struct flight_seat *seat = container_of(link, struct flight_seat, link);
        seat->on_landed(seat, flight->landing, flight->entry);
    }
    dispose(flight);
}

void flight_land(struct flight *flight, enum landing landing, struct cache_entry *entry)
{
    ASSERT(!entry || landing == LANDED_WITH_ENTRY || landing == LANDED_WITH_FAILURE);
    list_remove(&flight->link);
    flight->table->flights--;
    if (!flight_has_seats(flight)) {
        dispose(flight);
        return;
    }
    flight->landing = landing;
    flight->entry = entry ? cache_entry_count(entry) : NULL;
    later_run(&flight->table->loop->later, &flight->tell, tell_seats);
}

static struct alone alone_of(const struct flight_table *table, struct span key)
{
    return (struct alone){siphash(&table->seed, key), siphash(&table->check_seed, key), 0};
}

static bool is_same(const struct alone *a, const struct alone *b)
{
    return a->hash == b->hash && a->check == b->check;
}

/* The key's own place in its set, else the one that ends first. */
static struct alone *place_for(struct alone set[ALONE_WAYS], const struct alone *alone)
{
    struct alone *place = set;
    for (size_t i = 0; i < ALONE_WAYS; i++) {
        if (is_same(&set[i], alone))
            return &set[i];
        if (set[i].until_ms < place->until_ms)
            place = &set[i];
    }
    return place;
}

void flight_remember_alone(struct flight_table *table, struct span key, uint64_t until_ms)
{
    struct alone alone = alone_of(table, key);
    alone.until_ms = until_ms;
    *place_for(table->alone[alone.hash % ALONE_SETS], &alone) = alone;
}

bool flight_is_alone(const struct flight_table *table, struct span key, uint64_t now_ms)
{
    struct alone alone = alone_of(table, key);
    const struct alone *set = table->alone[alone.hash % ALONE_SETS];
    for (size_t i = 0; i < ALONE_WAYS; i++) {
        if (is_same(&set[i], &alone))
            return now_ms < set[i].until_ms;
    }
    return false;
}
