/* What the resolver makes of answers: their order, their number, their age. */
#include "net/resolver.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "support/fake_dns.h"

enum { PORT = 8080, HOUR_MS = 3600 * 1000 };

struct scene {
    struct loop loop;
    struct resolver *resolver;
    struct resolve resolve;
    unsigned done;
};

static void answer(const char *const *addresses, size_t count)
{
    fake_dns.addresses = addresses;
    fake_dns.count = count;
    fake_dns.error = 0;
}

static int set_up(void **state)
{
    static struct scene scene;
    scene = (struct scene){0};
    loop_init(&scene.loop);
    fake_dns.asked = 0;
    *state = &scene;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *scene = *state;
    resolver_destroy(scene->resolver);
    loop_close(&scene->loop);
    return 0;
}

static void on_done(struct resolve *resolve)
{
    container_of(resolve, struct scene, resolve)->done++;
}

static void look_up(struct scene *scene, uint64_t refresh_ms)
{
    scene->resolver = resolver_create(&scene->loop, "name.test", PORT, refresh_ms);
    resolver_wait(scene->resolver, &scene->resolve, on_done);
    loop_run(&scene->loop);
    assert_int_equal(scene->done, 1);
}

static void expect(struct scene *scene, const char *const *expected, size_t count)
{
    struct addresses addresses;
    assert_true(resolver_find(scene->resolver, &addresses));
    assert_int_equal(addresses.count, count);
    for (size_t i = 0; i < count; i++) {
        char text[INET6_ADDRSTRLEN];
        assert_int_equal(uv_ip_name((struct sockaddr *)&addresses.at[i], text, sizeof(text)), 0);
        assert_string_equal(text, expected[i]);
    }
}

/* RFC 8305 §4 */
static void families_take_turns_beginning_with_the_first(void **state)
{
    static const char *const given[] = {"::1", "::2", "::3", "127.0.0.1", "127.0.0.2"};
    static const char *const wanted[] = {"::1", "127.0.0.1", "::2", "127.0.0.2", "::3"};
    answer(given, COUNT_OF(given));
    look_up(*state, HOUR_MS);
    expect(*state, wanted, COUNT_OF(wanted));
}

static void one_family_keeps_its_order(void **state)
{
    static const char *const given[] = {"127.0.0.3", "127.0.0.1", "127.0.0.2"};
    answer(given, COUNT_OF(given));
    look_up(*state, HOUR_MS);
    expect(*state, given, COUNT_OF(given));
}

static void of_many_addresses_both_families_are_kept(void **state)
{
    static const char *const given[] = {"::1", "::2", "::3", "::4", "::5",      "::6",
                                        "::7", "::8", "::9", "::a", "127.0.0.1"};
    static const char *const wanted[] = {"::1", "127.0.0.1", "::2", "::3",
                                         "::4", "::5",       "::6", "::7"};
    answer(given, COUNT_OF(given));
    look_up(*state, HOUR_MS);
    expect(*state, wanted, RESOLVER_MAX_ADDRESSES);
}

static void a_demoted_address_comes_last_until_the_next_answer(void **state)
{
    static const char *const given[] = {"127.0.0.1", "127.0.0.2", "127.0.0.3"};
    static const char *const demoted[] = {"127.0.0.2", "127.0.0.3", "127.0.0.1"};
    struct scene *scene = *state;
    struct addresses addresses;
    answer(given, COUNT_OF(given));
    look_up(scene, 0);
    assert_true(resolver_find(scene->resolver, &addresses));
    resolver_demote(scene->resolver, (struct sockaddr *)&addresses.at[0]);
    expect(scene, demoted, COUNT_OF(demoted));
    loop_run(&scene->loop);
    expect(scene, given, COUNT_OF(given));
}

static void the_last_good_answer_outlives_a_failed_refresh(void **state)
{
    static const char *const given[] = {"127.0.0.1"};
    struct scene *scene = *state;
    answer(given, 1);
    look_up(scene, 0);
    fake_dns.error = EAI_AGAIN;
    expect(scene, given, 1); /* begins the refresh */
    loop_run(&scene->loop);
    assert_int_equal(fake_dns.asked, 2);
    assert_true(resolver_error(scene->resolver)[0] != '\0');
    expect(scene, given, 1);
    loop_run(&scene->loop);
    assert_int_equal(fake_dns.asked, 2); /* not asked again at once */
}

static void a_fresh_answer_is_not_asked_for_again(void **state)
{
    static const char *const given[] = {"127.0.0.1"};
    struct scene *scene = *state;
    answer(given, 1);
    look_up(scene, HOUR_MS);
    expect(scene, given, 1);
    loop_run(&scene->loop);
    assert_int_equal(fake_dns.asked, 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(families_take_turns_beginning_with_the_first),
        TEST(one_family_keeps_its_order),
        TEST(of_many_addresses_both_families_are_kept),
        TEST(a_demoted_address_comes_last_until_the_next_answer),
        TEST(the_last_good_answer_outlives_a_failed_refresh),
        TEST(a_fresh_answer_is_not_asked_for_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
