#include "worker/address_counts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/text.h"

enum { MANY = 5000 };

static int set_up(void **state)
{
    *state = address_counts_create();
    return 0;
}

static int tear_down(void **state)
{
    address_counts_destroy(*state);
    return 0;
}

static struct address at(const char *text)
{
    struct address address;
    assert_true(address_parse(span_of(text), &address));
    return address;
}

static size_t count_of(const struct address_counts *counts, const char *text)
{
    const struct address address = at(text);
    return address_counts_of(counts, &address);
}

static struct address_count *enter(struct address_counts *counts, const char *text)
{
    const struct address address = at(text);
    return address_counts_enter(counts, &address);
}

static void connections_are_counted_until_they_leave(void **state)
{
    assert_int_equal(count_of(*state, "192.0.2.1"), 0);
    struct address_count *first = enter(*state, "192.0.2.1");
    struct address_count *second = enter(*state, "192.0.2.1");
    assert_int_equal(count_of(*state, "192.0.2.1"), 2);
    address_counts_leave(*state, first);
    assert_int_equal(count_of(*state, "192.0.2.1"), 1);
    address_counts_leave(*state, second);
    assert_int_equal(count_of(*state, "192.0.2.1"), 0);
}

static void each_address_counts_for_itself(void **state)
{
    struct address_count *one = enter(*state, "192.0.2.1");
    assert_int_equal(count_of(*state, "192.0.2.2"), 0);
    struct address_count *two = enter(*state, "192.0.2.2");
    assert_int_equal(count_of(*state, "192.0.2.1"), 1);
    address_counts_leave(*state, one);
    assert_int_equal(count_of(*state, "192.0.2.2"), 1);
    address_counts_leave(*state, two);
}

static void an_ipv6_network_of_64_bits_is_one_address(void **state)
{
    struct address_count *one = enter(*state, "2001:db8:0:1::1");
    struct address_count *two = enter(*state, "2001:db8:0:1:ffff:ffff:ffff:ffff");
    assert_int_equal(count_of(*state, "2001:db8:0:1::77"), 2);
    assert_int_equal(count_of(*state, "2001:db8:0:2::1"), 0);
    address_counts_leave(*state, one);
    address_counts_leave(*state, two);
}

static void a_mapped_address_is_counted_with_the_plain_one(void **state)
{
    struct address_count *one = enter(*state, "::ffff:192.0.2.1");
    assert_int_equal(count_of(*state, "192.0.2.1"), 1);
    assert_int_equal(count_of(*state, "192.0.2.2"), 0);
    address_counts_leave(*state, one);
}

static void many_addresses_share_the_table_and_leave_in_any_order(void **state)
{
    static struct address_count *inside[MANY];
    char text[ADDRESS_TEXT_SIZE];
    for (int i = 0; i < MANY; i++) {
        (void)snprintf(text, sizeof(text), "10.%d.%d.1", i / 200, i % 200);
        inside[i] = enter(*state, text);
    }
    for (int i = 0; i < MANY; i += 2)
        address_counts_leave(*state, inside[i]);
    for (int i = 0; i < MANY; i++) {
        (void)snprintf(text, sizeof(text), "10.%d.%d.1", i / 200, i % 200);
        assert_int_equal(count_of(*state, text), i % 2);
    }
    for (int i = MANY - 1; i > 0; i -= 2)
        address_counts_leave(*state, inside[i]);
}

static void none_at_all_may_be_destroyed(void **state)
{
    (void)state;
    address_counts_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(connections_are_counted_until_they_leave),
        TEST(each_address_counts_for_itself),
        TEST(an_ipv6_network_of_64_bits_is_one_address),
        TEST(a_mapped_address_is_counted_with_the_plain_one),
        TEST(many_addresses_share_the_table_and_leave_in_any_order),
        TEST(none_at_all_may_be_destroyed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
