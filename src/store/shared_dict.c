#include "store/shared_dict.h"

#include <stdlib.h>
#include <uv.h>

#include "base/list.h"
#include "base/siphash.h"
#include "base/text.h"

enum { SHARDS = 16, BYTES_A_BUCKET = 256, OVERHEAD = 32 /* of the allocator, and a bucket */ };

struct entry {
    struct list by_age; /* of its shard; the oldest writing first */
    struct entry *next; /* in its bucket, or among those to be freed */
    uint64_t hash, ends_ms;
    struct dict_value value; /* its text is behind the key */
    size_t key_len;
    char bytes[];
};

struct shard {
    uv_mutex_t mutex;
    struct list by_age;
    size_t bytes;
    struct entry **buckets;
};

struct shared_dict {
    struct siphash_seed seed;
    size_t shard_bytes, buckets; /* of each shard; buckets a power of two */
    struct shard shards[SHARDS];
};

/* --- Entries --- */

static size_t size_of(const struct entry *entry)
{
    return sizeof(*entry) + entry->key_len + entry->value.text.len + OVERHEAD;
}

static struct entry *make(struct span key, uint64_t hash, const struct dict_value *value,
                          uint64_t ends_ms)
{
    size_t text = value->kind == DICT_TEXT ? value->text.len : 0;
    ASSERT(key.len <= DICT_KEY_MAX && text <= DICT_TEXT_MAX);
    struct entry *entry = xmalloc(sizeof(*entry) + key.len + text);
    *entry = (struct entry){.hash = hash, .ends_ms = ends_ms, .value = *value, .key_len = key.len};
    memcpy(entry->bytes, key.at, key.len);
    if (text > 0)
        memcpy(entry->bytes + key.len, value->text.at, text);
    entry->value.text = (struct span){entry->bytes + key.len, text};
    return entry;
}

static void free_all(struct entry *entry)
{
    while (entry) {
        struct entry *next = entry->next;
        free(entry);
        entry = next;
    }
}

/* --- Shards; the lock is held --- */

static struct shard *shard_of(struct shared_dict *dict, uint64_t hash)
{
    return &dict->shards[hash % SHARDS];
}

static struct entry **bucket_of(const struct shared_dict *dict, const struct shard *shard,
                                uint64_t hash)
{
    return &shard->buckets[hash / SHARDS & (dict->buckets - 1)];
}

/* Out of the shard, in front of the ones to be freed when the lock is not held any more. */
static void take_out(const struct shared_dict *dict, struct shard *shard, struct entry *entry,
                     struct entry **freed)
{
    struct entry **link = bucket_of(dict, shard, entry->hash);
    while (*link != entry)
        link = &(*link)->next;
    *link = entry->next;
    list_remove(&entry->by_age);
    shard->bytes -= size_of(entry);
    entry->next = *freed;
    *freed = entry;
}

/* NULL, too, for one whose time is over. */
static struct entry *find(const struct shared_dict *dict, struct shard *shard, struct span key,
                          uint64_t hash, uint64_t now_ms, struct entry **freed)
{
    struct entry *entry = *bucket_of(dict, shard, hash);
    while (entry &&
           (entry->hash != hash || !span_equal((struct span){entry->bytes, entry->key_len}, key)))
        entry = entry->next;
    if (!entry || entry->ends_ms == 0 || now_ms < entry->ends_ms)
        return entry;
    take_out(dict, shard, entry, freed);
    return NULL;
}

static void put(const struct shared_dict *dict, struct shard *shard, struct entry *entry,
                struct entry **freed)
{
    while (shard->bytes + size_of(entry) > dict->shard_bytes && !list_is_empty(&shard->by_age))
        take_out(dict, shard, container_of(shard->by_age.next, struct entry, by_age), freed);
    struct entry **bucket = bucket_of(dict, shard, entry->hash);
    entry->next = *bucket;
    *bucket = entry;
    list_push_back(&shard->by_age, &entry->by_age);
    shard->bytes += size_of(entry);
}

/* --- The whole --- */

struct shared_dict *shared_dict_create(size_t bytes)
{
    struct shared_dict *dict = xcalloc(1, sizeof(*dict));
    siphash_seed_init(&dict->seed);
    dict->shard_bytes = bytes / SHARDS;
    dict->buckets = 1;
    while (dict->buckets * BYTES_A_BUCKET < dict->shard_bytes)
        dict->buckets *= 2;
    for (size_t i = 0; i < SHARDS; i++) {
        ASSERT(uv_mutex_init(&dict->shards[i].mutex) == 0);
        list_init(&dict->shards[i].by_age);
        dict->shards[i].buckets = xcalloc(dict->buckets, sizeof(struct entry *));
    }
    return dict;
}

