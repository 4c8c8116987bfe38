/* fuzz_route.c - paths against the catalogue.
 *
 * The first byte chooses the method, the rest is the path. */
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "botpress/route_catalogue.h"

enum { ARENA = 64 * KIB, LONGEST_SUGGESTION = 300, METHODS = METHOD_OPTIONS + 1 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_params(const struct route_match *match, struct span path)
{
    ASSERT(match->param_count <= ROUTE_MAX_PARAMS);
    for (size_t i = 0; i < match->param_count; i++) {
        struct span param = match->params[i];
        ASSERT(param.len > 0 && !memchr(param.at, '/', param.len));
        ASSERT(param.at > path.at && param.at + param.len <= path.at + path.len);
    }
}

static void check_match(const struct route_catalogue *catalogue, enum method method,
                        struct span path)
{
    struct route_match match, other;
    enum route_result result = route_match(catalogue, method, path, &match);
    ASSERT((result == ROUTE_FOUND) == (match.operation != NULL));
    ASSERT((result == ROUTE_OTHER_METHOD) == (match.allowed != 0));
    ASSERT(match.service < SERVICE_COUNT);
    check_params(&match, path);
    if (result == ROUTE_FOUND) {
        ASSERT(match.operation->method == (method == METHOD_HEAD ? METHOD_GET : method));
        ASSERT(match.service == match.operation->service);
    }

    /* What is said to be allowed is found, and all that is found is said. */
    for (unsigned i = METHOD_GET; result == ROUTE_OTHER_METHOD && i < METHOD_OPTIONS; i++) {
        bool is_allowed = match.allowed >> i & 1;
        bool is_found = route_match(catalogue, (enum method)i, path, &other) == ROUTE_FOUND;
        ASSERT(is_allowed == is_found);
    }
}

static void check_suggestion(const struct route_catalogue *catalogue, struct span path)
{
    struct arena arena;
    arena_init(&arena, ARENA);
    struct span text = route_suggest(catalogue, &arena, path);
    ASSERT(text.len <= LONGEST_SUGGESTION);
    for (size_t i = 0; i < text.len; i++)
        ASSERT(text.at[i] >= ' ' && text.at[i] <= '~');
    arena_clear(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct route_catalogue *catalogue = route_catalogue_create();
    struct span path = {(const char *)data + 1, size - 1};
    check_match(catalogue, (enum method)(data[0] % METHODS), path);
    check_suggestion(catalogue, path);
    route_catalogue_destroy(catalogue);
    return 0;
}
