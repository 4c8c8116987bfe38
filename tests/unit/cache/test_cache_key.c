#include "cache/cache_key.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/text.h"

enum { FIELDS_CAP = 64 };

struct fixture {
    struct arena arena;
    struct header_list request, response;
};

static int set_up(void **state)
{
    struct fixture *fixture = xcalloc(1, sizeof *fixture);
    arena_init(&fixture->arena, 4 * MIB);
    header_list_init(&fixture->request, &fixture->arena, FIELDS_CAP);
    header_list_init(&fixture->response, &fixture->arena, FIELDS_CAP);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    arena_clear(&fixture->arena);
    free(fixture);
    return 0;
}

/* --- The primary key --- */

static struct span key_of(struct fixture *fixture, struct cache_key_parts parts)
{
    return cache_key_of(&parts, &fixture->arena);
}

static struct span query_key(struct fixture *fixture, const char *query)
{
    return key_of(fixture, (struct cache_key_parts){.path = SPAN("/v1/x"),
                                                    .query = span_of(query),
                                                    .sorts_query = true});
}

static void assert_same_query(struct fixture *fixture, const char *a, const char *b)
{
    struct span left = query_key(fixture, a), right = query_key(fixture, b);
    assert_true(left.len > 0);
    assert_true(span_equal(left, right));
}

static void assert_other_query(struct fixture *fixture, const char *a, const char *b)
{
    struct span left = query_key(fixture, a), right = query_key(fixture, b);
    assert_true(left.len > 0 && right.len > 0);
    assert_false(span_equal(left, right));
}

static void equal_parts_have_equal_keys(void **state)
{
    struct cache_key_parts parts = {.path = SPAN("/v1/hub"),
                                    .query = SPAN("a=1"),
                                    .scope = {SPAN("team"), SPAN("wkspace")},
                                    .shape = SPAN("true")};
    struct span key = key_of(*state, parts);
    assert_true(key.len > 0);
    assert_true(span_equal(key, key_of(*state, parts)));
}

static void no_part_can_stand_for_another(void **state)
{
    static const struct cache_key_parts all[] = {
        {.path = SPAN_INIT("/ab"), .query = SPAN_INIT("c")},
        {.path = SPAN_INIT("/a"), .query = SPAN_INIT("bc")},
        {.path = SPAN_INIT("/abc"), .query = SPAN_INIT("")},
        {.path = SPAN_INIT("/abc")},
        {.path = SPAN_INIT("/abc"), .sorts_query = true},
        {.path = SPAN_INIT("/abc"), .shape = SPAN_INIT("x")},
        {.path = SPAN_INIT("/abc"), .scope = {SPAN_INIT("x")}},
        {.path = SPAN_INIT("/abc"), .scope = {{NULL, 0}, SPAN_INIT("x")}},
        {.path = SPAN_INIT("/abc"), .scope = {[5] = SPAN_INIT("x")}},
        {.path = SPAN_INIT("/abc"), .scope = {SPAN_INIT("xy")}},
        {.path = SPAN_INIT("/abc"), .scope = {SPAN_INIT("x"), SPAN_INIT("y")}},
        {.path = SPAN_INIT("/abc\0\1x"), .query = SPAN_INIT("")},
        {.path = SPAN_INIT("/ABC")},
        {.path = SPAN_INIT("/%61bc")},
    };
    for (size_t i = 0; i < COUNT_OF(all); i++) {
        for (size_t j = 0; j < i; j++)
            assert_false(span_equal(key_of(*state, all[i]), key_of(*state, all[j])));
    }
}

static void an_empty_scope_is_the_same_with_memory_and_without(void **state)
{
    struct cache_key_parts none = {.path = SPAN("/a")};
    struct cache_key_parts empty = {.path = SPAN("/a"), .scope = {SPAN("")}, .shape = SPAN("")};
    assert_true(span_equal(key_of(*state, none), key_of(*state, empty)));
}

static void a_lonely_question_mark_is_no_missing_query(void **state)
{
    for (int sorts = 0; sorts < 2; sorts++) {
        struct cache_key_parts none = {.path = SPAN("/a"), .sorts_query = sorts};
        struct cache_key_parts empty = none;
        empty.query = SPAN("");
        assert_false(span_equal(key_of(*state, none), key_of(*state, empty)));
    }
}

