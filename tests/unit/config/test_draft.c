#include "config/draft.h"

#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct draft draft;

static int set_up(void **state)
{
    (void)state;
    memset(&draft, 0xa5, sizeof(draft));
    draft_init(&draft);
    return 0;
}

static void limits_of_clients_are_those_of_the_product(void **state)
{
    (void)state;
    const struct client_options *client = &draft.options.client;
    assert_int_equal(client->head.head_bytes, 32 * 1024);
    assert_int_equal(client->head.line_bytes, 8 * 1024);
    assert_int_equal(client->head.header_count, 100);
    assert_int_equal(client->head_ms, 10000);
    assert_int_equal(client->idle_ms, 65000);
    assert_int_equal(client->keep_alive_s, 55);
    assert_int_equal(client->linger_ms, 2000);
    assert_int_equal(client->rate_window_ms, 30000);
    assert_int_equal(client->rate_bytes, 500 * 30);
    assert_int_equal(draft.options.max_connections, 10000);
    assert_int_equal(draft.options.drain_ms, 30000);
}

static void limits_of_the_upstream_are_those_of_the_product(void **state)
{
    (void)state;
    const struct upstream_options *upstream = &draft.options.upstream;
    assert_int_equal(upstream->resolve_ms, 2000);
    assert_int_equal(upstream->connect_ms, 2000);
    assert_int_equal(upstream->tls_ms, 3000);
    assert_int_equal(upstream->dns_refresh_ms, 30000);
    assert_int_equal(upstream->pool.max_idle, 64);
    assert_int_equal(upstream->pool.max_open, 256);
    assert_int_equal(upstream->pool.max_waiting, 1024);
    assert_int_equal(upstream->pool.wait_ms, 2000);
    assert_int_equal(upstream->pool.idle_ms, 60000);
}

static void the_gateways_own_limits_are_those_of_the_product(void **state)
{
    (void)state;
    const struct gateway_options *gateway = &draft.options.gateway;
    assert_int_equal(gateway->send_idle_ms, 10000);
    assert_int_equal(gateway->replay_bytes, 64 * 1024);
    assert_int_equal(gateway->max_retries, 2);
    assert_int_equal(gateway->retry_percent, 20);
    assert_false(gateway->deny_unknown_routes);
    assert_int_equal(draft.held_bytes, 256 * 1024 * 1024);
    assert_int_equal(draft.cap.first_byte_ms + draft.cap.body_idle_ms + draft.cap.total_ms, 0);
}

static void texts_have_their_defaults(void **state)
{
    (void)state;
    assert_true(span_equal(draft.url.text, SPAN("https://api.botpress.cloud")));
    assert_true(span_equal(draft.access_log.text, SPAN("stdout")));
    assert_null(draft.ca_file.text.at);
    assert_int_equal(draft.anonymous.text.len, 0);
    assert_false(draft.allow_plaintext);
    assert_int_equal(draft.options.workers, 0);
    assert_int_equal(draft.listen.count + draft.credentials.count, 0);
    assert_int_equal(draft.profiles.count + draft.keys.count, 0);
}

static void nothing_has_a_place_at_first(void **state)
{
    (void)state;
    const struct setting_table *table = settings_table();
    for (size_t i = 0; i < table->count; i++)
        assert_int_equal(draft_place(&draft, table->rows[i].path).line, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(limits_of_clients_are_those_of_the_product, set_up),
        cmocka_unit_test_setup(limits_of_the_upstream_are_those_of_the_product, set_up),
        cmocka_unit_test_setup(the_gateways_own_limits_are_those_of_the_product, set_up),
        cmocka_unit_test_setup(texts_have_their_defaults, set_up),
        cmocka_unit_test_setup(nothing_has_a_place_at_first, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
