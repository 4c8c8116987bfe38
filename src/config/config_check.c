#include "config/config_check.h"

#include "base/text.h"
#include "config/config_text.h"
#include "config/upstream_url.h"

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

static bool has_fixed_port(struct span address)
{
    return address.len > 2 && !span_equal(span_skip(address, address.len - 2), SPAN(":0"));
}

static void check_listen(const struct draft *draft, struct config_errors *errors)
{
    const struct draft_listen *listen = draft->listen.at;
    for (size_t i = 0; i < draft->listen.count; i++) {
        struct span address = listen[i].address.text;
        for (size_t j = 0; j < i && has_fixed_port(address); j++) {
            if (span_equal(address, listen[j].address.text))
                config_errors_add(errors, listen[i].address.place,
                                  "listen[].address \"%s\" is here twice, first in line %u; remove "
                                  "one",
                                  show(address).text, listen[j].address.place.line);
        }
    }
    if (draft->listen.place.line > 0 && draft->listen.count == 0)
        config_errors_add(errors, draft->listen.place,
                          "listen is empty; name an address, or remove the line for "
                          "127.0.0.1:8080");
}

void config_check(const struct draft *draft, struct config_errors *errors)
{
    check_orders(draft, errors);
    check_keep_alive(draft, errors);
    check_url(draft, errors);
    check_listen(draft, errors);
}