static void order_between_names_is_no_difference(void **state)
{
    assert_same_query(*state, "a=1&b=2", "b=2&a=1");
    assert_same_query(*state, "a&b&c", "c&b&a");
    assert_same_query(*state, "a=1&b=2&a=3", "a=1&a=3&b=2");
    assert_same_query(*state, "a=1&&b=2", "&b=2&a=1");
    assert_same_query(*state, "ab=1&a=2", "a=2&ab=1");
}

static void order_within_one_name_is_a_difference(void **state)
{
    assert_other_query(*state, "a=1&a=2", "a=2&a=1");
    assert_other_query(*state, "a&a=", "a=&a");
    assert_other_query(*state, "x=0&a=1&a=2", "a=2&a=1&x=0");
}

static void a_name_is_one_however_it_is_escaped(void **state)
{
    assert_other_query(*state, "a=1&%61=2", "%61=2&a=1");
    assert_other_query(*state, "x%5b%5D=1&x[]=2", "x[]=2&x%5b%5D=1");
    assert_other_query(*state, "a+b=1&a%20b=2", "a%20b=2&a+b=1");
    assert_same_query(*state, "%62=1&a=2", "a=2&%62=1");
    assert_same_query(*state, "a%3d=1&a=2", "a=2&a%3d=1");
    assert_same_query(*state, "%=1&%4=2&%zz=3", "%zz=3&%4=2&%=1");
}

static void what_is_kept_of_a_query_is_its_bytes(void **state)
{
    assert_other_query(*state, "a=1", "%61=1");
    assert_other_query(*state, "a=1", "a=1&");
    assert_other_query(*state, "a=1&&b", "a=1&b");
    assert_other_query(*state, "a=+", "a=%20");
    assert_other_query(*state, "a=%2f", "a=%2F");
}

static void an_unsorted_query_is_byte_for_byte(void **state)
{
    struct cache_key_parts parts = {.path = SPAN("/a"), .query = SPAN("b&a")};
    struct cache_key_parts other = parts, sorts = parts;
    other.query = SPAN("a&b");
    sorts.sorts_query = true;
    assert_false(span_equal(key_of(*state, parts), key_of(*state, other)));
    assert_false(span_equal(key_of(*state, other), key_of(*state, sorts)));
}

static void put_name(char *to, unsigned number)
{
    for (unsigned i = 0; i < 3; i++, number /= 26)
        to[2 - i] = (char)('a' + number % 26);
    to[3] = '&';
}

/* As many as fit, counting down: the worst for a sort by insertion, which takes minutes for these. */
static void thousands_of_parameters_take_no_square_of_time(void **state)
{
    struct fixture *fixture = *state;
    enum { COUNT = 4000, LEN = 4 * COUNT - 1 };
    static char up[4 * COUNT], down[4 * COUNT];
    for (unsigned i = 0; i < COUNT; i++) {
        put_name(up + (size_t)4 * i, i);
        put_name(down + (size_t)4 * i, COUNT - 1 - i);
    }
    for (unsigned i = 0; i < 200; i++) {
        arena_clear(&fixture->arena);
        struct cache_key_parts parts = {.query = {up, LEN}, .sorts_query = true};
        struct span key = key_of(fixture, parts);
        parts.query.at = down;
        assert_true(key.len > LEN);
        assert_true(span_equal(key, key_of(fixture, parts)));
    }
}

static void a_key_ends_at_its_bound(void **state)
{
    struct fixture *fixture = *state;
    static char text[CACHE_KEY_MAX + 1];
    memset(text, '&', sizeof text);
    struct cache_key_parts parts = {.path = {text, 1}};
    size_t rest = CACHE_KEY_MAX - key_of(fixture, parts).len;
    parts.path.len = 1 + rest;
    assert_int_equal(key_of(fixture, parts).len, CACHE_KEY_MAX);
    parts.path.len++;
    assert_int_equal(key_of(fixture, parts).len, 0);
    parts.path.len = 1;
    for (int sorts = 0; sorts < 2; sorts++) {
        parts.sorts_query = sorts;
        parts.query = (struct span){text, rest};
        assert_int_equal(key_of(fixture, parts).len, CACHE_KEY_MAX);
        parts.query.len++;
        assert_int_equal(key_of(fixture, parts).len, 0);
        parts.query.len = sizeof text;
        assert_int_equal(key_of(fixture, parts).len, 0);
    }
    parts.query = (struct span){NULL, 0};
    parts.scope[5] = (struct span){text, sizeof text};
    assert_int_equal(key_of(fixture, parts).len, 0);
}

