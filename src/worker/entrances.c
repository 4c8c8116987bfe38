#include "worker/entrances.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/log_fold.h"
#include "base/text.h"
#include "client/proxied_stream.h"
#include "net/listener.h"
#include "net/tls_identity.h"
#include "net/tls_stream.h"
#include "worker/address_counts.h"
#include "worker/descriptors.h"

struct entrance {
    struct entrances *all; /* borrowed */
    const struct listen_options *options;
    struct tls_identity *identity; /* NULL: without TLS */
    struct listener *listener;     /* NULL once closed */
};

struct entrances {
    struct entrances_options options;
    struct address_counts *addresses;
    size_t most, most_per_address; /* this worker's share */
    bool is_open, is_full;
    struct log_fold full, short_of, crowded, not_trusted, no_header, no_handshake, too_slow;
    size_t count;
    struct entrance at[];
};

static uint64_t now_of(const struct entrances *entrances)
{
    return loop_now_ms(entrances->options.loop);
}

/* --- Who may come in --- */

static bool is_trusted(const struct entrances *entrances, const struct address *address)
{
    return cidr_list_contains(&entrances->options.settings->gateway.trusted_proxies, address->bytes,
                              address->len);
}

/* Behind a proxy are many, and who is on this machine has other means. */
static bool is_counted(const struct entrances *entrances, const struct address *address)
{
    return !address_is_loopback(address) && !is_trusted(entrances, address);
}

static void tell_of(const struct entrance *entrance, struct log_fold *fold, const char *event,
                    const struct address *address)
{
    char text[ADDRESS_TEXT_SIZE];
    uint64_t count = log_fold_count(fold, now_of(entrance->all));
    if (count > 0)
        log_event(LOG_WARN, event,
                  FIELDS(field_text("address", address_write(address, text)),
                         field_text("listen", entrance->options->address),
                         field_number("count", (int64_t)count)));
}

static void count_refusal(const struct entrances *entrances, enum metric_entry why)
{
    metrics_add(entrances->options.metrics, METRIC_ENTRIES_REFUSED, AT(why), 1);
}

static bool may_enter(void *owner, const struct sockaddr *peer)
{
    struct entrance *entrance = owner;
    struct entrances *all = entrance->all;
    const struct address address = address_of(peer);
    if (!all->is_open)
        return false;
    if (entrance->options->demands_proxy_header && !is_trusted(all, &address)) {
        count_refusal(all, ENTRY_NOT_TRUSTED);
        tell_of(entrance, &all->not_trusted, "proxy_not_trusted", &address);
        return false;
    }
    if (is_counted(all, &address) &&
        address_counts_of(all->addresses, &address) >= all->most_per_address) {
        count_refusal(all, ENTRY_ADDRESS_FULL);
        tell_of(entrance, &all->crowded, "address_full", &address);
        return false;
    }
    return true;
}

/* --- What stands between the socket and HTTP --- */

static void tell_news(struct entrance *entrance)
{
    const char *trouble;
    struct span address = entrance->options->address;
    switch (tls_identity_take_news(entrance->identity, &trouble)) {
    case IDENTITY_SAME:
        return;
    case IDENTITY_REPLACED:
        log_event(LOG_INFO, "certificate_replaced", FIELDS(field_text("listen", address)));
        return;
    case IDENTITY_IN_TROUBLE:
        log_event(LOG_WARN, "certificate_trouble",
                  FIELDS(field_text("listen", address), field_text("reason", span_of(trouble))));
        return;
    }
}

static struct stream *put_on(struct entrance *entrance, struct stream *stream)
{
    struct loop *loop = entrance->all->options.loop;
    if (entrance->options->demands_proxy_header)
        stream = proxied_stream_create(stream, loop);
    if (!entrance->identity)
        return stream;
    struct tls_context *context = tls_identity_context(entrance->identity, loop_now_ms(loop));
    tell_news(entrance);
    return tls_stream_create(stream, context, loop);
}

