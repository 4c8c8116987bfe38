#include "config/config_build.h"

#include "unit/config/wrong_files.h"

static void assert_deadlines(const struct class_deadlines *deadlines, uint64_t first_byte_s,
                             uint64_t body_idle_s, uint64_t total_s)
{
    assert_int_equal(deadlines->first_byte_ms, first_byte_s * 1000);
    assert_int_equal(deadlines->body_idle_ms, body_idle_s * 1000);
    assert_int_equal(deadlines->total_ms, total_s * 1000);
}

static void deadlines_are_those_of_their_class(void **state)
{
    (void)state;
    struct snapshot *snapshot = load_good("");
    const struct class_deadlines *deadlines = snapshot->options.gateway.deadlines;
    assert_deadlines(&deadlines[DEADLINE_NORMAL], 50, 15, 55);
    assert_deadlines(&deadlines[DEADLINE_DEPLOY], 170, 15, 175);
    assert_deadlines(&deadlines[DEADLINE_COGNITIVE], 92, 30, 95);
    assert_deadlines(&deadlines[DEADLINE_STREAM], 92, 75, 0);
    snapshot_release(snapshot);
}

static void a_deadline_in_the_file_caps_every_class(void **state)
{
    (void)state;
    struct snapshot *snapshot =
        load_good("upstream: {timeouts: {first_byte: 60s, body_idle: 20s, total: 90s}}\n");
    const struct class_deadlines *deadlines = snapshot->options.gateway.deadlines;
    assert_deadlines(&deadlines[DEADLINE_NORMAL], 50, 15, 55);
    assert_deadlines(&deadlines[DEADLINE_DEPLOY], 60, 15, 90);
    assert_deadlines(&deadlines[DEADLINE_COGNITIVE], 60, 20, 90);
    assert_deadlines(&deadlines[DEADLINE_STREAM], 60, 20, 90);
    snapshot_release(snapshot);
}

static void the_url_becomes_host_port_and_authority(void **state)
{
    (void)state;
    struct snapshot *snapshot = load_good("");
    const struct upstream_options *upstream = &snapshot->options.upstream;
    assert_string_equal(upstream->host, "api.botpress.cloud");
    assert_true(span_equal(upstream->authority, SPAN("api.botpress.cloud")));
    assert_int_equal(upstream->port, 443);
    assert_true(upstream->is_tls);
    assert_null(upstream->ca_file);
    assert_int_equal(upstream->pool.first_life_ms, 5000);
    snapshot_release(snapshot);

    snapshot = load_good("upstream: {url: 'https://[2001:DB8::1]:8443/', ca_file: /x.pem}\n");
    upstream = &snapshot->options.upstream;
    assert_string_equal(upstream->host, "2001:DB8::1");
    assert_true(span_equal(upstream->authority, SPAN("[2001:db8::1]:8443")));
    assert_int_equal(upstream->port, 8443);
    assert_string_equal(upstream->ca_file, "/x.pem");
    snapshot_release(snapshot);
}

static void a_listener_gets_its_certificates_and_the_gateway_its_proxies(void **state)
{
    (void)state;
    struct snapshot *snapshot =
        load_good("listen:\n- address: 127.0.0.1:1\n"
                  "- address: 127.0.0.1:2\n  proxy_protocol: true\n"
                  "  tls: {certificate: a.pem, key: a.key, client_ca: ca.pem, "
                  "client_certificate: required}\n"
                  "trusted_proxies: [10.0.0.0/8, '::1']\n");
    const struct snapshot_options *options = &snapshot->options;
    const struct listen_options *plain = &options->listen[0], *full = &options->listen[1];
    assert_null(plain->tls.certificate_file);
    assert_false(plain->demands_proxy_header);
    assert_string_equal(full->tls.certificate_file, "a.pem");
    assert_string_equal(full->tls.key_file, "a.key");
    assert_string_equal(full->tls.client_ca_file, "ca.pem");
    assert_true(full->tls.demands_certificate);
    assert_true(full->demands_proxy_header);
    assert_int_equal(options->max_per_address, 1024);
    assert_int_equal(options->gateway.trusted_proxies.count, 2);
    assert_true(cidr_list_contains(&options->gateway.trusted_proxies,
                                   (const unsigned char *)"\x0a\x01\x02\x03", 4));
    snapshot_release(snapshot);
}

static void addresses_are_those_of_the_file_or_one(void **state)
{
    (void)state;
    struct snapshot *snapshot = load_good("");
    assert_int_equal(snapshot->options.listen_count, 1);
    assert_true(span_equal(snapshot->options.listen[0].address, SPAN("127.0.0.1:8080")));
    snapshot_release(snapshot);
    snapshot = load_good("listen:\n- address: \"[::1]:0\"\n- address: \"*:81\"\n");
    assert_int_equal(snapshot->options.listen_count, 2);
    assert_true(span_equal(snapshot->options.listen[0].address, SPAN("[::1]:0")));
    assert_true(span_equal(snapshot->options.listen[1].address, SPAN("*:81")));
    snapshot_release(snapshot);
}

