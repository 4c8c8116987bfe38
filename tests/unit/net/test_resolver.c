#include "net/resolver.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { PORT = 8080, HOUR_MS = 3600 * 1000, GIVE_UP_S = 60 };

struct scene {
    struct loop loop;
    struct resolver *resolver;
};

struct waiter {
    struct resolve resolve;
    struct resolver *resolver;
    unsigned done;
    struct waiter *calls_off; /* from inside its on_done */
    bool destroys, waits_again;
};

static int set_up(void **state)
{
    static struct scene scene;
    scene = (struct scene){0};
    loop_init(&scene.loop);
    *state = &scene;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *scene = *state;
    if (scene->resolver)
        resolver_destroy(scene->resolver);
    loop_close(&scene->loop);
    return 0;
}

static void on_done(struct resolve *resolve)
{
    struct waiter *waiter = container_of(resolve, struct waiter, resolve);
    waiter->done++;
    if (waiter->calls_off)
        resolver_call_off(&waiter->calls_off->resolve);
    if (waiter->waits_again) {
        waiter->waits_again = false;
        resolver_wait(waiter->resolver, &waiter->resolve, on_done);
    }
    if (waiter->destroys)
        resolver_destroy(waiter->resolver);
}

static void begin(struct scene *scene, const char *host)
{
    scene->resolver = resolver_create(&scene->loop, host, PORT, HOUR_MS);
}

static void wait_with(struct scene *scene, struct waiter *waiter)
{
    waiter->resolver = scene->resolver;
    resolver_wait(scene->resolver, &waiter->resolve, on_done);
}

static const struct sockaddr_in *ipv4_of(const struct sockaddr_storage *address)
{
    assert_int_equal(address->ss_family, AF_INET);
    return (const struct sockaddr_in *)(const void *)address;
}

static void an_ipv4_address_needs_no_look_up(void **state)
{
    struct scene *scene = *state;
    struct addresses addresses;
    begin(scene, "127.0.0.2");
    assert_true(resolver_find(scene->resolver, &addresses));
    assert_int_equal(addresses.count, 1);
    assert_int_equal(ipv4_of(&addresses.at[0])->sin_port, htons(PORT));
    assert_int_equal(ipv4_of(&addresses.at[0])->sin_addr.s_addr, htonl(INADDR_LOOPBACK + 1));
    assert_false(uv_loop_alive(&scene->loop.uv));
    assert_string_equal(resolver_error(scene->resolver), "");
}

static void an_ipv6_address_needs_no_look_up(void **state)
{
    struct scene *scene = *state;
    struct addresses addresses;
    begin(scene, "::1");
    assert_true(resolver_find(scene->resolver, &addresses));
    assert_int_equal(addresses.at[0].ss_family, AF_INET6);
    const struct sockaddr_in6 *ip = (const void *)&addresses.at[0];
    assert_int_equal(ip->sin6_port, htons(PORT));
    assert_true(IN6_IS_ADDR_LOOPBACK(&ip->sin6_addr));
}

static void waiting_for_an_address_ends_from_the_loop(void **state)
{
    struct scene *scene = *state;
    struct waiter waiter = {0};
    begin(scene, "127.0.0.1");
    wait_with(scene, &waiter);
    assert_int_equal(waiter.done, 0);
    loop_run(&scene->loop);
    assert_int_equal(waiter.done, 1);
}

static void a_name_is_looked_up_once_and_then_known(void **state)
{
    struct scene *scene = *state;
    struct waiter first = {0}, second = {0};
    struct addresses addresses;
    begin(scene, "localhost");
    assert_false(resolver_find(scene->resolver, &addresses));
    wait_with(scene, &first);
    wait_with(scene, &second);
    assert_int_equal(first.done, 0);
    loop_run(&scene->loop);
    assert_int_equal(first.done, 1);
    assert_int_equal(second.done, 1);
    assert_true(resolver_find(scene->resolver, &addresses));
    assert_true(addresses.count > 0);
    assert_false(uv_loop_alive(&scene->loop.uv)); /* fresh: no look-up was begun */
}

static void an_old_answer_is_given_while_a_new_one_is_fetched(void **state)
{
    struct scene *scene = *state;
    struct waiter waiter = {0};
    struct addresses addresses;
    scene->resolver = resolver_create(&scene->loop, "localhost", PORT, 0);
    wait_with(scene, &waiter);
    loop_run(&scene->loop);
    assert_true(resolver_find(scene->resolver, &addresses));
    assert_true(uv_loop_alive(&scene->loop.uv));
    wait_with(scene, &waiter); /* joins the one that runs */
    loop_run(&scene->loop);
    assert_int_equal(waiter.done, 2);
    assert_true(resolver_find(scene->resolver, &addresses));
}

