#include "limit/limit_table.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/short_lock.h"
#include "base/siphash.h"

enum { SHARDS = 256, BUCKET = 32 };

/* Counting looks at all of so many buckets, of more at one shard in so many. */
enum { COUNTED_BUCKETS = 2048, SAMPLE = 16 };

/* The time of a slot that a request under way has taken: neither free nor spent. */
#define TAKEN UINT64_MAX

/* Free when its time is past. */
struct slot {
    struct limit_key key;
    uint64_t arrival_us;
};

/* A key has its place in one bucket of slots, anywhere in it. */
struct shard {
    pthread_mutex_t lock; /* what follows */
    struct slot *slots;
    size_t buckets; /* a power of two, or 0: none yet */
};

struct limit_table {
    struct siphash_seed seed;
    size_t buckets_max; /* of a shard */
    struct shard shards[SHARDS];
};

/* --- Keys --- */

static bool has_key(const struct slot *slot, const struct limit_key *key)
{
    return slot->key.words[0] == key->words[0] && slot->key.words[1] == key->words[1];
}

static size_t shard_of(const struct limit_key *key)
{
    return key->words[1] % SHARDS;
}

struct limit_key limit_table_key(const struct limit_table *table, struct span text)
{
    struct siphash_pair hash = siphash_pair(&table->seed, text);
    return (struct limit_key){{hash.words[0], hash.words[1]}};
}

/* --- Slots, under the lock of their shard --- */

static struct slot *bucket_of(const struct shard *shard, const struct limit_key *key)
{
    return &shard->slots[(key->words[0] & (shard->buckets - 1)) * BUCKET];
}

/* Where in its bucket a key is looked for as the first, second...: each begins elsewhere, so that it is found
 * soon in a full one too. */
static size_t probe(const struct limit_key *key, size_t turn)
{
    return (key->words[1] / SHARDS + turn) % BUCKET;
}

/* The slot that the key has or had last, if no other has taken it since: its time may be over. Of one key there are
 * never two. */
static struct slot *own_slot(const struct shard *shard, const struct limit_key *key)
{
    struct slot *bucket = shard->buckets > 0 ? bucket_of(shard, key) : NULL;
    for (size_t i = 0; bucket && i < BUCKET; i++) {
        struct slot *slot = &bucket[probe(key, i)];
        if (has_key(slot, key))
            return slot;
    }
    return NULL;
}

/* The slot of the key while its time is not over, or NULL. */
static struct slot *find(const struct shard *shard, const struct limit_key *key, uint64_t now_us)
{
    struct slot *slot = own_slot(shard, key);
    return slot && slot->arrival_us > now_us ? slot : NULL;
}

/* The first free one of the key's bucket, else the one that is over soonest: where there are as many
 * partitions as may be, that is forgotten. */
static struct slot *freest(const struct shard *shard, const struct limit_key *key, uint64_t now_us)
{
    struct slot *bucket = bucket_of(shard, key), *soonest = &bucket[0];
    for (size_t i = 0; i < BUCKET; i++) {
        struct slot *slot = &bucket[probe(key, i)];
        if (slot->arrival_us <= now_us)
            return slot;
        if (slot->arrival_us < soonest->arrival_us)
            soonest = slot;
    }
    return soonest;
}

static bool has_room(const struct shard *shard, const struct limit_key *key, size_t more,
                     uint64_t now_us)
{
    if (shard->buckets == 0)
        return false;
    const struct slot *bucket = bucket_of(shard, key);
    size_t free_slots = 0;
    for (size_t i = 0; i < BUCKET && free_slots < more; i++)
        free_slots += bucket[probe(key, i)].arrival_us <= now_us;
    return free_slots >= more || find(shard, key, now_us);
}

