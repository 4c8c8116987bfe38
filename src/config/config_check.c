#include "config/config_check.h"

#include "base/text.h"
#include "config/config_text.h"
#include "config/proxy_url.h"
#include "net/address.h"

/* "keep_alive_s" counts in seconds, all else in milliseconds. */
enum { MS_IN_SECOND = 1000 };

/* Where the first of the two that is in the file stands. */
static struct place place_of_either(const struct draft *draft, const char *first,
                                    const char *second)
{
    struct place place = draft_place(draft, first);
    return place.line > 0 ? place : draft_place(draft, second);
}

/* One number that must not pass another. */
struct order {
    const char *lower, *upper;
    uint64_t lower_value, upper_value;
};

static void check_order(const struct draft *draft, const struct order *order,
                        struct config_errors *errors)
{
    char lower[SETTING_DESCRIPTION_SIZE], upper[SETTING_DESCRIPTION_SIZE];
    const struct setting_table *table = settings_table();
    if (order->lower_value <= order->upper_value)
        return;
    setting_write_value(setting_find(table, span_of(order->lower)), order->lower_value, lower);
    setting_write_value(setting_find(table, span_of(order->upper)), order->upper_value, upper);
    config_errors_add(errors, place_of_either(draft, order->lower, order->upper),
                      "%s (%s) must not be larger than %s (%s); change one", order->lower, lower,
                      order->upper, upper);
}

static void check_orders(const struct draft *draft, struct config_errors *errors)
{
    const struct snapshot_options *options = &draft->options;
    const struct order orders[] = {
        {"client.line_bytes", "client.head_bytes", options->client.head.line_bytes,
         options->client.head.head_bytes},
        {"upstream.pool.max_idle", "upstream.pool.max_open", options->upstream.pool.max_idle,
         options->upstream.pool.max_open},
        {"upstream.replay_bytes", "held_bytes", options->gateway.replay_bytes, draft->held_bytes},
        {"workers", "max_connections", options->workers, options->max_connections},
    };
    for (size_t i = 0; i < COUNT_OF(orders); i++)
        check_order(draft, &orders[i], errors);
}

/* A wait that the whole exchange has no time for. Only of what is in the file: a default gives way. */
static void check_timeouts(const struct draft *draft, struct config_errors *errors)
{
    const struct upstream_options *upstream = &draft->options.upstream;
    const struct order orders[] = {
        {"upstream.timeouts.resolve", "upstream.timeouts.total", upstream->resolve_ms,
         draft->cap.total_ms},
        {"upstream.timeouts.connect", "upstream.timeouts.total", upstream->connect_ms,
         draft->cap.total_ms},
        {"upstream.timeouts.tls", "upstream.timeouts.total", upstream->tls_ms, draft->cap.total_ms},
        {"upstream.timeouts.send_idle", "upstream.timeouts.total",
         draft->options.gateway.send_idle_ms, draft->cap.total_ms},
        {"upstream.timeouts.first_byte", "upstream.timeouts.total", draft->cap.first_byte_ms,
         draft->cap.total_ms},
        {"upstream.timeouts.body_idle", "upstream.timeouts.total", draft->cap.body_idle_ms,
         draft->cap.total_ms},
    };
    for (size_t i = 0; i < COUNT_OF(orders); i++) {
        if (draft_place(draft, orders[i].lower).line > 0 && draft->cap.total_ms > 0)
            check_order(draft, &orders[i], errors);
    }
}

/* Only of what is in the file: the default gives way (config_build). */
static void check_object(const struct draft *draft, struct config_errors *errors)
{
    const struct cache_options *cache = &draft->options.cache;
    const struct order order = {"cache.object", "cache.memory", cache->object_bytes,
                                cache->memory_bytes};
    if (draft_place(draft, "cache.object").line > 0 && cache->memory_bytes > 0)
        check_order(draft, &order, errors);
}

/* A promise that is longer than what is kept makes clients send into a closing connection. */
static void check_keep_alive(const struct draft *draft, struct config_errors *errors)
{
    struct place place = draft_place(draft, "client.keep_alive");
    const struct client_options *client = &draft->options.client;
    uint64_t promised_ms = (uint64_t)client->keep_alive_s * MS_IN_SECOND;
    char promised[AMOUNT_TEXT_SIZE], kept[AMOUNT_TEXT_SIZE];
    if (place.line == 0 || promised_ms < client->idle_ms)
        return;
    duration_write(promised_ms, promised);
    duration_write(client->idle_ms, kept);
    config_errors_add(
        errors, place,
        "client.keep_alive (%s) must be shorter than client.idle_timeout (%s); change "
        "one",
        promised, kept);
}

static void check_url(const struct draft *draft, struct config_errors *errors)
{
    struct upstream_url url;
    if (upstream_url_parse(draft->url.text, &url) || url.is_tls)
        return;
    if (!url.is_loopback && !draft->allow_plaintext)
        config_errors_add(errors, draft->url.place,
                          "upstream.url would send tokens unencrypted to another machine; use "
                          "https://, or set upstream.allow_plaintext: true");
    if (draft->ca_file.text.len > 0)
        config_errors_add(errors, draft->ca_file.place,
                          "upstream.ca_file is for https://, but upstream.url is http://; remove "
                          "one");
}

static void check_proxy(const struct draft *draft, struct config_errors *errors)
{
    struct upstream_url url;
    struct proxy_url proxy;
    if (draft->proxy.text.len > 0 || upstream_url_parse(draft->url.text, &url))
        return;
    struct span text = proxy_url_of_environment(&url);
    const char *fault = text.len > 0 ? proxy_url_parse(text, &proxy) : NULL;
    if (fault)
        config_errors_add(errors, draft->url.place, "HTTPS_PROXY of the environment %s", fault);
}

