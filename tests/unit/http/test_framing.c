#include "http/framing.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/text.h"

enum { FIELDS = 4 };

/* Up to two lengths and two codings; NULL for one that is not there. */
struct fields {
    const char *length, *second_length;
    const char *coding, *second_coding;
};

struct answer {
    enum http_fault fault;
    struct framing framing;
};

static struct header_list list_of(const struct fields *fields, struct header room[FIELDS])
{
    struct header_list list = {.at = room, .cap = FIELDS};
    if (fields->length)
        header_list_add(&list, SPAN("Content-Length"), span_of(fields->length));
    if (fields->coding)
        header_list_add(&list, SPAN("Transfer-Encoding"), span_of(fields->coding));
    if (fields->second_length)
        header_list_add(&list, SPAN("content-length"), span_of(fields->second_length));
    if (fields->second_coding)
        header_list_add(&list, SPAN("transfer-encoding"), span_of(fields->second_coding));
    return list;
}

static struct answer of_request(const struct fields *fields, unsigned version)
{
    struct header room[FIELDS];
    struct header_list list = list_of(fields, room);
    struct answer answer = {.framing = {BODY_UNTIL_CLOSE, 77}};
    answer.fault = framing_of_request(&list, version, &answer.framing);
    return answer;
}

static struct answer of_response(const struct fields *fields, unsigned status, bool to_head)
{
    struct header room[FIELDS];
    struct header_list list = list_of(fields, room);
    struct answer answer = {.framing = {BODY_UNTIL_CLOSE, 77}};
    answer.fault = framing_of_response(&list, 11, status, to_head, &answer.framing);
    return answer;
}

static void assert_framing(struct answer answer, enum body_kind kind, uint64_t length)
{
    assert_int_equal(answer.fault, FAULT_NONE);
    assert_int_equal(answer.framing.kind, kind);
    assert_int_equal(answer.framing.length, length);
}

static void a_request_without_fields_has_no_body(void **state)
{
    (void)state;
    assert_framing(of_request(&(struct fields){0}, 11), BODY_NONE, 0);
    assert_framing(of_request(&(struct fields){0}, 10), BODY_NONE, 0);
}

static void a_length_is_decimal_digits(void **state)
{
    (void)state;
    assert_framing(of_request(&(struct fields){.length = "5"}, 11), BODY_LENGTH, 5);
    assert_framing(of_request(&(struct fields){.length = "5"}, 10), BODY_LENGTH, 5);
    assert_framing(of_request(&(struct fields){.length = "0005"}, 11), BODY_LENGTH, 5);
    assert_framing(of_request(&(struct fields){.length = "0"}, 11), BODY_NONE, 0);
    assert_framing(of_request(&(struct fields){.length = "000"}, 11), BODY_NONE, 0);
    assert_framing(of_request(&(struct fields){.length = "9223372036854775807"}, 11), BODY_LENGTH,
                   INT64_MAX);
}

static void every_other_length_is_refused(void **state)
{
    (void)state;
    static const char *const lengths[] = {"",
                                          " ",
                                          "+5",
                                          "-5",
                                          "5,5",
                                          "5, 5",
                                          "5 5",
                                          "5.0",
                                          "0x5",
                                          "5a",
                                          "a5",
                                          "5,",
                                          ",5",
                                          "1e3",
                                          "\"5\"",
                                          "5;x",
                                          "5\t",
                                          "\x0b5",
                                          "five",
                                          "-0",
                                          "++5",
                                          "9223372036854775808",
                                          "18446744073709551615",
                                          "18446744073709551616",
                                          "18446744073709551621",
                                          "99999999999999999999999999999999999999"};
    for (size_t i = 0; i < COUNT_OF(lengths); i++) {
        struct fields fields = {.length = lengths[i]};
        assert_int_equal(of_request(&fields, 11).fault, FAULT_LENGTH);
        assert_int_equal(of_response(&fields, 200, false).fault, FAULT_LENGTH);
    }
}

