#include "worker/worker_cache.h"

#include "base/log.h"
#include "base/text.h"

/* Of one worker's reads and writes; what does not fit goes without Redis. */
enum { MAX_COMMANDS = 4096, MAX_QUEUED = 32 * MIB, READ_MS = 15, QUICK_MS = 10, SILENCE_MS = 5000 };

static void on_up(void *owner)
{
    (void)owner;
    log_event(LOG_INFO, "redis_up", FIELDS(field_text("purpose", SPAN("cache"))));
}

static void on_down(void *owner, enum redis_trouble trouble, struct span detail)
{
    struct worker_cache *cache = owner;
    redis_trouble_log(&cache->trouble, SPAN("cache"), trouble, detail, loop_now_ms(cache->loop));
}

static void connect_redis(struct worker_cache *cache, struct tags *tags,
                          const struct snapshot_options *options)
{
    static const struct redis_events events = {on_up, on_down};
    const struct redis_options redis = {
        .max_commands = MAX_COMMANDS,
        .max_bytes = MAX_QUEUED,
        .max_reply_bytes = options->cache.object_bytes + 64 * KIB,
        .quick_ms = QUICK_MS,
        .silence_ms = SILENCE_MS,
    };
    const struct redis_tier_options tier = {
        .tags = tags,
        .read_ms = READ_MS,
        .keeps_private = options->redis_private,
        .object_bytes = options->cache.object_bytes,
    };
    cache->redis = redis_create(cache->loop, cache->target, &redis, &events, cache);
    cache->tier = redis_tier_create(cache->loop, cache->redis, &tier);
}

enum status worker_cache_open(struct worker_cache *cache, struct loop *loop,
                              const struct shared_cache *shared,
                              const struct snapshot_options *options,
                              char error[SHARED_CACHE_ERROR_SIZE])
{
    *cache = (struct worker_cache){.loop = loop, .shared = shared};
    if (!shared->cache)
        return OK;
    if (options->has_redis) {
        cache->target = shared_cache_target(options, loop, error);
        if (!cache->target)
            return ERR_MISSING;
        connect_redis(cache, shared->tags, options);
    }
    cache->flights = flight_table_create(loop, shared->tags);
    return OK;
}

struct cache_services worker_cache_services(const struct worker_cache *cache)
{
    return (struct cache_services){
        .cache = cache->shared->cache,
        .tags = cache->shared->tags,
        .link = cache->shared->link,
        .flights = cache->flights,
        .redis = cache->tier,
    };
}

void worker_cache_disconnect(struct worker_cache *cache)
{
    if (cache->tier)
        redis_tier_destroy(cache->tier);
    if (cache->redis)
        redis_destroy(cache->redis);
    if (cache->target)
        redis_target_destroy(cache->target);
}

void worker_cache_close(struct worker_cache *cache)
{
    flight_table_destroy(cache->flights);
}
