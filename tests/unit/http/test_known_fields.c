#include "http/known_fields.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/text.h"
#include "http/parser.h"

enum { SPARE = 3 };

static const struct head_limits head_limits = {4096, 2048, 30};

/* A head, what it was parsed to, and what was kept of that. */
struct reading {
    struct arena arena;
    struct request request;
    struct known_fields *known;
};

static struct span fields_of(struct span head)
{
    (void)span_cut(&head, '\n');
    return head;
}

static void read_head(struct reading *reading, struct span head, const struct known_fields *known)
{
    const struct parser_limits limits = {.header_count = 30, .spare = SPARE, .known = known};
    struct head_check check = {.passed = known ? &known->passed : NULL};
    arena_init(&reading->arena, MIB);
    assert_int_equal(head_check(&check, HEAD_REQUEST, head, &head_limits), HEAD_COMPLETE);
    assert_int_equal(check.len, head.len);
    assert_int_equal(parse_request(head, &limits, &reading->arena, &reading->request), FAULT_NONE);
    assert_int_equal(check.lines, reading->request.headers.count + 1);
    reading->known = known_fields_new(fields_of(head), &head_limits, &reading->request);
}

static void end_reading(struct reading *reading)
{
    free(reading->known);
    arena_clear(&reading->arena);
}

static void assert_span(struct span is, struct span wanted)
{
    assert_int_equal(is.len, wanted.len);
    assert_true(span_equal(is, wanted));
}

static void assert_same(const struct request *is, const struct request *wanted)
{
    assert_int_equal(is->headers.count, wanted->headers.count);
    assert_int_equal(is->headers.absent, wanted->headers.absent);
    for (size_t i = 0; i < is->headers.count; i++) {
        assert_span(is->headers.at[i].name, wanted->headers.at[i].name);
        assert_span(is->headers.at[i].value, wanted->headers.at[i].value);
        assert_int_equal(is->headers.at[i].id, wanted->headers.at[i].id);
    }
    assert_span(is->host, wanted->host);
    assert_int_equal(is->framing.kind, wanted->framing.kind);
    assert_int_equal(is->framing.length, wanted->framing.length);
    assert_int_equal(is->keep_alive, wanted->keep_alive);
    assert_int_equal(is->expects_continue, wanted->expects_continue);
}

static const char *const samples[] = {
    "Host: a\r\n\r\n",
    "Host: a:80\r\nAuthorization: Bearer k\r\nX-Bot-Id: b\r\nx-other:\r\n\r\n",
    "Host: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n",
    "Host: a\r\nTransfer-Encoding: chunked\t\r\n\r\n",
    "Host: \ta \r\nConnection: x, close\r\nx: a\tb\r\nx: \xc3\xa9\r\n\r\n",
};

static struct span head_of(char *room, size_t size, const char *start, const char *rest)
{
    return (struct span){room, (size_t)snprintf(room, size, "%s%s", start, rest)};
}

static void fields_mean_again_what_they_have_meant(void **state)
{
    (void)state;
    static const char *const versions[] = {"1.0", "1.1"};
    for (size_t i = 0; i < COUNT_OF(samples) * COUNT_OF(versions); i++) {
        char room[2][256], start[2][32];
        const char *version = versions[i % 2], *text = samples[i / 2];
        if (i % 2 == 0 && strstr(text, "chunked"))
            continue; /* HTTP/1.0 has no chunks */
        (void)snprintf(start[0], sizeof(start[0]), "POST /a HTTP/%s\r\n", version);
        (void)snprintf(start[1], sizeof(start[1]), "PUT /longer?b HTTP/%s\r\n", version);
        struct reading first, again, anew;
        read_head(&first, head_of(room[0], sizeof(room[0]), start[0], text), NULL);
        struct span head = head_of(room[1], sizeof(room[1]), start[1], text);
        read_head(&again, head, first.known);
        read_head(&anew, head, NULL);
        assert_non_null(first.known);
        assert_same(&again.request, &anew.request);
        assert_span(again.request.target, SPAN("/longer?b"));
        assert_same(&again.request, &first.request);
        for (size_t j = 0; j < again.request.headers.count; j++)
            assert_in_range(again.request.headers.at[j].value.at - head.at, 0, head.len);
        assert_int_equal(again.request.headers.cap, again.request.headers.count + SPARE);
        end_reading(&first);
        end_reading(&again);
        end_reading(&anew);
    }
}