static void a_name_that_does_not_exist_says_so(void **state)
{
    struct scene *scene = *state;
    struct waiter waiter = {0};
    struct addresses addresses;
    begin(scene, "name.invalid");
    wait_with(scene, &waiter);
    loop_run(&scene->loop);
    assert_int_equal(waiter.done, 1);
    assert_false(resolver_find(scene->resolver, &addresses));
    assert_true(strlen(resolver_error(scene->resolver)) > 0);
}

static void a_host_that_cannot_be_a_name_fails_from_the_loop(void **state)
{
    struct scene *scene = *state;
    struct waiter waiter = {0};
    char endless[2000];
    memset(endless, 'a', sizeof(endless) - 1);
    endless[sizeof(endless) - 1] = '\0';
    begin(scene, endless);
    wait_with(scene, &waiter);
    assert_int_equal(waiter.done, 0);
    loop_run(&scene->loop);
    assert_int_equal(waiter.done, 1);
    assert_true(strlen(resolver_error(scene->resolver)) > 0);
}

static void a_wait_that_is_called_off_hears_nothing(void **state)
{
    struct scene *scene = *state;
    struct waiter waiter = {0};
    begin(scene, "localhost");
    wait_with(scene, &waiter);
    resolver_call_off(&waiter.resolve);
    resolver_call_off(&waiter.resolve);
    loop_run(&scene->loop);
    assert_int_equal(waiter.done, 0);
}

static void a_wait_may_call_off_another_or_wait_again_when_done(void **state)
{
    struct scene *scene = *state;
    struct waiter third = {0}, second = {.waits_again = true}, first = {.calls_off = &third};
    begin(scene, "localhost");
    wait_with(scene, &first);
    wait_with(scene, &second);
    wait_with(scene, &third);
    loop_run(&scene->loop);
    assert_int_equal(first.done, 1);
    assert_int_equal(second.done, 2);
    assert_int_equal(third.done, 0);
}

static void the_last_wait_may_destroy_the_resolver(void **state)
{
    struct scene *scene = *state;
    struct waiter waiter = {.destroys = true};
    begin(scene, "localhost");
    wait_with(scene, &waiter);
    loop_run(&scene->loop);
    assert_int_equal(waiter.done, 1);
    scene->resolver = NULL;
}

static void it_may_be_destroyed_while_a_look_up_runs(void **state)
{
    struct scene *scene = *state;
    struct waiter waiter = {0};
    begin(scene, "localhost");
    wait_with(scene, &waiter);
    resolver_call_off(&waiter.resolve);
    resolver_destroy(scene->resolver);
    scene->resolver = NULL; /* loop_close waits for the rest */
}

/* Two addresses of which one is demoted: known only where the machine's names give two. */
static void a_demoted_address_goes_to_the_end(void **state)
{
    struct scene *scene = *state;
    struct waiter waiter = {0};
    struct addresses before, after;
    begin(scene, "localhost");
    wait_with(scene, &waiter);
    loop_run(&scene->loop);
    assert_true(resolver_find(scene->resolver, &before));
    resolver_demote(scene->resolver, (struct sockaddr *)&before.at[0]);
    assert_true(resolver_find(scene->resolver, &after));
    assert_int_equal(after.count, before.count);
    for (size_t i = 0; i < before.count; i++) {
        size_t was = (i + 1) % before.count;
        assert_int_equal(after.at[i].ss_family, before.at[was].ss_family);
    }
    struct sockaddr_in stranger = {.sin_family = AF_INET, .sin_addr.s_addr = 1};
    resolver_demote(scene->resolver, (struct sockaddr *)&stranger);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(an_ipv4_address_needs_no_look_up),
        TEST(an_ipv6_address_needs_no_look_up),
        TEST(waiting_for_an_address_ends_from_the_loop),
        TEST(a_name_is_looked_up_once_and_then_known),
        TEST(an_old_answer_is_given_while_a_new_one_is_fetched),
        TEST(a_name_that_does_not_exist_says_so),
        TEST(a_host_that_cannot_be_a_name_fails_from_the_loop),
        TEST(a_wait_that_is_called_off_hears_nothing),
        TEST(a_wait_may_call_off_another_or_wait_again_when_done),
        TEST(the_last_wait_may_destroy_the_resolver),
        TEST(it_may_be_destroyed_while_a_look_up_runs),
        TEST(a_demoted_address_goes_to_the_end),
    };
    (void)alarm(GIVE_UP_S);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
