#include "auth/cidr.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"

static struct cidr range(const char *text)
{
    struct cidr cidr;
    assert_true(cidr_parse(span_of(text), &cidr));
    return cidr;
}

static bool contains(const char *range_text, const char *address)
{
    struct cidr cidr = range(range_text);
    unsigned char bytes[16];
    bool is_ipv6 = strchr(address, ':') != NULL;
    assert_int_equal(inet_pton(is_ipv6 ? AF_INET6 : AF_INET, address, bytes), 1);
    return cidr_contains(&cidr, bytes, is_ipv6 ? 16 : 4);
}

static void a_range_holds_its_first_and_last_address_and_not_the_next(void **state)
{
    (void)state;
    assert_true(contains("10.0.0.0/8", "10.0.0.0"));
    assert_true(contains("10.0.0.0/8", "10.255.255.255"));
    assert_false(contains("10.0.0.0/8", "11.0.0.0"));
    assert_false(contains("10.0.0.0/8", "9.255.255.255"));
    assert_true(contains("192.0.2.64/26", "192.0.2.127"));
    assert_false(contains("192.0.2.64/26", "192.0.2.128"));
    assert_false(contains("192.0.2.64/26", "192.0.2.63"));
    assert_true(contains("128.0.0.0/1", "255.0.0.1"));
    assert_false(contains("128.0.0.0/1", "127.0.0.1"));
}

static void without_a_prefix_it_is_one_address(void **state)
{
    (void)state;
    assert_true(contains("192.0.2.1", "192.0.2.1"));
    assert_false(contains("192.0.2.1", "192.0.2.2"));
    assert_true(contains("::1", "::1"));
    assert_false(contains("::1", "::2"));
    assert_true(contains("192.0.2.1/32", "192.0.2.1"));
    assert_true(contains("::1/128", "::1"));
}

static void ipv6_ranges_end_at_any_bit(void **state)
{
    (void)state;
    assert_true(contains("2001:db8::/32", "2001:db8:ffff::1"));
    assert_false(contains("2001:db8::/32", "2001:db9::"));
    assert_true(contains("fe80::/10", "febf::1"));
    assert_false(contains("fe80::/10", "fec0::1"));
}

static void prefix_zero_holds_all_of_one_family(void **state)
{
    (void)state;
    assert_true(contains("0.0.0.0/0", "203.0.113.9"));
    assert_false(contains("0.0.0.0/0", "2001:db8::1"));
    assert_true(contains("::/0", "2001:db8::1"));
    assert_false(contains("::/0", "203.0.113.9"));
}

static void a_mapped_address_counts_as_ipv4(void **state)
{
    (void)state;
    assert_true(contains("10.0.0.0/8", "::ffff:10.1.2.3"));
    assert_false(contains("10.0.0.0/8", "::ffff:11.1.2.3"));
    assert_false(contains("::/0", "::ffff:10.1.2.3"));
    assert_false(contains("10.0.0.0/8", "::10.1.2.3"));
}

static void a_mapped_range_counts_as_ipv4(void **state)
{
    (void)state;
    assert_true(contains("::ffff:10.0.0.0/104", "10.1.2.3"));
    assert_true(contains("::ffff:10.0.0.0/104", "::ffff:10.1.2.3"));
    assert_false(contains("::ffff:10.0.0.0/104", "11.1.2.3"));
    assert_true(contains("::ffff:0:0/96", "203.0.113.9"));
    assert_true(contains("::ffff:192.0.2.1", "192.0.2.1"));
}

static void unknown_addresses_are_in_no_range(void **state)
{
    (void)state;
    struct cidr all = range("0.0.0.0/0");
    assert_false(cidr_contains(&all, NULL, 0));
    assert_false(cidr_contains(&all, (const unsigned char *)"12345", 5));
}

static void malformed_ranges_are_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "/",
        "/8",
        "10.0.0.0/",
        "10.0.0.0/33",
        "10.0.0.0/-1",
        "10.0.0.0/+8",
        "10.0.0.0/8 ",
        " 10.0.0.0/8",
        "10.0.0.0/08",
        "10.0.0.0/8/8",
        "10.0.0/8",
        "10.0.0.0.0/8",
        "010.0.0.0/8",
        "256.0.0.0/8",
        "::/129",
        "::1::/64",
        "fe80::1%eth0",
        "[::1]",
        "localhost",
        "10.0.0.0/18446744073709551624",
        "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb/64",
    };
    struct cidr cidr;
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        assert_false(cidr_parse(span_of(texts[i]), &cidr));
    assert_false(cidr_parse(SPAN("10.0.0.0\0/8"), &cidr));
    assert_false(cidr_parse(SPAN("10.0.0.0\0x"), &cidr));
    assert_false(cidr_parse((struct span){NULL, 0}, &cidr));
}

static void bits_behind_the_prefix_are_refused(void **state)
{
    (void)state;
    struct cidr cidr;
    assert_false(cidr_parse(SPAN("10.0.0.1/8"), &cidr));
    assert_false(cidr_parse(SPAN("192.0.2.96/26"), &cidr));
    assert_false(cidr_parse(SPAN("0.0.0.1/0"), &cidr));
    assert_false(cidr_parse(SPAN("2001:db8::1/32"), &cidr));
    assert_false(cidr_parse(SPAN("::ffff:10.0.0.1/104"), &cidr));
}

static void a_list_holds_what_one_of_its_ranges_holds(void **state)
{
    (void)state;
    const struct cidr cidrs[] = {range("10.0.0.0/8"), range("::1")};
    const struct cidr_list list = {cidrs, COUNT_OF(cidrs)}, empty = {0};
    static const unsigned char ip4[] = {10, 1, 2, 3}, other[] = {11, 1, 2, 3};
    static const unsigned char ip6[16] = {[15] = 1};
    assert_true(cidr_list_contains(&list, ip4, sizeof(ip4)));
    assert_true(cidr_list_contains(&list, ip6, sizeof(ip6)));
    assert_false(cidr_list_contains(&list, other, sizeof(other)));
    assert_false(cidr_list_contains(&list, ip4, 0));
    assert_false(cidr_list_contains(&empty, ip4, sizeof(ip4)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_range_holds_its_first_and_last_address_and_not_the_next),
        cmocka_unit_test(without_a_prefix_it_is_one_address),
        cmocka_unit_test(ipv6_ranges_end_at_any_bit),
        cmocka_unit_test(prefix_zero_holds_all_of_one_family),
        cmocka_unit_test(a_mapped_address_counts_as_ipv4),
        cmocka_unit_test(a_mapped_range_counts_as_ipv4),
        cmocka_unit_test(unknown_addresses_are_in_no_range),
        cmocka_unit_test(malformed_ranges_are_refused),
        cmocka_unit_test(bits_behind_the_prefix_are_refused),
        cmocka_unit_test(a_list_holds_what_one_of_its_ranges_holds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
