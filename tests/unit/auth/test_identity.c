#include "auth/identity.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/text.h"

static const struct id_list no_bots;

static const struct span two_bots[] = {{"bot_2", 5}, {"bot_3", 5}};
static const struct id_list bots_2_and_3 = {two_bots, 2};
static const struct id_list only_bot_2 = {two_bots, 1};

static struct profile profile_of(struct span bot, struct id_list allowed_bots)
{
    return (struct profile){
        .name = SPAN("support"), .ids = {[ID_BOT] = bot}, .allowed = {[ID_BOT] = allowed_bots}};
}

static void assert_span(struct span actual, struct span expected)
{
    assert_true(span_equal(actual, expected));
}

static void a_profile_that_names_nothing_leaves_the_caller_free(void **state)
{
    (void)state;
    struct profile profile = profile_of(SPAN(""), no_bots);
    for (int kind = 0; kind < ID_KIND_COUNT; kind++) {
        assert_true(identity_is_free(&profile, no_bots, (enum id_kind)kind));
        assert_true(identity_allows(&profile, no_bots, (enum id_kind)kind, SPAN("anything")));
        assert_int_equal(identity_default(&profile, no_bots, (enum id_kind)kind).len, 0);
    }
}

static void the_own_id_is_injected_and_nothing_else_passes(void **state)
{
    (void)state;
    struct profile profile = profile_of(SPAN("bot_1"), no_bots);
    assert_false(identity_is_free(&profile, no_bots, ID_BOT));
    assert_true(identity_allows(&profile, no_bots, ID_BOT, SPAN("bot_1")));
    assert_false(identity_allows(&profile, no_bots, ID_BOT, SPAN("bot_2")));
    assert_span(identity_default(&profile, no_bots, ID_BOT), SPAN("bot_1"));
}

static void the_list_adds_to_the_own_id(void **state)
{
    (void)state;
    struct profile profile = profile_of(SPAN("bot_1"), bots_2_and_3);
    assert_true(identity_allows(&profile, no_bots, ID_BOT, SPAN("bot_1")));
    assert_true(identity_allows(&profile, no_bots, ID_BOT, SPAN("bot_3")));
    assert_false(identity_allows(&profile, no_bots, ID_BOT, SPAN("bot_4")));
    assert_span(identity_default(&profile, no_bots, ID_BOT), SPAN("bot_1"));
}

static void a_list_alone_restricts_and_injects_nothing(void **state)
{
    (void)state;
    struct profile profile = profile_of(SPAN(""), only_bot_2);
    assert_false(identity_is_free(&profile, no_bots, ID_BOT));
    assert_true(identity_allows(&profile, no_bots, ID_BOT, SPAN("bot_2")));
    assert_false(identity_allows(&profile, no_bots, ID_BOT, SPAN("bot_1")));
    assert_int_equal(identity_default(&profile, no_bots, ID_BOT).len, 0);
}

static void ids_compare_exactly(void **state)
{
    (void)state;
    struct profile profile = profile_of(SPAN("bot_1"), only_bot_2);
    assert_false(identity_allows(&profile, no_bots, ID_BOT, SPAN("BOT_1")));
    assert_false(identity_allows(&profile, no_bots, ID_BOT, SPAN("bot_1 ")));
    assert_false(identity_allows(&profile, no_bots, ID_BOT, SPAN("bot_")));
    assert_false(identity_allows(&profile, no_bots, ID_BOT, SPAN("bot_22")));
    assert_false(identity_allows(&profile, no_bots, ID_BOT, SPAN("bot_1\0")));
    assert_false(identity_allows(&profile, no_bots, ID_BOT, SPAN("*")));
}

static void an_empty_id_passes_only_where_the_caller_is_free(void **state)
{
    (void)state;
    struct profile free_profile = profile_of(SPAN(""), no_bots);
    struct profile listed = profile_of(SPAN(""), only_bot_2);
    assert_true(identity_allows(&free_profile, no_bots, ID_BOT, SPAN("")));
    assert_false(identity_allows(&listed, no_bots, ID_BOT, SPAN("")));
    assert_false(identity_allows(&free_profile, only_bot_2, ID_BOT, SPAN("")));
}