/* --- Vary --- */

static void add(struct header_list *list, const char *name, const char *value)
{
    assert_true(header_list_add(list, span_of(name), span_of(value)));
}

static void assert_names(struct fixture *fixture, const char *expected)
{
    bool is_any;
    struct span names = cache_key_vary_names(&fixture->response, &fixture->arena, &is_any);
    assert_false(is_any);
    assert_true(span_equal(names, span_of(expected)));
}

static void assert_any(struct fixture *fixture)
{
    bool is_any = false;
    struct span names = cache_key_vary_names(&fixture->response, &fixture->arena, &is_any);
    assert_true(is_any);
    assert_int_equal(names.len, 0);
}

static void without_vary_there_are_no_names(void **state)
{
    struct fixture *fixture = *state;
    add(&fixture->response, "accept", "x");
    assert_names(fixture, "");
    add(&fixture->response, "vary", "");
    add(&fixture->response, "Vary", " , ,");
    assert_names(fixture, "");
}

static void names_are_lower_case_sorted_and_once(void **state)
{
    struct fixture *fixture = *state;
    add(&fixture->response, "Vary", "X-B, accept-ENCODING,,Accept ,x-b");
    add(&fixture->response, "vary", "a, ACCEPT");
    assert_names(fixture, "a,accept,accept-encoding,x-b");
}

/* RFC 9111 §4.1: a "*" member always fails to match. */
static void a_star_anywhere_matches_nothing(void **state)
{
    struct fixture *fixture = *state;
    add(&fixture->response, "Vary", "accept");
    add(&fixture->response, "Vary", "accept-encoding, *");
    assert_any(fixture);
}

static void what_is_no_name_matches_nothing(void **state)
{
    static const char *const values[] = {"a b", "\"a\"", "a;b", "a:", "(", "a, b/c"};
    struct fixture *fixture = *state;
    for (size_t i = 0; i < COUNT_OF(values); i++) {
        fixture->response.count = 0;
        add(&fixture->response, "Vary", values[i]);
        assert_any(fixture);
    }
}

static void more_than_32_names_match_nothing(void **state)
{
    struct fixture *fixture = *state;
    for (int i = 0; i < 32; i++) {
        add(&fixture->response, "Vary", arena_format(&fixture->arena, "n%d", i).at);
        add(&fixture->response, "Vary", "n0, N0");
        fixture->response.at[fixture->response.count - 2].value =
            arena_format(&fixture->arena, "n%d", i);
    }
    bool is_any;
    assert_true(cache_key_vary_names(&fixture->response, &fixture->arena, &is_any).len > 0);
    assert_false(is_any);
    fixture->response.at[1].value = SPAN("n32");
    assert_any(fixture);
}

static struct span selected(struct fixture *fixture, const char *vary)
{
    return cache_key_with_vary(SPAN("primary"), span_of(vary), &fixture->request, &fixture->arena);
}

/* The key of the only response selected by this one field. */
static struct span selected_by(struct fixture *fixture, const char *name, const char *value)
{
    fixture->request.count = 0;
    add(&fixture->request, name, value);
    return selected(fixture, name);
}

static void assert_selects(struct fixture *fixture, const char *name, const char *a, const char *b,
                           bool is_same)
{
    struct span left = selected_by(fixture, name, a);
    assert_true(span_equal(left, selected_by(fixture, name, b)) == is_same);
}

static void without_names_the_primary_key_selects(void **state)
{
    assert_true(span_equal(selected(*state, ""), SPAN("primary")));
}

static void what_has_no_primary_key_has_no_other(void **state)
{
    struct fixture *fixture = *state;
    struct span key =
        cache_key_with_vary((struct span){NULL, 0}, SPAN("a"), &fixture->request, &fixture->arena);
    assert_int_equal(key.len, 0);
    assert_int_equal(cache_key_of_form(key, 1, &fixture->arena).len, 0);
}

/* RFC 9111 §4.1: absent matches absent only. */
static void absent_differs_from_empty(void **state)
{
    struct fixture *fixture = *state;
    struct span absent = selected(fixture, "x-a");
    assert_true(absent.len > 0);
    assert_false(span_equal(absent, selected_by(fixture, "x-a", "")));
}

