#include "gateway/refresh.h"

#include "base/clock.h"
#include "base/random.h"
#include "gateway/filters.h"
#include "gateway/forward.h"
#include "gateway/stages.h"
#include "gateway/tally.h"

enum { REFRESHES_MAX = 64 };

static void on_done(struct exchange *ex)
{
    struct services *services = ex->services;
    services->lasting->refreshes--;
    tally_limits(ex);
    forward_clear(ex->forward);
    lookup_clear(ex->lookup);
    cache_entry_release(ex->held);
    filters_clear(ex->filtering);
    services->let_go(services->generation);
    client_done(ex->client);
}

/* What the asking request is, in memory that outlives it. Its conditions and ranges are its own. */
static void copy_request(struct arena *arena, const struct request *from, struct request *to)
{
    *to = (struct request){
        .method = METHOD_GET,
        .method_name = {"GET", 3},
        .target = arena_copy(arena, from->target),
        .host = arena_copy(arena, from->host),
        .version = 11,
        .keep_alive = true,
    };
    to->path = (struct span){to->target.at, from->path.len};
    if (from->query.at)
        to->query = (struct span){to->target.at + from->path.len + 1, from->query.len};
}

/* The caller's fields as they came, but for what belongs to the asking alone. */
static void copy_fields(struct arena *arena, const struct header_list *from, struct header_list *to,
                        size_t spare)
{
    header_list_init(to, arena, from->count + spare);
    for (size_t i = 0; i < from->count; i++) {
        switch (from->at[i].id) {
        case HEADER_IF_NONE_MATCH:
        case HEADER_IF_MODIFIED_SINCE:
        case HEADER_IF_RANGE:
        case HEADER_RANGE:
        case HEADER_CACHE_CONTROL:
        case HEADER_PRAGMA:
            continue;
        default:
            header_list_push(to,
                             (struct header){arena_copy(arena, from->at[i].name),
                                             arena_copy(arena, from->at[i].value), from->at[i].id});
        }
    }
}

static struct exchange *copy_exchange(const struct exchange *from, struct arena *arena,
                                      struct request *request)
{
    struct exchange *ex = arena_zalloc(arena, sizeof(*ex));
    struct services *services = from->services;
    ex->services = services;
    ex->arena = arena;
    ex->request = request;
    services->hold(services->generation);
    ex->started_ms = loop_now_ms(services->loop);
    ex->started_us = clock_us();
    ex->started_wall_ms = clock_wall_ms();
    ex->request_id = arena_format(arena, "%016llx%016llx", (unsigned long long)random_u64(),
                                  (unsigned long long)random_u64());
    ex->address = from->address;
    ex->route_result = from->route_result;
    ex->route.service = from->route.service;
    if (from->route.operation)
        (void)route_match(services->catalogue, METHOD_GET, request->path, &ex->route);
    ex->operation_flags = from->operation_flags;
    ex->deadline = from->deadline;
    ex->key = from->key;
    ex->profile = from->profile;
    for (enum id_kind kind = 0; kind < ID_KIND_COUNT; kind++)
        ex->ids[kind] = arena_copy(arena, from->ids[kind]);
    ex->integration_alias = arena_copy(arena, from->integration_alias);
    ex->has_left = true;
    filters_copy(from, ex);
    return ex;
}

void refresh_begin(const struct lookup *stale)
{
    const struct exchange *from = stale->exchange;
    struct services *services = from->services;
    struct arena *arena;
    if (services->lasting->refreshes >= REFRESHES_MAX ||
        flight_find(services->cache.flights, stale->primary))
        return;
    struct client_connection *nobody = client_server_nobody(services->clients, &arena);
    struct request *request = arena_zalloc(arena, sizeof(*request));
    copy_request(arena, from->request, request);
    copy_fields(arena, &stale->asked, &request->headers, services->clients->options->spare_headers);
    struct exchange *ex = copy_exchange(from, arena, request);
    ex->client = nobody;
    client_nobody_asks(nobody, ex);
    services->lasting->refreshes++;
    struct lookup *l = lookup_create(ex);
    if (l) {
        lookup_adopt(l, cache_entry_count(stale->entry));
        lookup_lead(l);
    }
    exchange_start(ex, refresh_stages, refresh_stage_count, on_done);
}