static void a_repeated_length_is_refused_even_when_equal(void **state)
{
    (void)state;
    struct fields equal = {.length = "5", .second_length = "5"};
    struct fields other = {.length = "5", .second_length = "6"};
    assert_int_equal(of_request(&equal, 11).fault, FAULT_LENGTH);
    assert_int_equal(of_request(&other, 11).fault, FAULT_LENGTH);
    assert_int_equal(of_response(&equal, 200, false).fault, FAULT_LENGTH);
    assert_int_equal(of_response(&other, 200, false).fault, FAULT_LENGTH);
}

static void one_chunked_in_any_case_is_chunked(void **state)
{
    (void)state;
    assert_framing(of_request(&(struct fields){.coding = "chunked"}, 11), BODY_CHUNKED, 0);
    assert_framing(of_request(&(struct fields){.coding = "Chunked"}, 11), BODY_CHUNKED, 0);
    assert_framing(of_request(&(struct fields){.coding = "CHUNKED"}, 11), BODY_CHUNKED, 0);
    assert_framing(of_response(&(struct fields){.coding = "chunked"}, 200, false), BODY_CHUNKED, 0);
}

static void codings_that_leave_the_end_in_doubt_are_refused(void **state)
{
    (void)state;
    static const char *const codings[] = {
        "",
        " ",
        "identity",
        "gzip",
        "xchunked",
        "chunkedx",
        "x chunked",
        "chunked,",
        ",chunked",
        "chunked, chunked",
        "chunked, gzip",
        "chunked;q=1",
        "chunked; ext=\"a\"",
        "\"chunked\"",
        "'chunked'",
        "chunked chunked",
        "gzip, chunked, chunked",
        "gzip, chunked, identity",
        "chunked\t,identity",
        "gzip;level=1, chunked",
        "\013chunked",
        "chunked\x0b",
        ",",
        "gzip, , chunked",
        "c\xc4\xabhunked",
        "chunKed\xa0",
    };
    for (size_t i = 0; i < COUNT_OF(codings); i++) {
        struct fields fields = {.coding = codings[i]};
        assert_int_equal(of_request(&fields, 11).fault, FAULT_CODING);
        assert_int_equal(of_response(&fields, 200, false).fault, FAULT_CODING);
    }
}

static void unknown_codings_below_chunked_are_not_implemented(void **state)
{
    (void)state;
    struct fields fields = {.coding = "gzip, chunked"};
    assert_int_equal(of_request(&fields, 11).fault, FAULT_CODING);
    fields.coding = "identity,chunked";
    assert_int_equal(of_request(&fields, 11).fault, FAULT_CODING);
    fields.coding = "gzip, deflate , Chunked";
    assert_int_equal(of_request(&fields, 11).fault, FAULT_CODING);
    assert_int_equal(of_response(&fields, 200, false).fault, FAULT_CODING);
}

static void repeated_codings_are_refused(void **state)
{
    (void)state;
    struct fields twice = {.coding = "chunked", .second_coding = "chunked"};
    struct fields split = {.coding = "gzip", .second_coding = "chunked"};
    assert_int_equal(of_request(&twice, 11).fault, FAULT_CODING);
    assert_int_equal(of_request(&split, 11).fault, FAULT_CODING);
    assert_int_equal(of_response(&twice, 200, false).fault, FAULT_CODING);
}

static void length_and_coding_together_are_refused(void **state)
{
    (void)state;
    static const char *const codings[] = {"chunked", "identity", ""};
    static const char *const lengths[] = {"5", "0", "x"};
    for (size_t i = 0; i < COUNT_OF(codings); i++) {
        struct fields fields = {.length = lengths[i], .coding = codings[i]};
        assert_int_equal(of_request(&fields, 11).fault, FAULT_LENGTH_AND_CODING);
        assert_int_equal(of_request(&fields, 10).fault, FAULT_LENGTH_AND_CODING);
        assert_int_equal(of_response(&fields, 200, false).fault, FAULT_LENGTH_AND_CODING);
    }
}

static void http_1_0_has_no_transfer_coding(void **state)
{
    (void)state;
    struct fields fields = {.coding = "chunked"};
    struct header room[FIELDS];
    struct header_list list = list_of(&fields, room);
    struct framing framing;
    assert_int_equal(of_request(&fields, 10).fault, FAULT_CODING);
    assert_int_equal(framing_of_response(&list, 10, 200, false, &framing), FAULT_CODING);
}