static void the_access_log_is_stdout_off_or_a_file(void **state)
{
    (void)state;
    static const struct {
        const char *yaml, *file;
        enum log_kind kind;
    } cases[] = {
        {"", NULL, LOG_STDOUT},
        {"access_log: stdout\n", NULL, LOG_STDOUT},
        {"access_log: off\n", NULL, LOG_OFF},
        {"access_log: stderr\n", NULL, LOG_STDERR},
        {"access_log: syslog\n", "/dev/log", LOG_SYSLOG},
        {"access_log: syslog:/run/x\n", "/run/x", LOG_SYSLOG},
        {"access_log: /var/log/x\n", "/var/log/x", LOG_FILE},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct snapshot *snapshot = load_good(cases[i].yaml);
        assert_int_equal(snapshot->options.access_log.kind, cases[i].kind);
        if (cases[i].file)
            assert_string_equal(snapshot->options.access_log.path, cases[i].file);
        else
            assert_null(snapshot->options.access_log.path);
        snapshot_release(snapshot);
    }
}

static void workers_share_what_may_be_held(void **state)
{
    (void)state;
    struct snapshot *snapshot = load_good("workers: 4\nheld_bytes: 64MiB\n");
    assert_int_equal(snapshot->options.workers, 4);
    assert_int_equal(snapshot->options.gateway.held_bytes, 16 * MIB);
    snapshot_release(snapshot);
    snapshot = load_good("");
    assert_true(snapshot->options.workers >= 1);
    assert_int_equal(snapshot->options.gateway.held_bytes,
                     256 * (size_t)MIB / snapshot->options.workers);
    snapshot_release(snapshot);
    snapshot = load_good("max_connections: 1\n");
    assert_int_equal(snapshot->options.workers, 1);
    snapshot_release(snapshot);
}

static void a_short_idle_timeout_takes_the_default_promise_back(void **state)
{
    (void)state;
    static const struct {
        const char *yaml;
        unsigned keep_alive_s;
    } cases[] = {
        {"", 55},
        {"client: {idle_timeout: 56s}\n", 55},
        {"client: {idle_timeout: 55s}\n", 27},
        {"client: {idle_timeout: 3s}\n", 1},
        {"client: {idle_timeout: 300ms}\n", 0},
        {"client: {idle_timeout: 10s, keep_alive: 9s}\n", 9},
        {"client: {keep_alive: 0s}\n", 0},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct snapshot *snapshot = load_good(cases[i].yaml);
        assert_int_equal(snapshot->options.client.keep_alive_s, cases[i].keep_alive_s);
        snapshot_release(snapshot);
    }
}

static void the_cache_has_its_sizes_and_an_object_fits_into_it(void **state)
{
    (void)state;
    static const struct {
        const char *yaml;
        size_t memory_bytes, object_bytes;
    } cases[] = {
        {"", 64 * (size_t)MIB, MIB},
        {"cache: {memory: 0}\n", 0, 0},
        {"cache: {memory: 512KiB}\n", 512 * KIB, 512 * KIB},
        {"cache: {memory: 1GiB, object: 8MiB}\n", 1024 * (size_t)MIB, 8 * MIB},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct snapshot *snapshot = load_good(cases[i].yaml);
        assert_int_equal(snapshot->options.cache.memory_bytes, cases[i].memory_bytes);
        assert_int_equal(snapshot->options.cache.object_bytes, cases[i].object_bytes);
        snapshot_release(snapshot);
    }
}

static void redis_and_admin_are_there_when_the_file_has_them(void **state)
{
    (void)state;
    struct snapshot *snapshot = load_good("");
    assert_false(snapshot->options.has_redis);
    assert_int_equal(snapshot->options.admin.address.len, 0);
    snapshot_release(snapshot);

    snapshot = load_good("redis: {url: 'rediss://user:@redis.test/3', password: env:P, "
                         "ca_file: r.pem}\ncache: {redis_private: true}\n"
                         "admin: {address: '*:9901', token: file:/t}\n");
    const struct snapshot_options *options = &snapshot->options;
    assert_true(options->has_redis);
    assert_true(options->redis_private);
    assert_true(options->redis.url.is_tls);
    assert_string_equal(options->redis.url.addresses[0].host, "redis.test");
    assert_int_equal(options->redis.url.login.database, 3);
    assert_true(span_equal(options->redis.password, SPAN("env:P")));
    assert_string_equal(options->redis.ca_file, "r.pem");
    assert_true(span_equal(options->admin.address, SPAN("*:9901")));
    assert_true(span_equal(options->admin.token, SPAN("file:/t")));
    snapshot_release(snapshot);
}

static void what_is_no_setting_is_set_too(void **state)
{
    (void)state;
    struct snapshot *snapshot = load_good("");
    const struct client_options *client = &snapshot->options.client;
    assert_int_equal(client->drain_bytes, 64 * KIB);
    assert_true(client->spare_headers > 0);
    snapshot_release(snapshot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(deadlines_are_those_of_their_class),
        cmocka_unit_test(a_deadline_in_the_file_caps_every_class),
        cmocka_unit_test(the_url_becomes_host_port_and_authority),
        cmocka_unit_test(a_listener_gets_its_certificates_and_the_gateway_its_proxies),
        cmocka_unit_test(addresses_are_those_of_the_file_or_one),
        cmocka_unit_test(the_access_log_is_stdout_off_or_a_file),
        cmocka_unit_test(workers_share_what_may_be_held),
        cmocka_unit_test(a_short_idle_timeout_takes_the_default_promise_back),
        cmocka_unit_test(the_cache_has_its_sizes_and_an_object_fits_into_it),
        cmocka_unit_test(redis_and_admin_are_there_when_the_file_has_them),
        cmocka_unit_test(what_is_no_setting_is_set_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