static bool recalls(const struct known_fields *known, const char *text, unsigned version)
{
    struct arena arena;
    struct request request = {.version = version};
    arena_init(&arena, MIB);
    bool is_known = known_fields_recall(known, span_of(text), 0, &arena, &request);
    arena_clear(&arena);
    return is_known;
}

static void nothing_is_known_of_other_fields_or_another_version(void **state)
{
    (void)state;
    struct reading first;
    read_head(&first, SPAN("GET / HTTP/1.1\r\nHost: a\r\nx: y\r\n\r\n"), NULL);
    assert_true(recalls(first.known, "Host: a\r\nx: y\r\n\r\n", 11));
    assert_false(recalls(first.known, "Host: a\r\nx: y\r\n\r\n", 10));
    assert_false(recalls(first.known, "Host: a\r\nx: z\r\n\r\n", 11));
    assert_false(recalls(first.known, "Host: a\r\nX: y\r\n\r\n", 11));
    assert_false(recalls(first.known, "Host: a\r\nx: y\r\nx: y\r\n\r\n", 11));
    assert_false(recalls(first.known, "Host: a\r\n\r\n", 11));
    assert_false(recalls(NULL, "Host: a\r\nx: y\r\n\r\n", 11));
    end_reading(&first);
}

static void a_target_with_an_authority_still_replaces_host(void **state)
{
    (void)state;
    struct reading first, again;
    read_head(&first, SPAN("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), NULL);
    read_head(&again, SPAN("GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n"), first.known);
    assert_span(again.request.host, SPAN("b"));
    assert_span(header_list_value(&again.request.headers, HEADER_HOST), SPAN("b"));
    assert_null(again.known); /* what the start line said is not of the fields */
    end_reading(&first);
    end_reading(&again);
}

static void what_is_long_or_many_is_not_kept(void **state)
{
    (void)state;
    char head[2048] = "GET / HTTP/1.1\r\nHost: a\r\nx: ";
    struct reading reading;
    size_t len = strlen(head);
    memset(head + len, 'y', 1024);
    memcpy(head + len + 1024, "\r\n\r\n", 4);
    read_head(&reading, (struct span){head, len + 1024 + 4}, NULL);
    assert_null(reading.known);
    end_reading(&reading);

    len = strlen("GET / HTTP/1.1\r\nHost: a\r\n");
    for (size_t i = 0; i < 24; i++, len += 4)
        memcpy(head + len, "x:\r\n", 4);
    memcpy(head + len, "\r\n", 2);
    read_head(&reading, (struct span){head, len + 2}, NULL);
    assert_null(reading.known);
    end_reading(&reading);
    read_head(&reading, SPAN("GET / HTTP/1.0\r\n\r\n"), NULL);
    assert_non_null(reading.known); /* none at all are fields like any others */
    end_reading(&reading);
}

/* Notes a request with the field x of this value; whether it was kept. */
static bool is_kept(struct field_memory *memory, char value)
{
    char head[] = "GET / HTTP/1.1\r\nHost: a\r\nx: ?\r\n\r\n";
    struct span all = span_of(head), fields = fields_of(all);
    struct reading reading;
    head[strlen("GET / HTTP/1.1\r\nHost: a\r\nx: ")] = value;
    read_head(&reading, all, NULL);
    bool was_known = memory->known && span_equal(memory->known->passed.bytes, fields);
    field_memory_note(memory, was_known, fields, &head_limits, &reading.request);
    end_reading(&reading);
    return !was_known && memory->known && span_equal(memory->known->passed.bytes, fields);
}

static void what_comes_again_is_kept_and_what_never_does_ever_more_seldom(void **state)
{
    (void)state;
    static const struct {
        const char *values, *kept; /* of one request after the other */
    } rows[] = {
        {"aaaaa", "-+---"},
        {"aabaab", "-+----"},
        {"aabba", "-+-+-"},
        {"abcdefghi", "-+-+---+-"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct field_memory memory = {0};
        for (size_t j = 0; rows[i].values[j]; j++)
            assert_int_equal(is_kept(&memory, rows[i].values[j]), rows[i].kept[j] == '+');
        field_memory_clear(&memory);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_mean_again_what_they_have_meant),
        cmocka_unit_test(nothing_is_known_of_other_fields_or_another_version),
        cmocka_unit_test(a_target_with_an_authority_still_replaces_host),
        cmocka_unit_test(what_is_long_or_many_is_not_kept),
        cmocka_unit_test(what_comes_again_is_kept_and_what_never_does_ever_more_seldom),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