void shared_dict_destroy(struct shared_dict *dict)
{
    if (!dict)
        return;
    for (size_t i = 0; i < SHARDS; i++) {
        for (size_t bucket = 0; bucket < dict->buckets; bucket++)
            free_all(dict->shards[i].buckets[bucket]);
        free(dict->shards[i].buckets);
        uv_mutex_destroy(&dict->shards[i].mutex);
    }
    free(dict);
}

static uint64_t ends_ms(uint64_t life_ms, uint64_t now_ms)
{
    return life_ms > 0 ? now_ms + life_ms : 0;
}

bool shared_dict_get(struct shared_dict *dict, struct span key, uint64_t now_ms,
                     char room[DICT_TEXT_MAX], struct dict_value *value)
{
    uint64_t hash = siphash(&dict->seed, key);
    struct shard *shard = shard_of(dict, hash);
    struct entry *freed = NULL;
    uv_mutex_lock(&shard->mutex);
    const struct entry *entry = find(dict, shard, key, hash, now_ms, &freed);
    if (entry) {
        *value = entry->value;
        memcpy(room, entry->value.text.at, entry->value.text.len);
        value->text.at = room;
    }
    uv_mutex_unlock(&shard->mutex);
    free_all(freed);
    return entry != NULL;
}

static bool write_entry(struct shared_dict *dict, struct span key, struct entry *entry,
                        bool only_new, uint64_t now_ms)
{
    struct shard *shard = shard_of(dict, entry->hash);
    struct entry *freed = NULL;
    uv_mutex_lock(&shard->mutex);
    struct entry *old = find(dict, shard, key, entry->hash, now_ms, &freed);
    bool is_put = !old || !only_new;
    if (old && is_put)
        take_out(dict, shard, old, &freed);
    if (is_put)
        put(dict, shard, entry, &freed);
    uv_mutex_unlock(&shard->mutex);
    free_all(freed);
    if (!is_put)
        free(entry);
    return is_put;
}

void shared_dict_set(struct shared_dict *dict, struct span key, const struct dict_value *value,
                     uint64_t life_ms, uint64_t now_ms)
{
    struct entry *entry = make(key, siphash(&dict->seed, key), value, ends_ms(life_ms, now_ms));
    (void)write_entry(dict, key, entry, false, now_ms);
}

bool shared_dict_add(struct shared_dict *dict, struct span key, const struct dict_value *value,
                     uint64_t life_ms, uint64_t now_ms)
{
    struct entry *entry = make(key, siphash(&dict->seed, key), value, ends_ms(life_ms, now_ms));
    return write_entry(dict, key, entry, true, now_ms);
}

bool shared_dict_count(struct shared_dict *dict, struct span key, int64_t by, uint64_t life_ms,
                       uint64_t now_ms, int64_t *sum)
{
    const struct dict_value first = {.kind = DICT_INTEGER, .integer = by};
    uint64_t hash = siphash(&dict->seed, key);
    struct entry *made = make(key, hash, &first, ends_ms(life_ms, now_ms)), *freed = NULL;
    struct shard *shard = shard_of(dict, hash);
    uv_mutex_lock(&shard->mutex);
    struct entry *entry = find(dict, shard, key, hash, now_ms, &freed);
    bool is_good = !entry || (entry->value.kind == DICT_INTEGER &&
                              !__builtin_add_overflow(entry->value.integer, by, sum));
    if (!entry) {
        put(dict, shard, made, &freed);
        *sum = by;
    } else if (is_good) {
        entry->value.integer = *sum;
        list_remove(&entry->by_age);
        list_push_back(&shard->by_age, &entry->by_age);
    }
    uv_mutex_unlock(&shard->mutex);
    free_all(freed);
    if (entry)
        free(made);
    return is_good;
}

void shared_dict_delete(struct shared_dict *dict, struct span key)
{
    uint64_t hash = siphash(&dict->seed, key);
    struct shard *shard = shard_of(dict, hash);
    struct entry *freed = NULL;
    uv_mutex_lock(&shard->mutex);
    struct entry *entry = find(dict, shard, key, hash, 0, &freed);
    if (entry)
        take_out(dict, shard, entry, &freed);
    uv_mutex_unlock(&shard->mutex);
    free_all(freed);
}

size_t shared_dict_bytes(struct shared_dict *dict)
{
    size_t bytes = 0;
    for (size_t i = 0; i < SHARDS; i++) {
        uv_mutex_lock(&dict->shards[i].mutex);
        bytes += dict->shards[i].bytes;
        uv_mutex_unlock(&dict->shards[i].mutex);
    }
    return bytes;
}
