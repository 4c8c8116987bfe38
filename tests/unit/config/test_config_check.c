#include "config/config_check.h"

#include "unit/config/wrong_files.h"

static const struct wrong_file wrong_orders[] = {
    {"client:\n  head_bytes: 4KiB\n", "2:15: client.line_bytes (8KiB) must not be larger than "
                                      "client.head_bytes (4KiB); change one"},
    {"client:\n  head_bytes: 4KiB\n  line_bytes: 5KiB\n",
     "3:15: client.line_bytes (5KiB) must not be larger than client.head_bytes (4KiB); change one"},
    {"upstream: {pool: {max_open: 10}}\n", "1:29: upstream.pool.max_idle (64) must not be larger "
                                           "than upstream.pool.max_open (10); change "
                                           "one"},
    {"upstream: {pool: {max_open: 10, max_idle: 11}}\n",
     "1:43: upstream.pool.max_idle (11) must not be larger than upstream.pool.max_open (10); "
     "change "
     "one"},
    {"held_bytes: 1MiB\nupstream: {replay_bytes: 2MiB}\n",
     "2:26: upstream.replay_bytes (2MiB) must not be larger than held_bytes (1MiB); change one"},
    {"workers: 8\nmax_connections: 4\n",
     "1:10: workers (8) must not be larger than max_connections (4); change one"},
    {"cache: {memory: 1MiB, object: 2MiB}\n",
     "1:31: cache.object (2MiB) must not be larger than cache.memory (1MiB); change one"},
    {"client: {keep_alive: 65s}\n", "1:22: client.keep_alive (65s) must be shorter than "
                                    "client.idle_timeout (65s); change one"},
    {"client: {keep_alive: 10s, idle_timeout: 5s}\n",
     "1:22: client.keep_alive (10s) must be shorter than client.idle_timeout (5s); change one"},
};

static const struct wrong_file wrong_addresses[] = {
    {"listen: []\n",
     "1:9: listen is empty; name an address, or remove the line for 127.0.0.1:8080"},
    {"upstream:\n  timeouts: {first_byte: 20s, total: 10s}\n",
     "2:26: upstream.timeouts.first_byte (20s) must not be larger than upstream.timeouts.total "
     "(10s); "
     "change one"},
    {"upstream:\n  timeouts:\n    total: 1s\n    connect: 2s\n",
     "4:14: upstream.timeouts.connect (2s) must not be larger than upstream.timeouts.total (1s); "
     "change one"},
    {"listen:\n  - {address: '[::1]:80'}\n  - {address: '[0:0::1]:080'}\n",
     "3:15: listen[].address \"[0:0::1]:080\" is here twice, first in line 2; remove one"},
    {"listen:\n  - {address: '*:80'}\n  - {address: '0.0.0.0:80'}\n",
     "3:15: listen[].address \"0.0.0.0:80\" is here twice, first in line 2; remove one"},
    {"listen:\n  - {address: 127.0.0.1:80}\n  - {address: 127.0.0.1:80}\n",
     "3:15: listen[].address \"127.0.0.1:80\" is here twice, first in line 2; remove one"},
    {"upstream:\n  url: http://api.botpress.cloud\n",
     "2:8: upstream.url would send tokens unencrypted to another machine; use https://, or set "
     "upstream.allow_plaintext: true"},
    {"upstream: {url: 'http://localhost:1', ca_file: a.pem}\n",
     "1:48: upstream.ca_file is for https://, but upstream.url is http://; remove one"},
};

static const struct wrong_file wrong_admins[] = {
    {"admin: {address: '*:9901'}\n", "1:18: admin.address can be reached from other machines; add "
                                     "admin.token, or use 127.0.0.1"},
    {"admin: {address: '10.0.0.1:9901'}\n",
     "1:18: admin.address can be reached from other machines; add admin.token, or use 127.0.0.1"},
    {"admin: {token: env:T}\n", "1:16: admin.token needs admin.address beside it; add that"},
    {"admin: {address: '127.0.0.1:80'}\nlisten: [{address: '127.0.0.1:80'}]\n",
     "1:18: admin.address \"127.0.0.1:80\" is a listen address too, in line 2; use another port"},
    {"admin: {address: localhost}\n",
     "1:18: admin.address must be an IP address and a port: 127.0.0.1:8080, \"[::1]:8080\" or "
     "\"*:8080\""},
    {"admin: {address: localhost, token: env:T}\n",
     "1:18: admin.address must be an IP address and a port: 127.0.0.1:8080, \"[::1]:8080\" or "
     "\"*:8080\""},
    {"admin: {address: '*:1', token: secret}\n",
     "1:32: admin.token must say where the secret is: env:NAME, file:PATH or cred:NAME; the secret "
     "itself does not belong here"},
};