/* Takes connections while there is room. */
static void settle(struct entrances *entrances)
{
    for (size_t i = 0; i < entrances->count; i++) {
        struct listener *listener = entrances->at[i].listener;
        if (listener && entrances->is_full)
            listener_pause(listener);
        else if (listener)
            listener_resume(listener);
    }
}

static void close_when_full(struct entrances *entrances)
{
    size_t clients = entrances->options.clients->count;
    if (clients < entrances->most || entrances->is_full)
        return;
    entrances->is_full = true;
    settle(entrances);
    uint64_t count = log_fold_count(&entrances->full, now_of(entrances));
    if (count > 0)
        log_event(LOG_WARN, "connections_full",
                  FIELDS(field_number("connections", (int64_t)clients),
                         field_number("count", (int64_t)count)));
}

static void on_shortage(void *owner, int reason)
{
    struct entrance *entrance = owner;
    struct entrances *all = entrance->all;
    uint64_t count = log_fold_count(&all->short_of, now_of(all));
    if (count > 0)
        log_event(LOG_WARN, "accept_failed",
                  FIELDS(field_text("reason", span_of(strerror(reason))),
                         field_text("listen", entrance->options->address),
                         field_number("count", (int64_t)count)));
}

static void on_accept(void *owner, struct stream *stream, const struct sockaddr *peer)
{
    struct entrance *entrance = owner;
    struct entrances *all = entrance->all;
    struct client_origin origin = {.address = address_of(peer)};
    if (is_counted(all, &origin.address))
        origin.ticket = address_counts_enter(all->addresses, &origin.address);
    client_server_accept(all->options.clients, put_on(entrance, stream), &origin);
    close_when_full(all);
}

static const struct listener_events listener_events = {
    .on_accept = on_accept, .may_enter = may_enter, .on_shortage = on_shortage};

/* --- Who leaves --- */

void entrances_leave(struct entrances *entrances, void *ticket)
{
    if (ticket)
        address_counts_leave(entrances->addresses, ticket);
    if (!entrances->is_full || entrances->options.clients->count >= entrances->most)
        return;
    entrances->is_full = false;
    settle(entrances);
}

static void tell_unopened(const struct entrances *entrances, enum log_level level,
                          struct log_fold *fold, const char *event)
{
    uint64_t count = log_fold_count(fold, now_of(entrances));
    if (count > 0)
        log_event(level, event, FIELDS(field_number("count", (int64_t)count)));
}

/* A header that is missing is a proxy set up in another way than this listener, which nobody would
 * find without a warning; handshakes fail every day. */
void entrances_note_unopened(struct entrances *entrances, enum status why)
{
    if (why == ERR_SYNTAX) {
        count_refusal(entrances, ENTRY_BAD_HEADER);
        tell_unopened(entrances, LOG_WARN, &entrances->no_header, "proxy_header_refused");
    } else if (why == ERR_TLS) {
        metrics_add(entrances->options.metrics, METRIC_HANDSHAKES,
                    AT(SIDE_CLIENT, HANDSHAKE_FAILED), 1);
        tell_unopened(entrances, LOG_INFO, &entrances->no_handshake, "handshake_failed");
    } else if (why == ERR_LIMIT) {
        count_refusal(entrances, ENTRY_TIMEOUT);
        tell_unopened(entrances, LOG_INFO, &entrances->too_slow, "opening_timeout");
    }
}

/* --- Opening and closing --- */

static void close_if_open(int descriptor)
{
    if (descriptor >= 0)
        (void)close(descriptor);
}