static void names_of_request_fields_are_found_in_any_case(void **state)
{
    struct fixture *fixture = *state;
    add(&fixture->request, "X-A", "1");
    struct span key = selected(fixture, "x-a");
    assert_true(span_equal(key, selected_by(fixture, "x-a", "1")));
}

/* RFC 9111 §4.1: "combining multiple header field lines with the same field name". */
static void lines_are_joined(void **state)
{
    struct fixture *fixture = *state;
    add(&fixture->request, "x-a", "1");
    add(&fixture->request, "other", "0");
    add(&fixture->request, "X-a", "2");
    struct span key = selected(fixture, "x-a");
    assert_true(span_equal(key, selected_by(fixture, "x-a", "1,2")));
    assert_false(span_equal(key, selected_by(fixture, "x-a", "2,1")));
}

static void an_empty_line_is_an_empty_member(void **state)
{
    struct fixture *fixture = *state;
    add(&fixture->request, "x-a", "");
    add(&fixture->request, "x-a", "1");
    struct span key = selected(fixture, "x-a");
    assert_false(span_equal(key, selected_by(fixture, "x-a", "1")));
    assert_true(span_equal(key, selected_by(fixture, "x-a", ",1")));
}

/* RFC 9111 §4.1: "adding or removing whitespace, where allowed in the header field's syntax". */
static void white_space_around_commas_of_lists_is_no_difference(void **state)
{
    struct fixture *fixture = *state;
    assert_selects(fixture, "accept-encoding", "gzip, br", "gzip,br", true);
    assert_selects(fixture, "accept-encoding", "gzip \t ,\t br", "gzip,br", true);
    assert_selects(fixture, "accept-encoding", "gzip,  ,br", "gzip,,br", true);
    assert_selects(fixture, "accept", "text/html;q=1 , a/b", "text/html;q=1,a/b", true);
    assert_selects(fixture, "x-filter", "a, b", "a,b", true);
    assert_selects(fixture, "accept-language", "a b", "ab", false);
}

static void white_space_in_quotes_is_a_difference(void **state)
{
    struct fixture *fixture = *state;
    assert_selects(fixture, "accept", "a/b;x=\"1 , 2\"", "a/b;x=\"1,2\"", false);
    assert_selects(fixture, "accept", "a/b;x=\"1, 2\"", "a/b;x=\"1,2\"", false);
    assert_selects(fixture, "accept", "a/b;x=\"1 ,2\"", "a/b;x=\"1,2\"", false);
    assert_selects(fixture, "accept", "a/b;x=\"\\\" , 2\"", "a/b;x=\"\\\",2\"", false);
    assert_selects(fixture, "accept", "a/b;x=\"1\" , c/d", "a/b;x=\"1\",c/d", true);
    assert_selects(fixture, "accept", "a/b;x=\"1 , c/d", "a/b;x=\"1,c/d", false);
    assert_selects(fixture, "accept", "\"\\", "\"", false);
}

/* RFC 9110 §12.5.2 to §12.5.4: weights decide, case and order do not. */
static void order_and_case_of_what_is_a_set_are_no_difference(void **state)
{
    assert_selects(*state, "accept-language", "de, en", "EN,de", true);
    assert_selects(*state, "accept-encoding", "br;q=0.5, gzip", "gzip, br;q=0.5", true);
    assert_selects(*state, "accept-language", "de, en", "de, en;q=0.5", false);
    assert_selects(*state, "accept", "a/b, c/d", "c/d, a/b", false);
    assert_selects(*state, "x-filter", "a, b", "b, a", false);
}

static void other_names_with_the_same_values_are_another_key(void **state)
{
    struct fixture *fixture = *state;
    add(&fixture->request, "a", "1");
    add(&fixture->request, "b", "1");
    assert_false(span_equal(selected(fixture, "a"), selected(fixture, "b")));
    assert_false(span_equal(selected(fixture, "a"), selected(fixture, "a,b")));
    assert_false(span_equal(selected(fixture, "a"), selected(fixture, "a,c")));
}

static void values_do_not_run_into_each_other(void **state)
{
    struct fixture *fixture = *state;
    add(&fixture->request, "a", "1");
    add(&fixture->request, "b", "23");
    struct span key = selected(fixture, "a,b");
    fixture->request.at[0].value = SPAN("12");
    fixture->request.at[1].value = SPAN("3");
    assert_false(span_equal(key, selected(fixture, "a,b")));
}

