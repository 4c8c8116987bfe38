#include "worker/admin_entrance.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "auth/credential_source.h"
#include "net/listener.h"

enum { MOST_CONNECTIONS = 64 };

struct admin_entrance {
    struct token_text token;
    struct admin_services services;
    struct client_server clients;
    struct listener *listener;
    struct cache_services *cache; /* borrowed; the next two too */
    const struct process_figures *figures;
    struct worker_metrics *watch;
};

/* --- What a purge does --- */

static void stamp(void *owner, const uint16_t *slots, size_t count, bool is_soft)
{
    const struct cache_services *cache = ((const struct admin_entrance *)owner)->cache;
    if (!cache->tags)
        return;
    tags_stamp(cache->tags, slots, count, tags_now_us(cache->tags), is_soft);
    if (cache->link)
        tag_link_tell(cache->link, slots, count, is_soft);
}

static void stamp_all(void *owner, bool is_soft)
{
    const struct cache_services *cache = ((const struct admin_entrance *)owner)->cache;
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

/* --- Opening and closing --- */

static bool read_token(struct admin_entrance *entrance, struct span source,
                       char error[ADMIN_ENTRANCE_ERROR_SIZE])
{
    struct credential_source opened;
    char why[SOURCE_ERROR_SIZE];
    if (source.len == 0)
        return true;
    if (credential_source_open(&opened, source, &entrance->token, why) != OK) {
        (void)snprintf(error, ADMIN_ENTRANCE_ERROR_SIZE, "admin.token: %s", why);
        return false;
    }
    credential_source_close(&opened);
    entrance->services.token = (struct span){entrance->token.at, entrance->token.len};
    return true;
}

static void dispose(struct admin_entrance *entrance)
{
    metrics_text_destroy(entrance->services.metrics);
    token_text_wipe(&entrance->token);
    free(entrance);
}

struct admin_entrance *admin_entrance_open(const struct admin_entrance_options *options,
                                           char error[ADMIN_ENTRANCE_ERROR_SIZE])
{
    const struct snapshot_options *settings = options->settings;
    struct admin_entrance *entrance = xcalloc(1, sizeof(*entrance));
    entrance->cache = options->cache;
    entrance->figures = options->figures;
    entrance->watch = options->watch;
    entrance->services = (struct admin_services){
        .stamp = stamp,
        .stamp_all = stamp_all,
        .look = look,
        .metrics = metrics_text_create(options->figures->metrics),
        .counted = options->figures->metrics,
        .refusals = options->figures->refusals,
        .gateway = options->gateway,
        .keys = settings->keys,
        .key_count = settings->key_count,
        .settings = settings->told,
        .owner = entrance,
    };
    if (!read_token(entrance, settings->admin.token, error)) {
        (void)close(options->descriptor);
        dispose(entrance);
        return NULL;
    }
    client_server_init(&entrance->clients, options->loop, &settings->client, &admin_handler,
                       &entrance->services);
    entrance->listener =
        listener_create(options->loop, options->descriptor, &listener_events, entrance);
    if (entrance->listener)
        return entrance;
    (void)snprintf(error, ADMIN_ENTRANCE_ERROR_SIZE, "admin.address: cannot listen on %.*s",
                   (int)settings->admin.address.len, settings->admin.address.at);
    dispose(entrance);
    return NULL;
}

void admin_entrance_drain(struct admin_entrance *entrance)
{
    if (!entrance)
        return;
    entrance->services.is_draining = true;
    entrance->clients.is_draining = true;
}

void admin_entrance_close(struct admin_entrance *entrance)
{
    if (!entrance)
        return;
    listener_close(entrance->listener);
    client_server_abort(&entrance->clients);
    ASSERT(entrance->clients.count == 0);
    dispose(entrance);
}