static bool open_one(struct entrance *entrance, int descriptor, char error[ENTRANCES_ERROR_SIZE])
{
    struct entrances *all = entrance->all;
    struct tls_server_options tls = entrance->options->tls;
    tls.tickets = all->options.tickets;
    tls.metrics = all->options.metrics;
    if (tls.certificate_file) {
        entrance->identity = tls_identity_create(&tls, error);
        if (!entrance->identity) {
            close_if_open(descriptor);
            return false;
        }
    }
    if (descriptor < 0)
        return true;
    entrance->listener = listener_create(all->options.loop, descriptor, &listener_events, entrance);
    if (entrance->listener) {
        listener_pause(entrance->listener);
        return true;
    }
    struct span address = entrance->options->address;
    (void)snprintf(error, ENTRANCES_ERROR_SIZE, "cannot listen on %.*s", (int)address.len,
                   address.at);
    return false;
}

/* Of all workers. */
static size_t most_clients(const struct snapshot_options *settings)
{
    size_t upstream = settings->workers * settings->upstream.pool.max_open;
    size_t most = descriptors_for_clients(descriptors_limit(), upstream);
    return most < settings->max_connections ? most : settings->max_connections;
}

static struct entrances *create(const struct entrances_options *options)
{
    const struct snapshot_options *settings = options->settings;
    size_t count = settings->listen_count;
    struct entrances *entrances = xcalloc(1, sizeof(*entrances) + count * sizeof(struct entrance));
    entrances->options = *options;
    entrances->count = count;
    entrances->addresses = address_counts_create();
    entrances->most = most_clients(settings) / settings->workers;
    if (entrances->most == 0)
        entrances->most = 1;
    /* Rounded up: the kernel does not spread the few connections of one address evenly. */
    entrances->most_per_address =
        (settings->max_per_address + settings->workers - 1) / settings->workers;
    for (size_t i = 0; i < count; i++)
        entrances->at[i] = (struct entrance){.all = entrances, .options = &settings->listen[i]};
    return entrances;
}

struct entrances *entrances_open(const struct entrances_options *options,
                                 char error[ENTRANCES_ERROR_SIZE])
{
    struct entrances *entrances = create(options);
    for (size_t i = 0; i < entrances->count; i++) {
        if (open_one(&entrances->at[i], options->descriptors[i], error))
            continue;
        while (++i < entrances->count)
            close_if_open(options->descriptors[i]);
        entrances_destroy(entrances);
        return NULL;
    }
    return entrances;
}

static void take_listener(struct entrance *entrance, struct entrances *before)
{
    for (size_t i = 0; i < before->count; i++) {
        struct entrance *old = &before->at[i];
        if (!old->listener || !span_equal(old->options->address, entrance->options->address))
            continue;
        entrance->listener = old->listener;
        old->listener = NULL;
        listener_give(entrance->listener, entrance);
    }
}

static void take_over(struct entrances *entrances, struct entrances *before)
{
    for (size_t i = 0; i < entrances->count; i++) {
        if (!entrances->at[i].listener)
            take_listener(&entrances->at[i], before);
    }
    entrances_close(before);
    address_counts_destroy(entrances->addresses);
    entrances->addresses = before->addresses;
    before->addresses = NULL;
    entrances_destroy(before);
}

void entrances_begin(struct entrances *entrances, struct entrances *before)
{
    if (before)
        take_over(entrances, before);
    entrances->is_open = true;
    entrances->is_full = entrances->options.clients->count >= entrances->most;
    settle(entrances);
}

void entrances_close(struct entrances *entrances)
{
    for (size_t i = 0; i < entrances->count; i++) {
        if (entrances->at[i].listener)
            listener_close(entrances->at[i].listener);
        entrances->at[i].listener = NULL;
    }
}

void entrances_destroy(struct entrances *entrances)
{
    if (!entrances->is_open)
        entrances_close(entrances);
    for (size_t i = 0; i < entrances->count; i++) {
        ASSERT(!entrances->at[i].listener);
        tls_identity_destroy(entrances->at[i].identity);
    }
    address_counts_destroy(entrances->addresses);
    free(entrances);
}
