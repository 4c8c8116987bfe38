#include "worker/admin_entrance.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "auth/credential_source.h"
#include "base/text.h"
#include "net/listener.h"

enum { MOST_CONNECTIONS = 64 };

/* What the settings say of it. */
struct face {
    struct token_text token;
    struct listener *listener; /* NULL: there is none, or that of the face before stays */
};

struct admin_entrance {
    struct face now, next;
    struct admin_services services;
    struct client_server clients;
    struct span address;          /* borrowed from the current settings */
    struct worker_metrics *watch; /* borrowed; the next one too */
    const struct process_figures *figures;
};

/* --- What a purge does --- */

static const struct cache_services *cache_of(const void *owner)
{
    return &((const struct admin_entrance *)owner)->services.gateway->cache;
}

static void stamp(void *owner, const uint16_t *slots, size_t count, bool is_soft)
{
    const struct cache_services *cache = cache_of(owner);
    if (!cache->tags)
        return;
    tags_stamp(cache->tags, slots, count, tags_now_us(cache->tags), is_soft);
    if (cache->link)
        tag_link_tell(cache->link, slots, count, is_soft);
}

static void stamp_all(void *owner, bool is_soft)
{
    const struct cache_services *cache = cache_of(owner);
    if (!cache->tags)
        return;
    tags_stamp_all(cache->tags, tags_now_us(cache->tags), is_soft);
    if (cache->link)
        tag_link_tell_all(cache->link, is_soft);
}

/* What is looked at once a second is looked at now. */
static void look(void *owner)
{
    struct admin_entrance *entrance = owner;
    worker_metrics_look(entrance->watch);
    process_figures_look(entrance->figures);
}

/* --- Who comes in --- */

static bool may_enter(void *owner, const struct sockaddr *peer)
{
    const struct admin_entrance *entrance = owner;
    (void)peer;
    return entrance->clients.count < MOST_CONNECTIONS;
}

static void on_accept(void *owner, struct stream *stream, const struct sockaddr *peer)
{
    struct admin_entrance *entrance = owner;
    const struct client_origin origin = {.address = address_of(peer)};
    client_server_accept(&entrance->clients, stream, &origin);
}

static const struct listener_events listener_events = {.on_accept = on_accept,
                                                       .may_enter = may_enter};

/* --- Opening, changing and closing --- */

struct admin_entrance *admin_entrance_create(const struct admin_entrance_options *options)
{
    struct admin_entrance *entrance = xcalloc(1, sizeof(*entrance));
    entrance->figures = options->figures;
    entrance->watch = options->watch;
    entrance->services = (struct admin_services){
        .stamp = stamp,
        .stamp_all = stamp_all,
        .look = look,
        .metrics = metrics_text_create(options->figures->metrics),
        .counted = options->figures->metrics,
        .refusals = options->figures->refusals,
        .owner = entrance,
    };
    reload_desk_init(&entrance->services.reloads, options->on_reload, options->owner);
    client_server_init(&entrance->clients, options->loop, NULL, &admin_handler,
                       &entrance->services);
    return entrance;
}

static bool read_token(struct face *face, struct span source, char error[ADMIN_ENTRANCE_ERROR_SIZE])
{
    struct credential_source opened;
    char why[SOURCE_ERROR_SIZE];
    if (source.len == 0)
        return true;
    if (credential_source_open(&opened, source, &face->token, why) != OK) {
        (void)snprintf(error, ADMIN_ENTRANCE_ERROR_SIZE, "admin.token: %s", why);
        return false;
    }
    credential_source_close(&opened);
    return true;
}

static bool listen_at(struct admin_entrance *entrance, int descriptor, struct span address,
                      char error[ADMIN_ENTRANCE_ERROR_SIZE])
{
    if (descriptor < 0)
        return true;
    entrance->next.listener =
        listener_create(entrance->clients.loop, descriptor, &listener_events, entrance);
    if (entrance->next.listener) {
        listener_pause(entrance->next.listener);
        return true;
    }
    (void)snprintf(error, ADMIN_ENTRANCE_ERROR_SIZE, "admin.address: cannot listen on %.*s",
                   (int)address.len, address.at);
    return false;
}

bool admin_entrance_prepare(struct admin_entrance *entrance, const struct admin_options *options,
                            int descriptor, char error[ADMIN_ENTRANCE_ERROR_SIZE])
{
    entrance->next = (struct face){.listener = NULL};
    return listen_at(entrance, descriptor, options->address, error) &&
           read_token(&entrance->next, options->token, error);
}

void admin_entrance_drop(struct admin_entrance *entrance)
{
    if (entrance->next.listener)
        listener_close(entrance->next.listener);
    token_text_wipe(&entrance->next.token);
    entrance->next.listener = NULL;
}

/* The old listener goes where the address is another; who is connected stays. */
static void change_listener(struct admin_entrance *entrance, struct span address)
{
    struct face *now = &entrance->now, *next = &entrance->next;
    bool is_same = span_equal(entrance->address, address);
    if (now->listener && !is_same)
        listener_close(now->listener);
    if (!is_same)
        now->listener = next->listener;
    if (now->listener)
        listener_resume(now->listener);
    entrance->address = address;
}

void admin_entrance_adopt(struct admin_entrance *entrance, const struct snapshot_options *settings,
                          struct services *gateway)
{
    struct admin_services *services = &entrance->services;
    change_listener(entrance, settings->admin.address);
    token_text_wipe(&entrance->now.token);
    entrance->now.token = entrance->next.token;
    token_text_wipe(&entrance->next.token);
    services->token = (struct span){entrance->now.token.at, entrance->now.token.len};
    services->gateway = gateway;
    services->keys = settings->keys;
    services->key_count = settings->key_count;
    services->settings = settings->told;
    entrance->clients.options = &settings->client;
    entrance->next.listener = NULL;
}

void admin_entrance_tell(struct admin_entrance *entrance, const struct reload_news *news)
{
    reload_desk_tell(&entrance->services.reloads, news);
}

void admin_entrance_drain(struct admin_entrance *entrance)
{
    if (!entrance)
        return;
    entrance->services.is_draining = true;
    entrance->clients.is_draining = true;
}

void admin_entrance_destroy(struct admin_entrance *entrance)
{
    if (!entrance)
        return;
    admin_entrance_drop(entrance);
    if (entrance->now.listener)
        listener_close(entrance->now.listener);
    client_server_abort(&entrance->clients);
    ASSERT(entrance->clients.count == 0);
    metrics_text_destroy(entrance->services.metrics);
    token_text_wipe(&entrance->now.token);
    free(entrance);
}
