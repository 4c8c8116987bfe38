#include "admin/purge.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "botpress/route_catalogue.h"
#include "cache/tags.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct arena arena;

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena, 4 * MIB);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_clear(&arena);
    return 0;
}

static struct purge read_good(const char *body)
{
    struct purge purge;
    struct span fault = purge_read(span_of(body), &arena, &purge);
    if (fault.len > 0)
        print_error("%.*s\n", (int)fault.len, fault.at);
    assert_int_equal(fault.len, 0);
    return purge;
}

static bool has_slot(const struct purge *purge, const char *name)
{
    for (size_t i = 0; i < purge->slot_count; i++) {
        if (purge->slots[i] == tag_slot(span_of(name)))
            return true;
    }
    return false;
}

static void tags_and_urls_become_slots(void **state)
{
    (void)state;
    struct purge purge = read_good("{\"tags\":[\"bot:b1\",\"workspaces\"],"
                                   "\"urls\":[\"/v1/a?b=1\",\"https://x.test:1/v1/c\"]}");
    assert_int_equal(purge.tags, 2);
    assert_int_equal(purge.urls, 2);
    assert_int_equal(purge.operations, 0);
    assert_int_equal(purge.slot_count, 4);
    assert_true(has_slot(&purge, "bot:b1"));
    assert_true(has_slot(&purge, "workspaces"));
    assert_true(has_slot(&purge, "url:/v1/a?b=1"));
    assert_true(has_slot(&purge, "url:/v1/c"));
    assert_false(purge.is_all);
    assert_false(purge.is_hard);
}

static void operations_are_named_as_in_a_scope(void **state)
{
    (void)state;
    struct purge purge = read_good("{\"operations\":[\"getBot\"],\"hard\":true}");
    assert_int_equal(purge.operations, 1);
    assert_true(has_slot(&purge, "op:getBot"));
    assert_true(purge.is_hard);
    purge = read_good("{\"operations\":[\"hub\",\"!listPublic*\"]}");
    assert_true(has_slot(&purge, "op:getPublicIntegration"));
    assert_false(has_slot(&purge, "op:listPublicPlugins"));
    assert_int_equal(purge.slot_count, purge.operations);
}

static void many_lists_of_all_operations_have_room(void **state)
{
    (void)state;
    struct purge purge = read_good("{\"operations\":[\"all\",\"all\",\"read\",\"hub.*\"],"
                                   "\"tags\":[\"a\"],\"urls\":[\"/\"]}");
    assert_true(purge.operations > 100);
    assert_true(purge.operations <= operation_count());
    assert_int_equal(purge.slot_count, purge.operations + 2);
}

static void everything_is_named_by_all(void **state)
{
    (void)state;
    struct purge purge = read_good("{\"all\":true}");
    assert_true(purge.is_all);
    assert_int_equal(purge.slot_count, 0);
    assert_true(read_good("{\"all\":false,\"tags\":[\"a\"]}").slot_count == 1);
}

static void a_body_that_fills_its_bound_is_read(void **state)
{
    (void)state;
    enum { COUNT = 16000 };
    char *body = xmalloc(64 * KIB);
    size_t len = (size_t)snprintf(body, 64 * KIB, "{\"tags\":[");
    for (size_t i = 0; i < COUNT; i++)
        len += (size_t)snprintf(body + len, 64 * KIB - len, "%s\"t\"", i > 0 ? "," : "");
    (void)snprintf(body + len, 64 * KIB - len, "]}");
    assert_int_equal(read_good(body).tags, COUNT);
    free(body);
}

static void what_is_wrong_is_said(void **state)
{
    (void)state;
    static const struct {
        const char *body, *fault;
    } cases[] = {
        {"", "The body is empty: send JSON such as {\"tags\": [\"bot:b1\"]}."},
        {"[]", "The body must be a JSON object such as {\"tags\": [\"bot:b1\"]}."},
        {"{}", "The body names nothing to purge: write tags, urls, operations, or \"all\": true."},
        {"{\"all\":false,\"tags\":[]}",
         "The body names nothing to purge: write tags, urls, operations, or \"all\": true."},
        {"{\"tag\":[\"a\"]}", "\"tag\" is no member of a purge; there are tags, urls, operations, "
                              "all and hard."},
        {"{\"tags\":\"a\"}",
         "tags must be a list of texts, none of them empty or longer than 8192 bytes."},
        {"{\"tags\":[\"\"]}",
         "tags must be a list of texts, none of them empty or longer than 8192 bytes."},
        {"{\"urls\":[1]}",
         "urls must be a list of texts, none of them empty or longer than 8192 bytes."},
        {"{\"urls\":[\"v1/x\"]}", "\"v1/x\" in urls is no URL: write path and query, as in "
                                  "/v1/admin/hub/integrations?limit=5."},
        {"{\"urls\":[\"*\"]}", "\"*\" in urls is no URL: write path and query, as in "
                               "/v1/admin/hub/integrations?limit=5."},
        {"{\"urls\":[\"http://x.test?a\"]}",
         "\"http://x.test?a\" in urls is no URL: write path "
         "and query, as in /v1/admin/hub/integrations?limit=5."},
        {"{\"urls\":[\"/a\\nb\"]}", "\"/a?b\" in urls is no URL: write path and query, as in "
                                    "/v1/admin/hub/integrations?limit=5."},
        {"{\"operations\":[\"getBots\"]}",
         "operations: \"getBots\" matches no operation: did you mean getBot?"},
        {"{\"all\":1}", "all must be true or false."},
        {"{\"hard\":\"yes\"}", "hard must be true or false."},
        {"{\"tags\":[\"a\"],\"tags\":[\"b\"]}", "The body is not valid JSON: line 1, column "},
        {"{\"tags\":[\"a\\u0000b\"]}", "The body is not valid JSON: line 1, column "},
        {"{\"tags\":[\"a\"]} x", "The body is not valid JSON: line 1, column "},
        {"{\"tags\":[\"\xff\"]}", "The body is not valid JSON: line 1, column "},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct purge purge;
        struct span fault = purge_read(span_of(cases[i].body), &arena, &purge);
        char text[512];
        size_t len = strlen(cases[i].fault);
        /* Behind the column are the words of the library, which differ by its release. */
        bool is_whole = cases[i].fault[len - 1] == '.';
        (void)snprintf(text, sizeof(text), "%.*s", (int)(is_whole ? fault.len : len), fault.at);
        assert_string_equal(text, cases[i].fault);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(tags_and_urls_become_slots, set_up, tear_down),
        cmocka_unit_test_setup_teardown(operations_are_named_as_in_a_scope, set_up, tear_down),
        cmocka_unit_test_setup_teardown(many_lists_of_all_operations_have_room, set_up, tear_down),
        cmocka_unit_test_setup_teardown(everything_is_named_by_all, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_body_that_fills_its_bound_is_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_wrong_is_said, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