/* Twice the buckets, without what is over. */
static void grow(struct shard *shard, uint64_t now_us)
{
    struct slot *old = shard->slots;
    size_t count = shard->buckets * BUCKET;
    shard->buckets = shard->buckets > 0 ? 2 * shard->buckets : 1;
    shard->slots = xcalloc(shard->buckets * BUCKET, sizeof(*shard->slots));
    for (size_t i = 0; i < count; i++) {
        if (old[i].arrival_us > now_us)
            *freest(shard, &old[i].key, now_us) = old[i];
    }
    free(old);
}

/* Before slots are taken: none moves after that. */
static void make_room(struct limit_table *table, const struct limit_key *key, size_t more,
                      uint64_t now_us)
{
    struct shard *shard = &table->shards[shard_of(key)];
    while (!has_room(shard, key, more, now_us) && shard->buckets < table->buckets_max)
        grow(shard, now_us);
}

static struct slot *find_or_take(struct limit_table *table, const struct limit_key *key,
                                 uint64_t now_us)
{
    struct shard *shard = &table->shards[shard_of(key)];
    struct slot *slot = own_slot(shard, key);
    if (slot && slot->arrival_us > now_us)
        return slot;
    if (!slot)
        slot = freest(shard, key, now_us);
    *slot = (struct slot){*key, TAKEN};
    return slot;
}

/* --- Several shards at once --- */

/* Those of the claims, each once, in one order for all threads. */
struct shard_set {
    uint16_t shards[LIMIT_CLAIMS_MAX];
    size_t count;
};

static struct shard_set shards_of(const struct limit_claim *claims, size_t count)
{
    struct shard_set set = {.count = 0};
    for (size_t i = 0; i < count; i++) {
        uint16_t shard = (uint16_t)shard_of(&claims[i].key);
        size_t at = set.count;
        while (at > 0 && set.shards[at - 1] > shard)
            at--;
        if (at > 0 && set.shards[at - 1] == shard)
            continue;
        memmove(&set.shards[at + 1], &set.shards[at], (set.count - at) * sizeof(set.shards[0]));
        set.shards[at] = shard;
        set.count++;
    }
    return set;
}

static void lock(struct limit_table *table, const struct shard_set *set)
{
    for (size_t i = 0; i < set->count; i++)
        pthread_mutex_lock(&table->shards[set->shards[i]].lock);
}

static void unlock(struct limit_table *table, const struct shard_set *set)
{
    for (size_t i = 0; i < set->count; i++)
        pthread_mutex_unlock(&table->shards[set->shards[i]].lock);
}

/* --- What others call --- */

struct limit_table *limit_table_create(size_t most)
{
    struct limit_table *table = xcalloc(1, sizeof(*table));
    siphash_seed_init(&table->seed);
    table->buckets_max = 1;
    /* Half full, a bucket overflows once in ten thousand. */
    while (table->buckets_max * BUCKET * SHARDS < 2 * most)
        table->buckets_max *= 2;
    for (size_t i = 0; i < SHARDS; i++)
        short_lock_init(&table->shards[i].lock);
    return table;
}

void limit_table_destroy(struct limit_table *table)
{
    for (size_t i = 0; table && i < SHARDS; i++) {
        pthread_mutex_destroy(&table->shards[i].lock);
        free(table->shards[i].slots);
    }
    free(table);
}

static uint64_t time_of(const struct slot *slot)
{
    return slot && slot->arrival_us != TAKEN ? slot->arrival_us : 0;
}

/* What was taken for nothing is free again. */
static void settle(struct slot *slot, const struct gcra_answer *answer, bool is_admitted)
{
    if (is_admitted && answer->is_admitted)
        slot->arrival_us = answer->arrival_us;
    else if (slot->arrival_us == TAKEN)
        slot->arrival_us = 0;
}

