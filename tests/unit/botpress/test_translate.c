#include "botpress/translate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#define ZLIB_CONST
#include <cmocka.h>
#include <zlib.h>

#include "base/text.h"

enum { ARENA = 64 * KIB, GZIP = 15 + 16, ZLIB = 15, RAW = -15, BOMB = 8 * MIB, TITLE_MAX = 120 };

#define TYPED      "{\"id\":\"err_1\",\"code\":404,\"type\":\"ResourceNotFound\",\"message\":\"No bot\"}"
#define DOCUMENTED "{\"type\":\"Forbidden\",\"description\":\"Not your bot\",\"status\":403}"

static struct arena arena;
static enum error_type type;
static struct span message;

static int begin(void **state)
{
    (void)state;
    arena_init(&arena, ARENA);
    return 0;
}

static int end(void **state)
{
    (void)state;
    arena_clear(&arena);
    return 0;
}

/* The bytes without a terminator. */
static void put(char *at, struct span bytes)
{
    memcpy(at, bytes.at, bytes.len);
}

/* The body lies in memory of its own size, for ASan to see a read behind it. */
static enum error_body translate(struct error_answer answer)
{
    char *copy = malloc(answer.body.len > 0 ? answer.body.len : 1);
    assert_non_null(copy);
    if (answer.body.len > 0)
        memcpy(copy, answer.body.at, answer.body.len);
    answer.body.at = copy;
    type = ERROR_TYPE_COUNT;
    message = SPAN("");
    enum error_body result = translate_error(&answer, &arena, &type, &message);
    free(copy);
    if (result == ERROR_BODY_FOREIGN)
        assert_int_equal(type, error_type_of_status(answer.status));
    return result;
}

static enum error_body translate_json(const char *body)
{
    return translate((struct error_answer){
        .status = 404, .content_type = SPAN("application/json"), .body = span_of(body)});
}

static void assert_foreign(unsigned status, const char *content_type, const char *body,
                           const char *expected)
{
    struct error_answer answer = {
        .status = status, .content_type = span_of(content_type), .body = span_of(body)};
    assert_int_equal(translate(answer), ERROR_BODY_FOREIGN);
    if (!span_equal(message, span_of(expected)))
        fail_msg("%.*s", (int)message.len, message.at);
    arena_clear(&arena);
}

static size_t pack(struct span bytes, int window_bits, char *packed, size_t size)
{
    z_stream stream = {.next_in = (const Bytef *)bytes.at, .avail_in = (uInt)bytes.len};
    assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY),
                     Z_OK);
    stream.next_out = (Bytef *)packed;
    stream.avail_out = (uInt)size;
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    size_t len = stream.total_out;
    deflateEnd(&stream);
    return len;
}

static void errors_of_botpress_pass(void **state)
{
    static const char *const bodies[] = {
        TYPED,
        (" \r\n" TYPED "\n"),
        "{\"id\":\"\",\"code\":0,\"type\":\"Internal\",\"message\":\"\"}",
        "{\"id\":\"e\",\"code\":418,\"type\":\"NewerThanThis\",\"message\":\"m\"}",
        "{\"id\":\"e\",\"code\":4.04,\"type\":\"Internal\",\"message\":\"\\u0000\"}",
        "{\"id\":\"e\",\"code\":1,\"type\":\"T\",\"message\":\"m\",\"metadata\":{\"a\":[1,null]}}",
        "{\"id\":\"e\",\"code\":1,\"type\":\"T\",\"message\":\"\",\"n\":99999999999999999999}",
        "{\"id\":1,\"id\":\"e\",\"code\":1,\"type\":\"T\",\"message\":\"m\"}",
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(bodies); i++) {
        if (translate_json(bodies[i]) != ERROR_BODY_BOTPRESS)
            fail_msg("%s", bodies[i]);
    }
    /* The client looks at the body, never at its type. */
    struct error_answer answer = {.status = 500, .body = SPAN(TYPED)};
    assert_int_equal(translate(answer), ERROR_BODY_BOTPRESS);
    answer.content_type = SPAN("text/html");
    assert_int_equal(translate(answer), ERROR_BODY_BOTPRESS);
}