static bool is_foreign(const struct fields *fields, unsigned version)
{
    struct header room[FIELDS];
    struct header_list list = list_of(fields, room);
    return framing_has_foreign_coding(&list, version);
}

static void a_coding_that_nobody_knows_is_foreign(void **state)
{
    (void)state;
    static const char *const no[] = {"chunked",  "gzip",     "X-GZIP", "deflate", "compress",
                                     "identity", "xchunked", "a, b",   "",        "chunkedx",
                                     "\"a\"",    "a;q=1",    "a b",    "Chunked"};
    assert_true(is_foreign(&(struct fields){.coding = "x-store"}, 11));
    assert_false(is_foreign(&(struct fields){.coding = "x-store"}, 10));
    assert_false(is_foreign(&(struct fields){.coding = "x-store", .length = "1"}, 11));
    assert_false(is_foreign(&(struct fields){.coding = "x", .second_coding = "x"}, 11));
    assert_false(is_foreign(&(struct fields){0}, 11));
    for (size_t i = 0; i < COUNT_OF(no); i++)
        assert_false(is_foreign(&(struct fields){.coding = no[i]}, 11));
}

static void a_response_without_fields_lasts_until_close(void **state)
{
    (void)state;
    assert_framing(of_response(&(struct fields){0}, 200, false), BODY_UNTIL_CLOSE, 0);
    assert_framing(of_response(&(struct fields){0}, 500, false), BODY_UNTIL_CLOSE, 0);
    assert_framing(of_response(&(struct fields){.length = "0"}, 200, false), BODY_NONE, 0);
    assert_framing(of_response(&(struct fields){.length = "7"}, 404, false), BODY_LENGTH, 7);
}

static void interim_and_204_have_no_body_whatever_the_fields_say(void **state)
{
    (void)state;
    static const unsigned statuses[] = {100, 102, 103, 199, 204};
    for (size_t i = 0; i < COUNT_OF(statuses); i++) {
        assert_framing(of_response(&(struct fields){0}, statuses[i], false), BODY_NONE, 0);
        assert_framing(of_response(&(struct fields){.length = "9"}, statuses[i], false), BODY_NONE,
                       0);
        assert_framing(of_response(&(struct fields){.coding = "chunked"}, statuses[i], false),
                       BODY_NONE, 0);
    }
}

static void answers_to_head_and_304_have_no_body_but_honest_fields(void **state)
{
    (void)state;
    assert_framing(of_response(&(struct fields){.length = "9"}, 200, true), BODY_NONE, 0);
    assert_framing(of_response(&(struct fields){.coding = "chunked"}, 200, true), BODY_NONE, 0);
    assert_framing(of_response(&(struct fields){0}, 200, true), BODY_NONE, 0);
    assert_framing(of_response(&(struct fields){.length = "9"}, 304, false), BODY_NONE, 0);
    assert_int_equal(of_response(&(struct fields){.length = "x"}, 304, false).fault, FAULT_LENGTH);
    assert_int_equal(of_response(&(struct fields){.length = "x"}, 200, true).fault, FAULT_LENGTH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_without_fields_has_no_body),
        cmocka_unit_test(a_length_is_decimal_digits),
        cmocka_unit_test(every_other_length_is_refused),
        cmocka_unit_test(a_repeated_length_is_refused_even_when_equal),
        cmocka_unit_test(one_chunked_in_any_case_is_chunked),
        cmocka_unit_test(codings_that_leave_the_end_in_doubt_are_refused),
        cmocka_unit_test(unknown_codings_below_chunked_are_not_implemented),
        cmocka_unit_test(repeated_codings_are_refused),
        cmocka_unit_test(length_and_coding_together_are_refused),
        cmocka_unit_test(http_1_0_has_no_transfer_coding),
        cmocka_unit_test(a_coding_that_nobody_knows_is_foreign),
        cmocka_unit_test(a_response_without_fields_lasts_until_close),
        cmocka_unit_test(interim_and_204_have_no_body_whatever_the_fields_say),
        cmocka_unit_test(answers_to_head_and_304_have_no_body_but_honest_fields),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
