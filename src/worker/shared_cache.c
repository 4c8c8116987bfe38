#include "worker/shared_cache.h"

#include <stdio.h>

#include "auth/credential_source.h"
#include "base/text.h"

enum { CONNECT_MS = 2000, REFRESH_MS = 30 * 1000 };

/* The password, where it is kept outside of the URL. It is read once a start: a worker that looked
 * again would hold another than its neighbour. */
static enum status read_password(struct span source_text, struct token_text *password,
                                 char error[SHARED_CACHE_ERROR_SIZE])
{
    struct credential_source source = {0};
    char why[SOURCE_ERROR_SIZE];
    if (credential_source_open(&source, source_text, password, why) != OK) {
        (void)snprintf(error, SHARED_CACHE_ERROR_SIZE, "redis.password: %s", why);
        return ERR_MISSING;
    }
    credential_source_close(&source);
    return OK;
}

struct redis_target *shared_cache_target(const struct snapshot_options *options, struct loop *loop,
                                         char error[SHARED_CACHE_ERROR_SIZE])
{
    struct redis_url url = options->redis.url;
    struct token_text password = {.len = 0};
    char why[TLS_ERROR_SIZE];
    if (options->redis.password.len > 0) {
        if (read_password(options->redis.password, &password, error) != OK)
            return NULL;
        url.login.password = (struct span){password.at, password.len};
    }
    const struct redis_target_options target_options = {
        .url = &url,
        .ca_file = options->redis.ca_file,
        .connect_ms = CONNECT_MS,
        .refresh_ms = REFRESH_MS,
    };
    struct redis_target *target = redis_target_create(loop, &target_options, why);
    token_text_wipe(&password);
    if (!target)
        (void)snprintf(error, SHARED_CACHE_ERROR_SIZE, "redis.ca_file: %s", why);
    return target;
}

enum status shared_cache_open(struct shared_cache *shared, struct loop *loop,
                              const struct snapshot_options *options,
                              char error[SHARED_CACHE_ERROR_SIZE])
{
    *shared = (struct shared_cache){0};
    if (options->cache.memory_bytes == 0)
        return OK;
    if (options->has_redis) {
        shared->target = shared_cache_target(options, loop, error);
        if (!shared->target)
            return ERR_MISSING;
    }
    shared->cache = cache_create(&options->cache);
    shared->tags = tags_create();
    if (shared->target) {
        const struct tag_link_options link = {
            .loop = loop, .tags = shared->tags, .target = shared->target};
        shared->link = tag_link_create(&link);
    }
    return OK;
}

void shared_cache_close(struct shared_cache *shared)
{
    if (shared->link)
        tag_link_destroy(shared->link);
    if (shared->target)
        redis_target_destroy(shared->target);
    if (shared->cache)
        cache_destroy(shared->cache);
    if (shared->tags)
        tags_destroy(shared->tags);
}
