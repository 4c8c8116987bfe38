#include "net/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/text.h"

static struct address parsed(const char *text)
{
    struct address address;
    assert_true(address_parse(span_of(text), &address));
    return address;
}

static void assert_text(const struct address *address, const char *text)
{
    char written[ADDRESS_TEXT_SIZE];
    assert_true(span_equal(address_write(address, written), span_of(text)));
}

static void addresses_are_written_as_they_were_read(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "0.0.0.0", "192.0.2.1",   "255.255.255.255", "::",
        "::1",     "2001:db8::1", "fe80::1:2",       "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    };
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct address address = parsed(texts[i]);
        assert_int_equal(address.len, strchr(texts[i], ':') ? 16 : 4);
        assert_text(&address, texts[i]);
    }
}

static void what_is_no_address_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "1",
        "1.2.3",
        "1.2.3.4.5",
        "1.2.3.256",
        "01.2.3.4",
        "1.2.3.4 ",
        " 1.2.3.4",
        "1.2.3.4:5",
        "[::1]",
        "::1%lo",
        ":",
        ":::",
        "1::2::3",
        "unknown",
        "2001:db8::1/64",
        "0x7f.1",
        "localhost",
        "_hidden",
        "1:2:3:4:5:6:7:8:9",
        "0000:0000:0000:0000:0000:0000:0000:0000:0000",
    };
    struct address address = {.len = 99};
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        assert_false(address_parse(span_of(texts[i]), &address));
    assert_false(address_parse((struct span){"1.2.3.4\0x", 9}, &address));
    assert_int_equal(address.len, 99);
}

static void a_mapped_address_is_the_ipv4_address_that_it_is(void **state)
{
    (void)state;
    struct address mapped = parsed("::ffff:192.0.2.1"), plain = parsed("192.0.2.1");
    assert_true(address_equal(&mapped, &plain));
    assert_text(&mapped, "192.0.2.1");
    struct sockaddr_in6 peer = {.sin6_family = AF_INET6};
    assert_int_equal(inet_pton(AF_INET6, "::ffff:192.0.2.1", &peer.sin6_addr), 1);
    struct address of_peer = address_of((const struct sockaddr *)&peer);
    assert_true(address_equal(&of_peer, &plain));
}

static void sockets_have_addresses_of_both_families_or_none(void **state)
{
    (void)state;
    struct sockaddr_in ip4 = {.sin_family = AF_INET, .sin_port = 7};
    ip4.sin_addr.s_addr = htonl(0xc0000201);
    struct address address = address_of((const struct sockaddr *)&ip4);
    assert_text(&address, "192.0.2.1");
    struct sockaddr_in6 ip6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    address = address_of((const struct sockaddr *)&ip6);
    assert_text(&address, "::1");
    struct sockaddr other = {.sa_family = AF_UNIX};
    address = address_of(&other);
    assert_int_equal(address.len, 0);
    assert_text(&address, "");
}

static void equal_are_addresses_of_one_family_and_the_same_bytes(void **state)
{
    (void)state;
    struct address a = parsed("192.0.2.1"), b = parsed("192.0.2.2"), c = parsed("c000:201::");
    assert_true(address_equal(&a, &a));
    assert_false(address_equal(&a, &b));
    assert_false(address_equal(&a, &c));
    assert_true(address_equal(&(struct address){0}, &(struct address){0}));
}

static void loopback_is_a_whole_net_in_ipv4_and_one_address_in_ipv6(void **state)
{
    (void)state;
    static const char *const inside[] = {"127.0.0.1", "127.255.0.9", "::1", "::ffff:127.0.0.1"};
    static const char *const outside[] = {"128.0.0.1", "126.0.0.1", "::", "::2", "7f00::", "1::1"};
    for (size_t i = 0; i < COUNT_OF(inside); i++) {
        struct address address = parsed(inside[i]);
        assert_true(address_is_loopback(&address));
    }
    for (size_t i = 0; i < COUNT_OF(outside); i++) {
        struct address address = parsed(outside[i]);
        assert_false(address_is_loopback(&address));
    }
    assert_false(address_is_loopback(&(struct address){0}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_written_as_they_were_read),
        cmocka_unit_test(what_is_no_address_is_refused),
        cmocka_unit_test(a_mapped_address_is_the_ipv4_address_that_it_is),
        cmocka_unit_test(sockets_have_addresses_of_both_families_or_none),
        cmocka_unit_test(equal_are_addresses_of_one_family_and_the_same_bytes),
        cmocka_unit_test(loopback_is_a_whole_net_in_ipv4_and_one_address_in_ipv6),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