static void the_kinds_do_not_mix(void **state)
{
    (void)state;
    struct profile profile = {.ids = {[ID_BOT] = SPAN("bot_1"), [ID_WORKSPACE] = SPAN("wk_1")}};
    assert_false(identity_allows(&profile, no_bots, ID_WORKSPACE, SPAN("bot_1")));
    assert_true(identity_allows(&profile, no_bots, ID_WORKSPACE, SPAN("wk_1")));
    assert_true(identity_is_free(&profile, no_bots, ID_INTEGRATION));
    assert_span(identity_default(&profile, no_bots, ID_WORKSPACE), SPAN("wk_1"));
}

static void the_keys_bots_narrow_a_free_profile(void **state)
{
    (void)state;
    struct profile profile = profile_of(SPAN(""), no_bots);
    assert_false(identity_is_free(&profile, bots_2_and_3, ID_BOT));
    assert_true(identity_allows(&profile, bots_2_and_3, ID_BOT, SPAN("bot_3")));
    assert_false(identity_allows(&profile, bots_2_and_3, ID_BOT, SPAN("bot_1")));
}

static void the_keys_bots_never_widen_a_profile(void **state)
{
    (void)state;
    struct profile profile = profile_of(SPAN("bot_1"), only_bot_2);
    assert_true(identity_allows(&profile, bots_2_and_3, ID_BOT, SPAN("bot_2")));
    assert_false(identity_allows(&profile, bots_2_and_3, ID_BOT, SPAN("bot_3")));
    assert_false(identity_allows(&profile, bots_2_and_3, ID_BOT, SPAN("bot_1")));
}

static void the_keys_bots_bind_bots_only(void **state)
{
    (void)state;
    struct profile profile = {.ids = {[ID_WORKSPACE] = SPAN("wk_1")}};
    assert_true(identity_allows(&profile, only_bot_2, ID_WORKSPACE, SPAN("wk_1")));
    assert_span(identity_default(&profile, only_bot_2, ID_WORKSPACE), SPAN("wk_1"));
    assert_true(identity_is_free(&profile, only_bot_2, ID_INTEGRATION));
}

static void the_profiles_bot_is_not_injected_for_a_key_that_may_not_use_it(void **state)
{
    (void)state;
    struct profile profile = profile_of(SPAN("bot_1"), bots_2_and_3);
    assert_int_equal(identity_default(&profile, bots_2_and_3, ID_BOT).len, 0);
}

static void the_keys_only_bot_is_injected_if_the_profile_allows_it(void **state)
{
    (void)state;
    struct profile free_profile = profile_of(SPAN(""), no_bots);
    struct profile listed = profile_of(SPAN("bot_1"), bots_2_and_3);
    struct profile other = profile_of(SPAN("bot_1"), no_bots);
    assert_span(identity_default(&free_profile, only_bot_2, ID_BOT), SPAN("bot_2"));
    assert_span(identity_default(&listed, only_bot_2, ID_BOT), SPAN("bot_2"));
    assert_int_equal(identity_default(&other, only_bot_2, ID_BOT).len, 0);
    assert_int_equal(identity_default(&free_profile, bots_2_and_3, ID_BOT).len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_profile_that_names_nothing_leaves_the_caller_free),
        cmocka_unit_test(the_own_id_is_injected_and_nothing_else_passes),
        cmocka_unit_test(the_list_adds_to_the_own_id),
        cmocka_unit_test(a_list_alone_restricts_and_injects_nothing),
        cmocka_unit_test(ids_compare_exactly),
        cmocka_unit_test(an_empty_id_passes_only_where_the_caller_is_free),
        cmocka_unit_test(the_kinds_do_not_mix),
        cmocka_unit_test(the_keys_bots_narrow_a_free_profile),
        cmocka_unit_test(the_keys_bots_never_widen_a_profile),
        cmocka_unit_test(the_keys_bots_bind_bots_only),
        cmocka_unit_test(the_profiles_bot_is_not_injected_for_a_key_that_may_not_use_it),
        cmocka_unit_test(the_keys_only_bot_is_injected_if_the_profile_allows_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