static void a_selected_key_is_bounded(void **state)
{
    struct fixture *fixture = *state;
    static char text[CACHE_KEY_MAX + 1];
    memset(text, 'x', CACHE_KEY_MAX);
    assert_int_equal(selected_by(fixture, "a", text).len, 0);
    char names[] = "a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q,r,s,t,u,v,w,x,y,z,1,2,3,4,5,6,7";
    assert_int_equal(selected(fixture, names).len, 0); /* as nobody writes it: from Redis */
    names[sizeof names - 3] = '\0';
    fixture->request.count = 0;
    assert_true(selected(fixture, names).len > 0);
}

/* --- Other forms --- */

static void a_form_has_a_key_of_its_own_for_each_fetch(void **state)
{
    struct fixture *fixture = *state;
    struct arena *arena = &fixture->arena;
    struct span primary = key_of(fixture, (struct cache_key_parts){.path = SPAN("/a")});
    struct span form = cache_key_of_form(primary, 1, arena);
    assert_true(form.len > primary.len);
    assert_true(span_equal(form, cache_key_of_form(primary, 1, arena)));
    assert_false(span_equal(form, cache_key_of_form(primary, 2, arena)));
    assert_false(span_equal(form, cache_key_of_form(primary, UINT64_C(1) << 56, arena)));
    assert_false(span_equal(form, cache_key_of_form(form, 1, arena)));
    add(&fixture->request, "a", "12345678");
    struct span by_a = cache_key_with_vary(primary, SPAN("a"), &fixture->request, arena);
    assert_false(span_equal(by_a, cache_key_of_form(primary, 1, arena)));
    assert_false(span_equal(cache_key_of_form(by_a, 1, arena),
                            cache_key_with_vary(primary, SPAN("a,b,c"), &fixture->request, arena)));
}

static void a_form_of_the_longest_key_has_none(void **state)
{
    struct fixture *fixture = *state;
    static char text[CACHE_KEY_MAX];
    struct span longest = {text, sizeof text};
    assert_int_equal(cache_key_of_form(longest, 1, &fixture->arena).len, 0);
}

#define WITH_LISTS(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_LISTS(equal_parts_have_equal_keys),
        WITH_LISTS(no_part_can_stand_for_another),
        WITH_LISTS(an_empty_scope_is_the_same_with_memory_and_without),
        WITH_LISTS(a_lonely_question_mark_is_no_missing_query),
        WITH_LISTS(order_between_names_is_no_difference),
        WITH_LISTS(order_within_one_name_is_a_difference),
        WITH_LISTS(a_name_is_one_however_it_is_escaped),
        WITH_LISTS(what_is_kept_of_a_query_is_its_bytes),
        WITH_LISTS(an_unsorted_query_is_byte_for_byte),
        WITH_LISTS(thousands_of_parameters_take_no_square_of_time),
        WITH_LISTS(a_key_ends_at_its_bound),
        WITH_LISTS(without_vary_there_are_no_names),
        WITH_LISTS(names_are_lower_case_sorted_and_once),
        WITH_LISTS(a_star_anywhere_matches_nothing),
        WITH_LISTS(what_is_no_name_matches_nothing),
        WITH_LISTS(more_than_32_names_match_nothing),
        WITH_LISTS(without_names_the_primary_key_selects),
        WITH_LISTS(what_has_no_primary_key_has_no_other),
        WITH_LISTS(absent_differs_from_empty),
        WITH_LISTS(names_of_request_fields_are_found_in_any_case),
        WITH_LISTS(lines_are_joined),
        WITH_LISTS(an_empty_line_is_an_empty_member),
        WITH_LISTS(white_space_around_commas_of_lists_is_no_difference),
        WITH_LISTS(white_space_in_quotes_is_a_difference),
        WITH_LISTS(order_and_case_of_what_is_a_set_are_no_difference),
        WITH_LISTS(other_names_with_the_same_values_are_another_key),
        WITH_LISTS(values_do_not_run_into_each_other),
        WITH_LISTS(a_selected_key_is_bounded),
        WITH_LISTS(a_form_has_a_key_of_its_own_for_each_fetch),
        WITH_LISTS(a_form_of_the_longest_key_has_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
