#include "http/header_list.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/text.h"

enum { CAP = 16 };

struct fixture {
    struct arena arena;
    struct header_list list;
};

static int set_up(void **state)
{
    struct fixture *fixture = xcalloc(1, sizeof *fixture);
    arena_init(&fixture->arena, 64 * KIB);
    header_list_init(&fixture->list, &fixture->arena, CAP);
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

static void add(struct header_list *list, const char *name, const char *value)
{
    assert_true(header_list_add(list, span_of(name), span_of(value)));
}

static void assert_names(const struct header_list *list, const char *const *names, size_t count)
{
    assert_int_equal(list->count, count);
    for (size_t i = 0; i < count; i++)
        assert_true(span_equal(list->at[i].name, span_of(names[i])));
}

static void fields_keep_order_and_spelling_and_know_their_id(void **state)
{
    struct header_list *list = &((struct fixture *)*state)->list;
    add(list, "HoSt", "a");
    add(list, "X-Other", "b");
    add(list, "host", "c");
    static const char *const names[] = {"HoSt", "X-Other", "host"};
    assert_names(list, names, 3);
    assert_int_equal(list->at[0].id, HEADER_HOST);
    assert_int_equal(list->at[1].id, HEADER_OTHER);
    assert_int_equal(header_list_count(list, HEADER_HOST), 2);
    assert_int_equal(header_list_count(list, HEADER_VIA), 0);
}

static void known_names_are_added_in_lower_case(void **state)
{
    struct header_list *list = &((struct fixture *)*state)->list;
    assert_true(header_list_add_known(list, HEADER_X_BOT_ID, SPAN("bot")));
    assert_true(span_equal(list->at[0].name, SPAN("x-bot-id")));
    assert_int_equal(list->at[0].id, HEADER_X_BOT_ID);
}

static void a_full_list_takes_no_more(void **state)
{
    struct header_list *list = &((struct fixture *)*state)->list;
    for (size_t i = 0; i < CAP; i++)
        add(list, "a", "b");
    assert_false(header_list_add(list, SPAN("a"), SPAN("b")));
    assert_false(header_list_add_known(list, HEADER_DATE, SPAN("b")));
    assert_int_equal(list->count, CAP);
}

static void the_first_of_equal_fields_is_found(void **state)
{
    struct header_list *list = &((struct fixture *)*state)->list;
    add(list, "Via", "1");
    add(list, "via", "2");
    add(list, "X-Thing", "3");
    assert_ptr_equal(header_list_find(list, HEADER_VIA), &list->at[0]);
    assert_null(header_list_find(list, HEADER_DATE));
    assert_ptr_equal(header_list_find_name(list, SPAN("x-tHING")), &list->at[2]);
    assert_null(header_list_find_name(list, SPAN("x-thin")));
    assert_null(header_list_find_name(list, SPAN("")));
}

static void the_value_of_a_field_that_is_not_there_is_empty(void **state)
{
    struct header_list *list = &((struct fixture *)*state)->list;
    add(list, "host", "a");
    add(list, "host", "b");
    assert_true(span_equal(header_list_value(list, HEADER_HOST), SPAN("a")));
    assert_int_equal(header_list_value(list, HEADER_VIA).len, 0);
}

static void removing_takes_all_of_an_id_and_keeps_the_order(void **state)
{
    struct header_list *list = &((struct fixture *)*state)->list;
    add(list, "cookie", "1");
    add(list, "a", "2");
    add(list, "Cookie", "3");
    add(list, "b", "4");
    header_list_remove(list, HEADER_COOKIE);
    static const char *const names[] = {"a", "b"};
    assert_names(list, names, 2);
    header_list_remove(list, HEADER_COOKIE);
    assert_int_equal(list->count, 2);
}

static bool has_value(const struct header *header, const void *value)
{
    return span_equal(header->value, *(const struct span *)value);
}

static void removing_may_ask_a_question(void **state)
{
    struct header_list *list = &((struct fixture *)*state)->list;
    add(list, "a", "x");
    add(list, "b", "y");
    add(list, "c", "x");
    struct span unwanted = SPAN("x");
    header_list_remove_if(list, has_value, &unwanted);
    static const char *const names[] = {"b"};
    assert_names(list, names, 1);
}

static void lines_stand_for_fields_until_one_of_them_is_removed(void **state)
{
    struct fixture *fixture = *state;
    struct header_list *list = &fixture->list;
    const struct header kept[] = {{SPAN("Date"), SPAN("now"), HEADER_DATE},
                                  {SPAN("a"), SPAN("x"), HEADER_OTHER}};
    header_list_push_lines(list, kept, 2, SPAN("Date: now\r\na: x\r\n"));
    add(list, "etag", "1");
    add(list, "b", "y");
    assert_non_null(header_list_find(list, HEADER_DATE));
    assert_null(header_list_find(list, HEADER_AGE));
    header_list_remove(list, HEADER_ETAG);
    header_list_remove(list, HEADER_AGE);
    assert_int_equal(list->line_count, 2);
    assert_int_equal(list->count, 3);

    struct header_list copy = header_list_copy(list, &fixture->arena, 0);
    struct span unwanted = SPAN("x");
    header_list_remove_if(list, has_value, &unwanted);
    assert_int_equal(list->line_count, 0);
    static const char *const names[] = {"Date", "b"};
    assert_names(list, names, 2);
    assert_int_equal(copy.line_count, 2);
    assert_true(span_equal(copy.lines, SPAN("Date: now\r\na: x\r\n")));
    header_list_remove(&copy, HEADER_DATE);
    assert_int_equal(copy.line_count, 0);
}

static void elements_are_found_in_any_line_and_case(void **state)
{
    struct header_list *list = &((struct fixture *)*state)->list;
    add(list, "Connection", "");
    add(list, "Connection", ", foo ,,\tCLOSE\t,");
    add(list, "connection", "keep-alive");
    assert_true(header_list_has_element(list, HEADER_CONNECTION, SPAN("close")));
    assert_true(header_list_has_element(list, HEADER_CONNECTION, SPAN("Keep-Alive")));
    assert_false(header_list_has_element(list, HEADER_CONNECTION, SPAN("clos")));
    assert_false(header_list_has_element(list, HEADER_CONNECTION, SPAN("foo close")));
    assert_false(header_list_has_element(list, HEADER_VIA, SPAN("foo")));
}

static void hop_by_hop_rows_are_removed(void **state)
{
    struct header_list *list = &((struct fixture *)*state)->list;
    add(list, "Keep-Alive", "timeout=5");
    add(list, "Host", "a");
    add(list, "Proxy-Connection", "close");
    add(list, "TE", "trailers");
    add(list, "Trailer", "x");
    add(list, "Transfer-Encoding", "chunked");
    add(list, "Upgrade", "h2c");
    add(list, "Proxy-Authorization", "Basic x");
    add(list, "Content-Length", "5");
    header_list_remove_hop_by_hop(list);
    static const char *const names[] = {"Host", "Content-Length"};
    assert_names(list, names, 2);
}

static void what_connection_names_is_removed_wherever_it_stands(void **state)
{
    struct header_list *list = &((struct fixture *)*state)->list;
    add(list, "X-Before", "1");
    add(list, "Connection", "close, x-BEFORE");
    add(list, "Accept", "2");
    add(list, "X-After", "3");
    add(list, "connection", "x-after,, x-last ,upgrade");
    add(list, "X-Kept", "4");
    add(list, "Upgrade", "h2c");
    add(list, "x-last", "5");
    header_list_remove_hop_by_hop(list);
    static const char *const names[] = {"Accept", "X-Kept"};
    assert_names(list, names, 2);
}

static void connection_may_name_itself(void **state)
{
    struct header_list *list = &((struct fixture *)*state)->list;
    add(list, "Connection", "connection");
    add(list, "Connection", "x-a");
    add(list, "x-a", "1");
    header_list_remove_hop_by_hop(list);
    assert_int_equal(list->count, 0);
}

/* What is not there is known without a look: that must follow whatever is done to a list. */
static void what_comes_and_goes_is_found_while_it_is_there(void **state)
{
    struct fixture *fixture = *state;
    struct header_list *list = &fixture->list;
    assert_null(header_list_find(list, HEADER_DATE));
    add(list, "Date", "now");
    assert_non_null(header_list_find(list, HEADER_DATE));
    header_list_remove(list, HEADER_DATE);
    assert_null(header_list_find(list, HEADER_DATE));
    header_list_push(list, (struct header){SPAN("date"), SPAN("then"), HEADER_DATE});
    assert_int_equal(header_list_count(list, HEADER_DATE), 1);

    struct header_list copy = header_list_copy(list, &fixture->arena, 1);
    assert_true(span_equal(header_list_value(&copy, HEADER_DATE), SPAN("then")));
    assert_null(header_list_find(&copy, HEADER_ETAG));
    add(&copy, "etag", "1");
    assert_non_null(header_list_find(&copy, HEADER_ETAG));
    assert_null(header_list_find(list, HEADER_ETAG));
    assert_false(header_list_add(&copy, SPAN("age"), SPAN("1")));
    assert_null(header_list_find(&copy, HEADER_AGE));
}

/* As tests and tables make them: nothing is known of what is not there. */
static void a_list_that_was_written_down_is_searched(void **state)
{
    (void)state;
    struct header field = {SPAN("date"), SPAN("now"), HEADER_DATE};
    const struct header_list list = {.at = &field, .count = 1, .cap = 1};
    assert_ptr_equal(header_list_find(&list, HEADER_DATE), &field);
    assert_null(header_list_find(&list, HEADER_AGE));
}

static void an_empty_list_answers_every_question(void **state)
{
    struct header_list *list = &((struct fixture *)*state)->list;
    assert_null(header_list_find(list, HEADER_HOST));
    assert_int_equal(header_list_count(list, HEADER_HOST), 0);
    header_list_remove(list, HEADER_HOST);
    header_list_remove_hop_by_hop(list);
    assert_int_equal(list->count, 0);
}

#define WITH_LIST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_LIST(fields_keep_order_and_spelling_and_know_their_id),
        WITH_LIST(known_names_are_added_in_lower_case),
        WITH_LIST(a_full_list_takes_no_more),
        WITH_LIST(the_first_of_equal_fields_is_found),
        WITH_LIST(the_value_of_a_field_that_is_not_there_is_empty),
        WITH_LIST(removing_takes_all_of_an_id_and_keeps_the_order),
        WITH_LIST(removing_may_ask_a_question),
        WITH_LIST(lines_stand_for_fields_until_one_of_them_is_removed),
        WITH_LIST(elements_are_found_in_any_line_and_case),
        WITH_LIST(hop_by_hop_rows_are_removed),
        WITH_LIST(what_connection_names_is_removed_wherever_it_stands),
        WITH_LIST(connection_may_name_itself),
        WITH_LIST(what_comes_and_goes_is_found_while_it_is_there),
        cmocka_unit_test(a_list_that_was_written_down_is_searched),
        WITH_LIST(an_empty_list_answers_every_question),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