struct endpoint {
    struct address address;
    uint64_t port;
};

/* The text has the form of an address. "*" is all of IPv4, as for the listener. */
static struct endpoint endpoint_of(struct span text)
{
    struct endpoint endpoint = {.port = 0};
    size_t colon = text.len;
    while (colon > 0 && text.at[colon - 1] != ':')
        colon--;
    if (colon == 0 || !span_to_u64(span_skip(text, colon), &endpoint.port))
        return endpoint;
    struct span host = {text.at, colon - 1};
    if (span_equal(host, SPAN("*")))
        host = SPAN("0.0.0.0");
    if (span_starts_with(host, SPAN("[")))
        host = (struct span){host.at + 1, host.len - 2};
    if (!address_parse(host, &endpoint.address))
        endpoint.port = 0;
    return endpoint;
}

/* Port 0 is another one each time. */
static bool is_same_endpoint(const struct located *a, const struct located *b)
{
    struct endpoint left = endpoint_of(a->text), right = endpoint_of(b->text);
    return left.port != 0 && left.port == right.port &&
           address_equal(&left.address, &right.address);
}

static void check_listen(const struct draft *draft, struct config_errors *errors)
{
    const struct draft_listen *listen = draft->listen.at;
    for (size_t i = 0; i < draft->listen.count; i++) {
        for (size_t j = 0; j < i; j++) {
            if (is_same_endpoint(&listen[i].address, &listen[j].address))
                config_errors_add(errors, listen[i].address.place,
                                  "listen[].address \"%s\" is here twice, first in line %u; remove "
                                  "one",
                                  show(listen[i].address.text).text, listen[j].address.place.line);
        }
    }
    if (draft->listen.place.line > 0 && draft->listen.count == 0)
        config_errors_add(errors, draft->listen.place,
                          "listen is empty; name an address, or remove the line for "
                          "127.0.0.1:8080");
}

/* What is of no use, or not what it seems, without another. */
static void check_listen_halves(const struct draft *draft, const struct draft_listen *listen,
                                struct config_errors *errors)
{
    bool has_certificate = listen->certificate.text.len > 0, has_key = listen->key.text.len > 0;
    bool has_client_ca = listen->client_ca.text.len > 0;
    if (has_certificate && !has_key)
        config_errors_add(errors, listen->certificate.place,
                          "listen[].tls.certificate needs listen[].tls.key beside it; add that");
    else if (has_key && !has_certificate)
        config_errors_add(errors, listen->key.place,
                          "listen[].tls.key needs listen[].tls.certificate beside it; add that");
    else if (has_client_ca && !has_certificate)
        config_errors_add(errors, listen->client_ca.place,
                          "listen[].tls.client_ca needs listen[].tls.certificate and "
                          "listen[].tls.key beside it; add them");
    if (listen->demands_certificate && !has_client_ca)
        config_errors_add(errors, listen->place,
                          "listen[].tls.client_certificate: required needs listen[].tls.client_ca, "
                          "the authorities that sign such certificates; add that");
    if (listen->demands_proxy_header && draft->trusted_proxies.written == 0)
        config_errors_add(errors, listen->place,
                          "listen[].proxy_protocol needs trusted_proxies, who alone may connect "
                          "then; add their addresses");
}

static bool asks_for_certificates(const struct draft *draft)
{
    const struct draft_listen *listen = draft->listen.at;
    for (size_t i = 0; i < draft->listen.count; i++) {
        if (listen[i].client_ca.text.len > 0)
            return true;
    }
    return false;
}

static void check_certificates(const struct draft *draft, struct config_errors *errors)
{
    const struct draft_key *keys = draft->keys.at;
    for (size_t i = 0; i < draft->keys.count && !asks_for_certificates(draft); i++) {
        if (keys[i].certificates.count == 0)
            continue;
        config_errors_warn(errors, keys[i].certificates.place,
                           "keys[].certificates has no effect: no listener asks for client "
                           "certificates; set listen[].tls.client_ca");
        return;
    }
}

static void check_admin(const struct draft *draft, struct config_errors *errors)
{
    const struct located *address = &draft->admin_address, *token = &draft->admin_token;
    const struct draft_listen *listen = draft->listen.at;
    struct endpoint endpoint = endpoint_of(address->text);
    if (address->text.len == 0 && token->text.len > 0 &&
        draft_place(draft, "admin.address").line == 0)
        config_errors_add(errors, token->place,
                          "admin.token needs admin.address beside it; add that");
    if (address->text.len > 0 && draft_place(draft, "admin.token").line == 0 &&
        !address_is_loopback(&endpoint.address))
        config_errors_add(errors, address->place,
                          "admin.address can be reached from other machines; add admin.token, or "
                          "use 127.0.0.1");
    for (size_t i = 0; i < draft->listen.count; i++) {
        if (is_same_endpoint(address, &listen[i].address))
            config_errors_add(
                errors, address->place,
                "admin.address \"%s\" is a listen address too, in line %u; use another "
                "port",
                show(address->text).text, listen[i].address.place.line);
    }
}

void config_check(const struct draft *draft, struct config_errors *errors)
{
    check_orders(draft, errors);
    check_object(draft, errors);
    check_timeouts(draft, errors);
    check_keep_alive(draft, errors);
    check_url(draft, errors);
    check_proxy(draft, errors);
    check_listen(draft, errors);
    const struct draft_listen *listen = draft->listen.at;
    for (size_t i = 0; i < draft->listen.count; i++)
        check_listen_halves(draft, &listen[i], errors);
    check_certificates(draft, errors);
    check_admin(draft, errors);
}
