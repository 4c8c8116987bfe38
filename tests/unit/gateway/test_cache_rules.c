#include "gateway/cache_rules.h"

#include "base/text.h"
#include "gateway/operation_list.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

struct scene {
    struct arena arena;
    struct route_catalogue *catalogue;
    struct cache_rules rules;
};

static int set_up(void **state)
{
    struct scene *scene = xcalloc(1, sizeof(*scene));
    arena_init(&scene->arena, MIB);
    scene->catalogue = route_catalogue_create();
    cache_rules_build(&scene->rules, NULL, 0, &scene->arena);
    *state = scene;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *scene = *state;
    route_catalogue_destroy(scene->catalogue);
    arena_clear(&scene->arena);
    free(scene);
    return 0;
}

static const struct cache_rule *ask(struct scene *scene, enum method method, const char *target)
{
    struct span query = span_of(target);
    struct span path = span_cut(&query, '?');
    struct route_match match;
    (void)route_match(scene->catalogue, method, path, &match);
    return cache_rules_for(&scene->rules, &match, query);
}

static void assert_rule(const struct cache_rule *rule, enum cache_rule_kind kind, uint32_t ttl_s,
                        uint32_t stale_s)
{
    assert_int_equal(rule->kind, kind);
    assert_int_equal(rule->ttl_s, ttl_s);
    assert_int_equal(rule->stale_s, stale_s);
}

enum { MINUTE = 60, HOUR = 3600, DAY = 86400 };