static void the_documented_shape_is_completed(void **state)
{
    static const struct {
        const char *body, *message;
        enum error_type type;
    } rows[] = {
        {DOCUMENTED, "Not your bot", ERROR_TYPE_Forbidden},
        {"{\"type\":\"RateLimited\",\"message\":\"Slow\"}", "Slow", ERROR_TYPE_RateLimited},
        {"{\"type\":\"Runtime\",\"message\":\"m\",\"description\":\"d\"}", "d", ERROR_TYPE_Runtime},
        {"{\"type\":\"Runtime\",\"message\":\"m\",\"description\":7}", "m", ERROR_TYPE_Runtime},
        {"{\"type\":\"Internal\",\"description\":\"\\u0000\\n\\\"<b>\",\"id\":7}", NULL,
         ERROR_TYPE_Internal},
        /* Without a number in "code" the client makes no typed error. */
        {"{\"id\":\"e\",\"code\":\"404\",\"type\":\"ResourceGone\",\"message\":\"Gone\"}", "Gone",
         ERROR_TYPE_ResourceGone},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_int_equal(translate_json(rows[i].body), ERROR_BODY_DOCUMENTED);
        assert_int_equal(type, rows[i].type);
        struct span expected = rows[i].message ? span_of(rows[i].message) : SPAN("\0\n\"<b>");
        assert_true(span_equal(message, expected));
    }
}

static void long_descriptions_are_cut(void **state)
{
    enum { LONG = 100 * KIB };
    char *body = malloc(LONG);
    (void)state;
    assert_non_null(body);
    memset(body, 'x', LONG);
    put(body, SPAN("{\"type\":\"Runtime\",\"description\":\""));
    put(body + LONG - 2, SPAN("\"}"));
    struct error_answer answer = {.status = 400, .body = {body, LONG}};
    assert_int_equal(translate(answer), ERROR_BODY_DOCUMENTED);
    assert_int_equal(message.len, PROBLEM_MESSAGE_LIMIT);
    free(body);
}

static void other_json_is_foreign(void **state)
{
    static const char *const bodies[] = {
        "{}",
        "[]",
        "null",
        "7",
        "\"Forbidden\"",
        ("[" TYPED "]"),
        ("{\"error\":" TYPED "}"),
        "{\"type\":\"Forbidden\"}",
        "{\"type\":\"Forbidden\",\"description\":\"\"}",
        "{\"type\":\"forbidden\",\"description\":\"d\"}",
        "{\"type\":\"New\",\"description\":\"d\",\"message\":\"m\"}",
        "{\"type\":7,\"description\":\"d\"}",
        "{\"type\":[\"Forbidden\"],\"description\":\"d\"}",
        "{\"id\":\"e\",\"code\":1,\"type\":\"\",\"message\":\"m\"}",
        "{\"id\":null,\"code\":1,\"type\":\"New\",\"message\":\"m\"}",
        "{\"id\":\"e\",\"type\":\"New\",\"message\":\"m\"}",
        "{\"id\":\"e\",\"code\":1,\"type\":\"New\"}",
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(bodies); i++)
        assert_foreign(404, "application/json", bodies[i],
                       "Botpress answered 404 with JSON that is not an error of its API.");
}

static void broken_json_is_foreign(void **state)
{
    static const char *const bodies[] = {"{",       (TYPED "x"),        "{\"type\":\"Forbidden\",}",
                                         "{'a':1}", "{\"a\":\"\xff\"}", "nul"};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(bodies); i++)
        assert_foreign(500, "application/json; charset=utf-8", bodies[i],
                       "Botpress answered 500 with a body that is declared as JSON but is none.");
}

