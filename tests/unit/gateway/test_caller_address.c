#include "gateway/caller_address.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/text.h"

/* Trusted: 10.0.0.0/8 and 2001:db8:f::/48. */
static const char *caller_of(const char *peer_text, const char *const *fields, size_t count)
{
    static char text[ADDRESS_TEXT_SIZE];
    struct cidr cidrs[2];
    struct arena arena;
    struct header_list headers;
    struct address peer = {0};
    assert_true(cidr_parse(SPAN("10.0.0.0/8"), &cidrs[0]));
    assert_true(cidr_parse(SPAN("2001:db8:f::/48"), &cidrs[1]));
    arena_init(&arena, KIB * KIB);
    header_list_init(&headers, &arena, 8);
    assert_true(header_list_add(&headers, SPAN("forwarded"), SPAN("for=203.0.113.99")));
    for (size_t i = 0; i < count; i++)
        assert_true(header_list_add(&headers, SPAN("X-Forwarded-For"), span_of(fields[i])));
    assert_true(header_list_add(&headers, SPAN("x-real-ip"), SPAN("203.0.113.99")));
    assert_true(peer_text[0] == '\0' || address_parse(span_of(peer_text), &peer));
    const struct cidr_list trusted = {cidrs, COUNT_OF(cidrs)};
    const struct address caller = caller_address(&peer, &headers, &trusted);
    (void)address_write(&caller, text);
    arena_clear(&arena);
    return text;
}

static const char *caller(const char *peer, const char *field)
{
    return caller_of(peer, &field, 1);
}

static void without_the_field_it_is_the_peer(void **state)
{
    (void)state;
    assert_string_equal(caller_of("203.0.113.7", NULL, 0), "203.0.113.7");
    assert_string_equal(caller_of("10.0.0.1", NULL, 0), "10.0.0.1");
    assert_string_equal(caller_of("", NULL, 0), "");
}

static void what_strangers_say_is_ignored(void **state)
{
    (void)state;
    assert_string_equal(caller("203.0.113.7", "192.0.2.1"), "203.0.113.7");
    assert_string_equal(caller("203.0.113.7", "192.0.2.1, 10.0.0.2"), "203.0.113.7");
    assert_string_equal(caller("", "192.0.2.1"), "");
    assert_string_equal(caller("127.0.0.1", "192.0.2.1"), "127.0.0.1");
}

static void a_trusted_proxy_names_the_caller(void **state)
{
    (void)state;
    assert_string_equal(caller("10.0.0.1", "192.0.2.1"), "192.0.2.1");
    assert_string_equal(caller("10.0.0.1", "2001:db8::1"), "2001:db8::1");
    assert_string_equal(caller("2001:db8:f::1", "192.0.2.1"), "192.0.2.1");
    assert_string_equal(caller("10.0.0.1", " \t192.0.2.1 \t"), "192.0.2.1");
}

/* What the caller wrote itself stands to the left of what the proxy added. */
static void the_rightmost_address_that_is_not_trusted_counts(void **state)
{
    (void)state;
    assert_string_equal(caller("10.0.0.1", "198.51.100.1, 192.0.2.1"), "192.0.2.1");
    assert_string_equal(caller("10.0.0.1", "198.51.100.1, 192.0.2.1, 10.0.0.2"), "192.0.2.1");
    assert_string_equal(caller("10.0.0.1", "10.9.9.9,192.0.2.1,10.0.0.2,10.0.0.3"), "192.0.2.1");
    assert_string_equal(caller("10.0.0.1", "127.0.0.1, 192.0.2.1"), "192.0.2.1");
}

static void where_all_are_trusted_the_leftmost_counts(void **state)
{
    (void)state;
    assert_string_equal(caller("10.0.0.1", "10.0.0.7, 10.0.0.2"), "10.0.0.7");
    assert_string_equal(caller("10.0.0.1", ",10.0.0.7,,"), "10.0.0.7");
}

static void several_fields_are_one_list(void **state)
{
    (void)state;
    static const char *const fields[] = {"198.51.100.1", "192.0.2.1, 10.0.0.3", "10.0.0.2"};
    assert_string_equal(caller_of("10.0.0.1", fields, 3), "192.0.2.1");
    assert_string_equal(caller_of("10.0.0.1", fields, 1), "198.51.100.1");
}

static void an_element_that_is_no_address_ends_the_chain(void **state)
{
    (void)state;
    assert_string_equal(caller("10.0.0.1", "unknown"), "10.0.0.1");
    assert_string_equal(caller("10.0.0.1", "192.0.2.1, unknown, 10.0.0.2"), "10.0.0.2");
    assert_string_equal(caller("10.0.0.1", "192.0.2.1, 10.0.0.256"), "10.0.0.1");
    assert_string_equal(caller("10.0.0.1", "192.0.2.1, ["), "10.0.0.1");
    assert_string_equal(caller("10.0.0.1", "192.0.2.1 198.51.100.1"), "10.0.0.1");
    assert_string_equal(caller("10.0.0.1", ""), "10.0.0.1");
    assert_string_equal(caller("10.0.0.1", ":"), "10.0.0.1");
}

static void a_port_is_no_part_of_the_address(void **state)
{
    (void)state;
    assert_string_equal(caller("10.0.0.1", "192.0.2.1:4711"), "192.0.2.1");
    assert_string_equal(caller("10.0.0.1", "[2001:db8::1]:4711, 10.0.0.2:80"), "2001:db8::1");
    assert_string_equal(caller("10.0.0.1", "[2001:db8::1]"), "2001:db8::1");
}

static void a_mapped_address_is_trusted_like_the_plain_one(void **state)
{
    (void)state;
    assert_string_equal(caller("::ffff:10.0.0.1", "192.0.2.1, ::ffff:10.0.0.2"), "192.0.2.1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_the_field_it_is_the_peer),
        cmocka_unit_test(what_strangers_say_is_ignored),
        cmocka_unit_test(a_trusted_proxy_names_the_caller),
        cmocka_unit_test(the_rightmost_address_that_is_not_trusted_counts),
        cmocka_unit_test(where_all_are_trusted_the_leftmost_counts),
        cmocka_unit_test(several_fields_are_one_list),
        cmocka_unit_test(an_element_that_is_no_address_ends_the_chain),
        cmocka_unit_test(a_port_is_no_part_of_the_address),
        cmocka_unit_test(a_mapped_address_is_trusted_like_the_plain_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