static void an_operation_has_the_rule_of_its_class(void **state)
{
    static const struct {
        const char *target;
        enum cache_rule_kind kind;
        uint32_t ttl_s, stale_s;
    } cases[] = {
        {"/v1/admin/hub/integrations/gmail/1.0.0", CACHE_RULE_DEFAULT, HOUR, 7 * DAY},
        {"/v1/admin/hub/integrations/intver_1", CACHE_RULE_DEFAULT, HOUR, 7 * DAY},
        {"/v1/admin/hub/integrations", CACHE_RULE_DEFAULT, MINUTE, DAY},
        {"/v1/admin/hub/integrations?search=latest-news", CACHE_RULE_DEFAULT, MINUTE, DAY},
        {"/v1/admin/workspaces/public", CACHE_RULE_DEFAULT, 5 * MINUTE, DAY},
        {"/v1/admin/bots/b1", CACHE_RULE_DEFAULT, 15, 5 * MINUTE},
        {"/v1/admin/usages/u1?type=invocation_calls", CACHE_RULE_DEFAULT, 30, 5 * MINUTE},
        {"/v1/chat/messages", CACHE_RULE_NEVER, 0, 0},
        {"/v1/files/f1", CACHE_RULE_NEVER, 0, 0},
        {"/v1/nowhere", CACHE_RULE_NEVER, 0, 0},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_rule(ask(*state, METHOD_GET, cases[i].target), cases[i].kind, cases[i].ttl_s,
                    cases[i].stale_s);
}

static void latest_counts_as_a_list_in_path_and_query(void **state)
{
    static const char *const lists[] = {
        "/v1/admin/hub/integrations/gmail/latest",
        "/v1/admin/hub/integrations/gmail/%6cates%74",
        "/v1/admin/hub/plugins/p1/dereferenced?version=latest",
        "/v1/admin/hub/plugins/p1/dereferenced?a=1&version=%6Catest&b",
    };
    static const char *const exact[] = {
        "/v1/admin/hub/integrations/gmail/latest2",
        "/v1/admin/hub/integrations/gmail/lates",
        "/v1/admin/hub/integrations/gmail/1.0.0?latest=1",
        "/v1/admin/hub/integrations/gmail/1.0.0?v=latest%6",
        "/v1/admin/hub/integrations/gmail/1.0.0?v=lates%7",
        "/v1/admin/hub/integrations/gmail/1.0.0?v=%",
        "/v1/admin/hub/integrations/gmail/1.0.0?",
    };
    for (size_t i = 0; i < COUNT_OF(lists); i++)
        assert_rule(ask(*state, METHOD_GET, lists[i]), CACHE_RULE_DEFAULT, MINUTE, DAY);
    for (size_t i = 0; i < COUNT_OF(exact); i++)
        assert_rule(ask(*state, METHOD_GET, exact[i]), CACHE_RULE_DEFAULT, HOUR, 7 * DAY);
}

static void head_has_the_rule_of_get_and_a_write_has_none(void **state)
{
    assert_rule(ask(*state, METHOD_HEAD, "/v1/admin/bots/b1"), CACHE_RULE_DEFAULT, 15, 5 * MINUTE);
    assert_rule(ask(*state, METHOD_PUT, "/v1/admin/bots/b1"), CACHE_RULE_NEVER, 0, 0);
    for (size_t i = 0; i < operation_count(); i++) {
        if (operation_at(i)->cache != CACHE_NEVER)
            assert_int_equal(operation_at(i)->method, METHOD_GET);
    }
}

static struct cache_override override_of(struct scene *scene, const char *pattern,
                                         struct cache_rule rule, bool keeps_stale)
{
    struct cache_override override = {.rule = rule, .keeps_stale = keeps_stale};
    struct scope_error error;
    const struct span list[] = {span_of(pattern)};
    assert_int_equal(scope_compile(&override.operations, list, 1, operation_list(&scene->arena),
                                   operation_count(), &error),
                     OK);
    return override;
}

static void the_last_rule_of_the_operator_wins(void **state)
{
    struct scene *scene = *state;
    const struct cache_override overrides[] = {
        override_of(scene, "hub", (struct cache_rule){CACHE_RULE_OPERATOR, 10, 20}, false),
        override_of(scene, "getPublic*", (struct cache_rule){CACHE_RULE_FORCE, 30, 0}, true),
        override_of(scene, "listPublicPlugins", (struct cache_rule){CACHE_RULE_NEVER, 0, 0}, false),
        override_of(scene, "chat", (struct cache_rule){CACHE_RULE_OPERATOR, 5, 0}, true),
    };
    cache_rules_build(&scene->rules, overrides, COUNT_OF(overrides), &scene->arena);
    assert_rule(ask(scene, METHOD_GET, "/v1/admin/hub/integrations"), CACHE_RULE_OPERATOR, 10, 20);
    assert_rule(ask(scene, METHOD_GET, "/v1/admin/hub/integrations/gmail/1.0.0"), CACHE_RULE_FORCE,
                30, 7 * DAY);
    assert_rule(ask(scene, METHOD_GET, "/v1/admin/hub/integrations/gmail/latest"), CACHE_RULE_FORCE,
                30, 7 * DAY);
    assert_rule(ask(scene, METHOD_GET, "/v1/admin/hub/plugins"), CACHE_RULE_NEVER, 0, 0);
    assert_rule(ask(scene, METHOD_GET, "/v1/chat/users"), CACHE_RULE_OPERATOR, 5, 0);
    assert_rule(ask(scene, METHOD_POST, "/v1/chat/users"), CACHE_RULE_NEVER, 0, 0);
    assert_rule(ask(scene, METHOD_GET, "/v1/admin/bots/b1"), CACHE_RULE_DEFAULT, 15, 5 * MINUTE);
}

static int source_of(struct scene *scene, enum method method, const char *path)
{
    struct route_match match;
    (void)route_match(scene->catalogue, method, span_of(path), &match);
    return cache_rules_override_of(&scene->rules, &match);
}

static void a_rule_says_where_it_comes_from(void **state)
{
    struct scene *scene = *state;
    struct route_match match;
    const struct cache_override overrides[] = {
        override_of(scene, "hub", (struct cache_rule){CACHE_RULE_OPERATOR, 10, 20}, false),
        override_of(scene, "getPublic*", (struct cache_rule){CACHE_RULE_FORCE, 30, 0}, true),
    };
    cache_rules_build(&scene->rules, overrides, COUNT_OF(overrides), &scene->arena);
    assert_int_equal(source_of(scene, METHOD_GET, "/v1/admin/hub/integrations"), 0);
    assert_int_equal(source_of(scene, METHOD_GET, "/v1/admin/hub/integrations/gmail/1.0.0"), 1);
    assert_int_equal(source_of(scene, METHOD_GET, "/v1/admin/bots/b1"), -1);
    assert_int_equal(source_of(scene, METHOD_GET, "/nowhere"), -1);
    (void)route_match(scene->catalogue, METHOD_GET, SPAN("/v1/admin/hub/integrations/gmail/latest"),
                      &match);
    assert_int_equal(cache_rules_class_of(&match, SPAN("")), CACHE_HUB_LIST);
    (void)route_match(scene->catalogue, METHOD_GET, SPAN("/v1/admin/hub/integrations/gmail/1.0.0"),
                      &match);
    assert_int_equal(cache_rules_class_of(&match, SPAN("")), CACHE_HUB_EXACT);
    scene->rules.is_generic = true;
    assert_int_equal(source_of(scene, METHOD_GET, "/v1/admin/hub/integrations"), -1);
}

static void without_a_catalogue_the_answers_say_it_themselves(void **state)
{
    struct scene *scene = *state;
    scene->rules.is_generic = true;
    assert_rule(ask(scene, METHOD_GET, "/v1/admin/bots/b1"), CACHE_RULE_RFC, 0, 0);
    assert_rule(ask(scene, METHOD_GET, "/any"), CACHE_RULE_RFC, 0, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_operation_has_the_rule_of_its_class, set_up, tear_down),
        cmocka_unit_test_setup_teardown(latest_counts_as_a_list_in_path_and_query, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(head_has_the_rule_of_get_and_a_write_has_none, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_last_rule_of_the_operator_wins, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_rule_says_where_it_comes_from, set_up, tear_down),
        cmocka_unit_test_setup_teardown(without_a_catalogue_the_answers_say_it_themselves, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
