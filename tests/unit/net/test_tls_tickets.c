#include "net/tls_tickets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { START = 5000, PERIOD = TLS_TICKETS_PERIOD_S * 1000 };

static int set_up(void **state)
{
    *state = tls_tickets_create(START);
    return 0;
}

static int tear_down(void **state)
{
    tls_tickets_destroy(*state);
    return 0;
}

static bool is_same(const struct tls_ticket_key *a, const struct tls_ticket_key *b)
{
    return memcmp(a, b, sizeof(*a)) == 0;
}

static enum ticket_age age_of(struct tls_tickets *tickets, const struct tls_ticket_key *key,
                              uint64_t now_ms)
{
    struct tls_ticket_key found = {0};
    enum ticket_age age = tls_tickets_find(tickets, key->name, now_ms, &found);
    assert_int_equal(is_same(&found, key), age != TICKET_UNKNOWN);
    return age;
}

static void one_key_seals_for_a_whole_period(void **state)
{
    struct tls_ticket_key first, later;
    tls_tickets_current(*state, START, &first);
    tls_tickets_current(*state, START + PERIOD - 1, &later);
    assert_true(is_same(&first, &later));
    assert_int_equal(age_of(*state, &first, START + PERIOD - 1), TICKET_FRESH);
}

static void then_another_seals_and_the_first_still_opens(void **state)
{
    struct tls_ticket_key first, second;
    tls_tickets_current(*state, START, &first);
    tls_tickets_current(*state, START + PERIOD, &second);
    assert_memory_not_equal(first.name, second.name, sizeof(first.name));
    assert_memory_not_equal(first.seal, second.seal, sizeof(first.seal));
    assert_memory_not_equal(first.mac, second.mac, sizeof(first.mac));
    assert_int_equal(age_of(*state, &second, START + PERIOD), TICKET_FRESH);
    assert_int_equal(age_of(*state, &first, START + PERIOD), TICKET_OLD);
    assert_int_equal(age_of(*state, &first, START + 2 * PERIOD - 1), TICKET_OLD);
}

static void after_two_periods_a_key_is_forgotten(void **state)
{
    struct tls_ticket_key first, second;
    tls_tickets_current(*state, START, &first);
    tls_tickets_current(*state, START + PERIOD, &second);
    assert_int_equal(age_of(*state, &first, START + 2 * PERIOD), TICKET_UNKNOWN);
    assert_int_equal(age_of(*state, &second, START + 2 * PERIOD), TICKET_OLD);
}

/* Nobody came for a while: a key must not live on because nobody looked. */
static void a_rest_of_more_than_two_periods_forgets_all(void **state)
{
    struct tls_ticket_key first;
    tls_tickets_current(*state, START, &first);
    assert_int_equal(age_of(*state, &first, START + 2 * PERIOD), TICKET_UNKNOWN);
    tls_tickets_current(*state, START + 10 * PERIOD, &first);
    assert_int_equal(age_of(*state, &first, START + 11 * PERIOD - 1), TICKET_FRESH);
}

/* The loops of two workers read the clock at different moments. */
static void a_worker_that_is_a_little_behind_gets_the_newest_key(void **state)
{
    struct tls_ticket_key ahead, behind;
    tls_tickets_current(*state, START + PERIOD, &ahead);
    tls_tickets_current(*state, START + PERIOD - 5, &behind);
    assert_true(is_same(&ahead, &behind));
    tls_tickets_current(*state, START - 1, &behind);
    assert_true(is_same(&ahead, &behind));
}

static void names_of_strangers_are_unknown(void **state)
{
    struct tls_tickets *others = tls_tickets_create(START);
    struct tls_ticket_key foreign, none = {0};
    tls_tickets_current(others, START, &foreign);
    assert_int_equal(age_of(*state, &foreign, START), TICKET_UNKNOWN);
    assert_int_equal(tls_tickets_find(*state, none.name, START, &foreign), TICKET_UNKNOWN);
    tls_tickets_destroy(others);
    tls_tickets_destroy(NULL);
}

static void a_wiped_key_holds_nothing(void **state)
{
    struct tls_ticket_key key, nothing = {0};
    tls_tickets_current(*state, START, &key);
    assert_false(is_same(&key, &nothing));
    tls_ticket_key_wipe(&key);
    assert_true(is_same(&key, &nothing));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(one_key_seals_for_a_whole_period),
        TEST(then_another_seals_and_the_first_still_opens),
        TEST(after_two_periods_a_key_is_forgotten),
        TEST(a_rest_of_more_than_two_periods_forgets_all),
        TEST(a_worker_that_is_a_little_behind_gets_the_newest_key),
        TEST(names_of_strangers_are_unknown),
        TEST(a_wiped_key_holds_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
