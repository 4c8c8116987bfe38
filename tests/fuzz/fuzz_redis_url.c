/* URLs of Redis: what is taken is within its bounds, and what is refused is refused in words. */
#include "base/text.h"
#include "net/tcp_stream.h"
#include "store/redis_url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_addresses(const struct redis_url *url)
{
    ASSERT(url->count <= REDIS_URL_MAX_ADDRESSES);
    for (size_t i = 0; i < url->count; i++) {
        const struct redis_address *address = &url->addresses[i];
        ASSERT(address->host[0] && strlen(address->host) <= 253);
        ASSERT(address->port >= 1 && address->port <= 65535);
        ASSERT(!strpbrk(address->host, "@/?#, \r\n"));
    }
}

static void check_parts(const struct redis_url *url)
{
    bool is_local = url->kind == REDIS_URL_UNIX;
    ASSERT(url->login.user.len <= REDIS_LOGIN_MAX_LEN);
    ASSERT(url->login.password.len <= REDIS_LOGIN_MAX_LEN);
    ASSERT(is_local == (url->path != NULL) && is_local == (url->count == 0));
    ASSERT((url->kind == REDIS_URL_SENTINEL) == (url->master.len > 0));
    ASSERT(!is_local || (url->path[0] == '/' && strlen(url->path) <= LOCAL_PATH_MAX_LEN));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct redis_url url;
    arena_init(&arena, MIB);
    const char *problem = redis_url_parse((struct span){(const char *)data, size}, &arena, &url);
    if (!problem) {
        check_addresses(&url);
        check_parts(&url);
    }
    ASSERT(!problem || problem[0]);
    arena_clear(&arena);
    return 0;
}