static void an_admin_listener_that_breaks_a_rule_is_told_with_its_place(void **state)
{
    (void)state;
    assert_all_wrong(wrong_admins, COUNT_OF(wrong_admins));
}

#define LISTEN "listen:\n- address: 127.0.0.1:1\n"

static const struct wrong_file wrong_halves[] = {
    {LISTEN "  tls: {certificate: a.pem}\n",
     "3:22: listen[].tls.certificate needs listen[].tls.key beside it; add that"},
    {LISTEN "  tls: {key: a.key}\n",
     "3:14: listen[].tls.key needs listen[].tls.certificate beside it; add that"},
    {LISTEN "  tls: {client_ca: ca.pem}\n",
     "3:20: listen[].tls.client_ca needs listen[].tls.certificate and listen[].tls.key beside it; "
     "add them"},
    {LISTEN "  tls: {certificate: a.pem, key: a.key, client_certificate: required}\n",
     "2:3: listen[].tls.client_certificate: required needs listen[].tls.client_ca, the authorities "
     "that sign such certificates; add that"},
    {LISTEN "  proxy_protocol: true\n", "2:3: listen[].proxy_protocol needs trusted_proxies, who "
                                        "alone may connect then; add their addresses"},
    {LISTEN "  proxy_protocol: true\ntrusted_proxies: []\n",
     "2:3: listen[].proxy_protocol needs trusted_proxies, who alone may connect then; add their "
     "addresses"},
    {LISTEN "  proxy_protocol: true\ntrusted_proxies: [proxy.example]\n",
     "4:19: trusted_proxies must be an address range such as 10.0.0.0/8 or ::1, with no bits set "
     "behind the prefix"},
};

static void halves_of_a_listener_are_told_with_their_place(void **state)
{
    (void)state;
    assert_all_wrong(wrong_halves, COUNT_OF(wrong_halves));
}

static void numbers_that_pass_their_bound_are_told_with_their_place(void **state)
{
    (void)state;
    assert_all_wrong(wrong_orders, COUNT_OF(wrong_orders));
}

static void addresses_that_break_a_rule_are_told_with_their_place(void **state)
{
    (void)state;
    assert_all_wrong(wrong_addresses, COUNT_OF(wrong_addresses));
}

static void what_keeps_the_rules_is_let_through(void **state)
{
    (void)state;
    static const char *const good[] = {
        "client: {keep_alive: 64s}\n",
        "client: {idle_timeout: 1s}\n",
        "client: {line_bytes: 32KiB}\n",
        "upstream: {pool: {max_open: 64}}\n",
        "upstream: {url: 'http://127.0.0.1:3000'}\n",
        "upstream: {url: 'http://[::1]:3000'}\n",
        "upstream: {url: 'http://api.botpress.cloud', allow_plaintext: true}\n",
        "listen: [{address: '127.0.0.1:0'}, {address: '127.0.0.1:0'}, {address: '[::1]:80'}]\n",
        "workers: 4\nmax_connections: 4\n",
        "cache: {memory: 0, object: 2MiB}\n",
        "cache: {memory: 1KiB}\n",
        "admin: {address: '127.0.0.1:9901'}\n",
        "admin: {address: '[::1]:0'}\n",
        "admin: {address: '*:9901', token: env:T}\n",
        "admin: {address: '127.0.0.1:0'}\nlisten: [{address: '127.0.0.1:0'}]\n",
        LISTEN "  tls: {certificate: a.pem, key: a.key}\n",
        LISTEN "  tls: {certificate: a.pem, key: a.key, client_certificate: optional}\n",
        LISTEN "  proxy_protocol: true\ntrusted_proxies: ['::1', 10.0.0.0/8]\n",
    };
    for (size_t i = 0; i < COUNT_OF(good); i++)
        snapshot_release(load_good(good[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_that_pass_their_bound_are_told_with_their_place),
        cmocka_unit_test(addresses_that_break_a_rule_are_told_with_their_place),
        cmocka_unit_test(an_admin_listener_that_breaks_a_rule_is_told_with_its_place),
        cmocka_unit_test(halves_of_a_listener_are_told_with_their_place),
        cmocka_unit_test(what_keeps_the_rules_is_let_through),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