bool limit_table_take(struct limit_table *table, struct limit_claim *claims, size_t count,
                      uint64_t now_us)
{
    struct slot *slots[LIMIT_CLAIMS_MAX];
    bool is_admitted = true;
    ASSERT(count <= LIMIT_CLAIMS_MAX);
    struct shard_set set = shards_of(claims, count);
    lock(table, &set);
    for (size_t i = 0; i < count; i++)
        make_room(table, &claims[i].key, count, now_us);
    for (size_t i = 0; i < count; i++) {
        slots[i] = find_or_take(table, &claims[i].key, now_us);
        claims[i].answer = gcra_ask(claims[i].rate, time_of(slots[i]), claims[i].cost, now_us);
        claims[i].since_us = now_us;
        is_admitted = is_admitted && (claims[i].is_shadow || claims[i].answer.is_admitted);
    }
    for (size_t i = 0; i < count; i++)
        settle(slots[i], &claims[i].answer, is_admitted);
    unlock(table, &set);
    return is_admitted;
}

void limit_table_charge(struct limit_table *table, const struct limit_claim *claim, uint64_t now_us)
{
    struct shard *shard = &table->shards[shard_of(&claim->key)];
    uint64_t most_us = now_us + claim->rate->burst * claim->rate->interval_us;
    pthread_mutex_lock(&shard->lock);
    make_room(table, &claim->key, 1, now_us);
    struct slot *slot = find_or_take(table, &claim->key, now_us);
    uint64_t arrival_us = time_of(slot) > now_us ? time_of(slot) : now_us;
    arrival_us += claim->cost * claim->rate->interval_us;
    slot->arrival_us = arrival_us < most_us ? arrival_us : most_us;
    pthread_mutex_unlock(&shard->lock);
}

struct gcra_answer limit_table_look(struct limit_table *table, const struct limit_claim *claim,
                                    uint64_t now_us)
{
    struct shard *shard = &table->shards[shard_of(&claim->key)];
    pthread_mutex_lock(&shard->lock);
    uint64_t arrival_us = time_of(find(shard, &claim->key, now_us));
    pthread_mutex_unlock(&shard->lock);
    return gcra_ask(claim->rate, arrival_us, claim->cost, now_us);
}

void limit_table_give_back(struct limit_table *table, const struct limit_claim *claims,
                           size_t count, uint64_t now_us)
{
    for (size_t i = 0; i < count; i++) {
        const struct limit_claim *claim = &claims[i];
        struct shard *shard = &table->shards[shard_of(&claim->key)];
        if (!claim->answer.is_admitted)
            continue;
        uint64_t refund_us = gcra_refund_us(claim->rate, claim->cost, claim->since_us, now_us);
        pthread_mutex_lock(&shard->lock);
        struct slot *slot = find(shard, &claim->key, now_us);
        if (slot)
            slot->arrival_us -= refund_us < slot->arrival_us ? refund_us : slot->arrival_us;
        pthread_mutex_unlock(&shard->lock);
    }
}

static size_t buckets_of(struct shard *shard)
{
    pthread_mutex_lock(&shard->lock);
    size_t buckets = shard->buckets;
    pthread_mutex_unlock(&shard->lock);
    return buckets;
}

/* It may have grown meanwhile, never shrunk. */
static size_t count_bucket(struct shard *shard, size_t bucket, uint64_t now_us)
{
    size_t count = 0;
    pthread_mutex_lock(&shard->lock);
    const struct slot *slots = shard->slots + bucket * BUCKET;
    for (size_t i = 0; i < BUCKET; i++)
        count += slots[i].arrival_us > now_us && slots[i].arrival_us != TAKEN;
    pthread_mutex_unlock(&shard->lock);
    return count;
}

size_t limit_table_count(struct limit_table *table, uint64_t now_us)
{
    size_t count = 0, buckets = 0;
    for (size_t i = 0; i < SHARDS; i++)
        buckets += buckets_of(&table->shards[i]);
    size_t step = buckets > COUNTED_BUCKETS ? SAMPLE : 1;
    for (size_t i = 0; i < SHARDS; i += step) {
        size_t own = buckets_of(&table->shards[i]);
        for (size_t bucket = 0; bucket < own; bucket++)
            count += count_bucket(&table->shards[i], bucket, now_us);
    }
    return count * step;
}