static void pages_are_named_by_their_titles(void **state)
{
    static const struct {
        const char *body, *message;
    } rows[] = {
        {"<html><head><title>502 Bad Gateway</title></head>",
         "Botpress answered 502 with an HTML page titled \"502 Bad Gateway\"."},
        {"<!DOCTYPE html>\n<TITLE\nlang=en>  Just a\r\n\t moment&hellip; </TITLE>",
         "Botpress answered 502 with an HTML page titled \"Just a moment&hellip;\"."},
        {"<svg><titles>no</titles><title>yes</title>",
         "Botpress answered 502 with an HTML page titled \"yes\"."},
        {"<title>never closed", "Botpress answered 502 with an HTML page titled \"never closed\"."},
        {"<title>a<b>c</b></title>", "Botpress answered 502 with an HTML page titled \"a\"."},
        {"<title></title><h1>x</h1>", "Botpress answered 502 with an HTML page."},
        {"<title> \x01 </title>", "Botpress answered 502 with an HTML page."},
        {"<title", "Botpress answered 502 with an HTML page."},
        {"<", "Botpress answered 502 with an HTML page."},
        {"no markup", "Botpress answered 502 with an HTML page."},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_foreign(502, "text/html; charset=UTF-8", rows[i].body, rows[i].message);
    assert_foreign(502, "", "\xEF\xBB\xBF\n <html><title>x</title>",
                   "Botpress answered 502 with an HTML page titled \"x\".");
    assert_foreign(502, "application/json", "<html><title>x</title>",
                   "Botpress answered 502 with an HTML page titled \"x\".");
}

static void titles_are_cut_at_120_characters(void **state)
{
    char body[600] = "<title>";
    (void)state;
    for (size_t i = 0; i < 130; i++)
        put(body + 7 + 3 * i, SPAN("\xe2\x82\xac"));
    struct error_answer answer = {
        .status = 503, .content_type = SPAN("text/html"), .body = {body, 7 + 3 * 130}};
    assert_int_equal(translate(answer), ERROR_BODY_FOREIGN);
    assert_true(span_matches(message, SPAN("*titled \"\xe2\x82\xac*\xe2\x82\xac\".")));
    struct span shown = message;
    (void)span_cut(&shown, '"');
    assert_int_equal(span_cut(&shown, '"').len, 3 * TITLE_MAX);

    memset(body + 7, '\x80', 500);
    answer.body.len = 507;
    assert_int_equal(translate(answer), ERROR_BODY_FOREIGN);
    assert_true(message.len < 600);
}

static void text_is_shown_without_markup_and_control_bytes(void **state)
{
    (void)state;
    assert_foreign(503, "text/plain", "upstream connect error\r\nor\x07 disconnect\n",
                   "Botpress answered 503 with the text \"upstream connect error or disconnect\".");
    assert_foreign(500, "", "oops <script>alert(1)</script>",
                   "Botpress answered 500 with the text \"oops\".");
    assert_foreign(500, "application/octet-stream", "\x01\x02",
                   "Botpress answered 500 with a body that is not JSON.");
    assert_foreign(504, "text/plain", "", "Botpress answered 504 with an empty body.");
    assert_int_equal(type, ERROR_TYPE_OperationTimeout);
    assert_foreign(404, "application/json", "", "Botpress answered 404 with an empty body.");
    assert_foreign(418, "text/plain", " \n", "Botpress answered 418 with a body that is not JSON.");
}

static void compressed_bodies_are_read(void **state)
{
    static const struct {
        const char *coding;
        int window_bits;
    } rows[] = {
        {"gzip", GZIP},   {" GZip ", GZIP}, {"x-gzip", GZIP},  {"deflate", ZLIB},
        {"deflate", RAW}, {"Deflate", RAW}, {"deflate", GZIP},
    };
    char packed[512];
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct error_answer answer = {.status = 403, .content_encoding = span_of(rows[i].coding)};
        answer.body =
            (struct span){packed, pack(SPAN(TYPED), rows[i].window_bits, packed, sizeof(packed))};
        assert_int_equal(translate(answer), ERROR_BODY_BOTPRESS);
        answer.body.len = pack(SPAN(DOCUMENTED), rows[i].window_bits, packed, sizeof(packed));
        assert_int_equal(translate(answer), ERROR_BODY_DOCUMENTED);
        assert_true(span_equal(message, SPAN("Not your bot")));
        answer.body.len =
            pack(SPAN("<title>t</title>"), rows[i].window_bits, packed, sizeof(packed));
        assert_int_equal(translate(answer), ERROR_BODY_FOREIGN);
        assert_true(span_matches(message, SPAN("*titled \"t\".")));
    }
    struct error_answer plain = {
        .status = 403, .content_encoding = SPAN("identity"), .body = SPAN(TYPED)};
    assert_int_equal(translate(plain), ERROR_BODY_BOTPRESS);
    struct error_answer empty = {.status = 403, .content_encoding = SPAN("gzip")};
    assert_int_equal(translate(empty), ERROR_BODY_FOREIGN);
    assert_true(span_matches(message, SPAN("*an empty body.")));
}

static void broken_compression_is_foreign(void **state)
{
    char packed[512];
    (void)state;
    size_t len = pack(SPAN(TYPED), GZIP, packed, sizeof(packed));
    struct error_answer answer = {
        .status = 502, .content_type = SPAN("application/json"), .content_encoding = SPAN("gzip")};
    for (size_t cut = 1; cut < len; cut++) {
        answer.body = (struct span){packed, cut};
        assert_int_equal(translate(answer), ERROR_BODY_FOREIGN);
        assert_true(span_matches(message, SPAN("*coding cannot be undone.")));
        arena_clear(&arena);
    }
    answer.body = (struct span){packed, len + 1}; /* something follows */
    packed[len] = '\0';
    assert_int_equal(translate(answer), ERROR_BODY_FOREIGN);
    answer.body.len = len;
    packed[len - 5] ^= 1; /* the checksum */
    assert_int_equal(translate(answer), ERROR_BODY_FOREIGN);
    answer.body = SPAN(TYPED); /* not packed at all */
    assert_int_equal(translate(answer), ERROR_BODY_FOREIGN);
    answer.content_encoding = SPAN("deflate");
    assert_int_equal(translate(answer), ERROR_BODY_FOREIGN);
}

static void bombs_are_foreign(void **state)
{
    char *zeros = calloc(1, BOMB), *packed = malloc(BOMB / 100);
    (void)state;
    assert_true(zeros && packed);
    static const size_t sizes[] = {TRANSLATE_BODY_LIMIT, TRANSLATE_BODY_LIMIT + 1, BOMB};
    static const char *const messages[] = {"*a body that is not JSON.", "*cannot be undone.",
                                           "*cannot be undone."};
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        struct error_answer answer = {.status = 500, .content_encoding = SPAN("gzip")};
        answer.body =
            (struct span){packed, pack((struct span){zeros, sizes[i]}, GZIP, packed, BOMB / 100)};
        assert_int_equal(translate(answer), ERROR_BODY_FOREIGN);
        assert_true(span_matches(message, span_of(messages[i])));
    }
    free(zeros);
    free(packed);
}

static void codings_that_we_cannot_read_pass_if_declared_as_json(void **state)
{
    static const struct {
        const char *coding, *content_type;
        enum error_body expected;
    } rows[] = {
        {"br", "application/json", ERROR_BODY_OPAQUE},
        {"br", "Application/JSON; charset=utf-8", ERROR_BODY_OPAQUE},
        {"br", "application/problem+json", ERROR_BODY_OPAQUE},
        {"zstd", "application/json", ERROR_BODY_OPAQUE},
        {"gzip, br", "application/json", ERROR_BODY_OPAQUE},
        {"br", "text/html", ERROR_BODY_FOREIGN},
        {"br", "", ERROR_BODY_FOREIGN},
        {"br", "application/jsonp", ERROR_BODY_FOREIGN},
        {"compress", "text/plain", ERROR_BODY_FOREIGN},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct error_answer answer = {.status = 502,
                                      .content_type = span_of(rows[i].content_type),
                                      .content_encoding = span_of(rows[i].coding),
                                      .body = SPAN("\x0b\x01\x80")};
        assert_int_equal(translate(answer), rows[i].expected);
    }
}

static void deep_json_is_foreign(void **state)
{
    char *body = malloc(TRANSLATE_BODY_LIMIT);
    (void)state;
    assert_non_null(body);
    memset(body, '[', TRANSLATE_BODY_LIMIT);
    struct error_answer answer = {.status = 500, .body = {body, TRANSLATE_BODY_LIMIT}};
    assert_int_equal(translate(answer), ERROR_BODY_FOREIGN);
    for (size_t i = 0; i + 5 <= TRANSLATE_BODY_LIMIT; i += 5)
        put(body + i, SPAN("{\"a\":"));
    assert_int_equal(translate(answer), ERROR_BODY_FOREIGN);
    free(body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(errors_of_botpress_pass, begin, end),
        cmocka_unit_test_setup_teardown(the_documented_shape_is_completed, begin, end),
        cmocka_unit_test_setup_teardown(long_descriptions_are_cut, begin, end),
        cmocka_unit_test_setup_teardown(other_json_is_foreign, begin, end),
        cmocka_unit_test_setup_teardown(broken_json_is_foreign, begin, end),
        cmocka_unit_test_setup_teardown(pages_are_named_by_their_titles, begin, end),
        cmocka_unit_test_setup_teardown(titles_are_cut_at_120_characters, begin, end),
        cmocka_unit_test_setup_teardown(text_is_shown_without_markup_and_control_bytes, begin, end),
        cmocka_unit_test_setup_teardown(compressed_bodies_are_read, begin, end),
        cmocka_unit_test_setup_teardown(broken_compression_is_foreign, begin, end),
        cmocka_unit_test_setup_teardown(bombs_are_foreign, begin, end),
        cmocka_unit_test_setup_teardown(codings_that_we_cannot_read_pass_if_declared_as_json, begin,
                                        end),
        cmocka_unit_test_setup_teardown(deep_json_is_foreign, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
