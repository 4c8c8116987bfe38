#include "cache/cache_entry.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "cache/entry_heap.h"
#include "support/entry_maker.h"

#define FIELDS SPAN("Content-Type: text/plain\nETag: \"one\"\nX-Empty:\nLink: </a>\nLink: </b>")

static void assert_span(struct span actual, struct span expected)
{
    if (!span_equal(actual, expected))
        fail_msg("\"%.*s\", not \"%.*s\"", (int)actual.len, actual.at, (int)expected.len,
                 expected.at);
}

/* headers and head say the same, to the last byte. */
static void assert_whole(const struct cache_entry *entry)
{
    const char *at = entry->head.at;
    for (size_t i = 0; i < entry->header_count; i++) {
        const struct header *header = &entry->headers[i];
        assert_ptr_equal(header->name.at, at);
        assert_ptr_equal(header->value.at, at + header->name.len + 2);
        assert_int_equal(header->id, header_id_of(header->name));
        at = header->value.at + header->value.len + 2;
        assert_span((struct span){at - 2, 2}, SPAN("\r\n"));
    }
    assert_ptr_equal(at, entry->head.at + entry->head.len);
}

/* The entry in the place of its argument. */
static struct cache_entry *freshen(struct cache_entry *entry, const struct cache_facts *facts,
                                   const char *lines)
{
    struct field_lines fields;
    struct cache_entry *fresh =
        cache_entry_freshen(entry, facts, field_lines_read(&fields, span_of(lines)));
    assert_whole(fresh);
    cache_entry_release(entry);
    return fresh;
}

static void an_entry_has_copies_of_all(void **state)
{
    (void)state;
    char key[] = "key";
    struct cache_entry *entry = entry_make(span_of(key), FIELDS, 5);
    key[0] = 'x';
    assert_span(entry->key, SPAN("key"));
    assert_span(entry->head, SPAN("Content-Type: text/plain\r\nETag: \"one\"\r\nX-Empty: \r\n"
                                  "Link: </a>\r\nLink: </b>\r\n"));
    assert_span(entry->body, SPAN("xxxxx"));
    assert_span(entry->etag, SPAN("\"one\""));
    assert_int_equal(entry->header_count, 5);
    assert_int_equal(entry->facts.status, 200);
    assert_int_equal(entry->facts.flags, 0);
    assert_whole(entry);
    cache_entry_release(entry);
}

static void nothing_but_facts_is_an_entry_too(void **state)
{
    (void)state;
    struct cache_entry *entry = entry_make((struct span){NULL, 0}, SPAN(""), 0);
    assert_int_equal(entry->head.len + entry->body.len + entry->etag.len, 0);
    assert_whole(entry);
    cache_entry_release(entry);
}

static void a_tag_of_our_own_is_a_field_in_place_of_any_other(void **state)
{
    (void)state;
    struct field_lines fields;
    const struct cache_facts facts = {.flags = CACHE_SHARED};
    struct cache_entry *entry = cache_entry_create(
        &facts, SPAN("key"), field_lines_read(&fields, FIELDS), SPAN("\"ours\""), 0);
    assert_whole(entry);
    assert_span(entry->etag, SPAN("\"ours\""));
    assert_span(entry->head, SPAN("Content-Type: text/plain\r\nX-Empty: \r\nLink: </a>\r\n"
                                  "Link: </b>\r\netag: \"ours\"\r\n"));
    assert_int_equal(entry->facts.flags, CACHE_SHARED | CACHE_OWN_ETAG);
    cache_entry_set_etag(entry, SPAN("\"mine\""));
    assert_span(entry->etag, SPAN("\"mine\""));
    assert_span(entry->headers[4].value, SPAN("\"mine\""));
    cache_entry_release(entry);
}

static void the_last_release_frees(void **state)
{
    (void)state;
    size_t before = entry_heap_read_counts().used;
    struct cache_entry *entry = entry_make(SPAN("key"), FIELDS, 1000);
    assert_true(entry->size >= 1000 + sizeof(*entry));
    assert_true(entry_heap_read_counts().used == before + entry->size);
    assert_ptr_equal(cache_entry_count(entry), entry);
    cache_entry_release(entry);
    assert_span(entry->key, SPAN("key"));
    cache_entry_release(entry);
    cache_entry_release(NULL);
    assert_true(entry_heap_read_counts().used == before);
}

static bool keeps(const char *name, const char *no_cache, const char *private)
{
    struct header header = {span_of(name), SPAN("v"), header_id_of(span_of(name))};
    return cache_entry_keeps(&header, span_of(no_cache), span_of(private));
}

static void fields_of_a_connection_or_of_one_answer_are_not_kept(void **state)
{
    (void)state;
    static const char *const dropped[] = {
        "Connection",
        "Keep-Alive",
        "Transfer-Encoding",
        "Trailer",
        "Upgrade",
        "TE",
        "Content-Length",
        "Proxy-Authenticate",
        "Proxy-Authentication-Info",
        "Proxy-Authorization",
        "Proxy-Connection",
        "Age",
        "X-Request-Id",
        "RateLimit",
        "RateLimit-Reset",
        "ratelimit-policy",
        "X-RateLimit-Remaining",
    };
    static const char *const kept[] = {
        "Content-Type", "Content-Encoding", "ETag",       "Last-Modified",
        "Date",         "Expires",          "Vary",       "Location",
        "Via",          "Cache-Status",     "Pragma",     "Cache-Control",
        "Rate",         "X-Rate-Limited",   "Set-Cookie",
    };
    for (size_t i = 0; i < COUNT_OF(dropped); i++) {
        if (keeps(dropped[i], "", ""))
            fail_msg("%s is kept", dropped[i]);
    }
    for (size_t i = 0; i < COUNT_OF(kept); i++) {
        if (!keeps(kept[i], "", ""))
            fail_msg("%s is not kept", kept[i]);
    }
}

static void fields_that_cache_control_names_are_not_kept(void **state)
{
    (void)state;
    assert_false(keeps("X-Secret", "x-secret", ""));
    assert_false(keeps("X-Secret", "", "a, X-SECRET ,b"));
    assert_false(keeps("ETag", "etag,date", ""));
    assert_true(keeps("X-Secrets", "x-secret", "x"));
    assert_true(keeps("X", ",,", " "));
}

static void a_304_replaces_what_it_brings_and_leaves_the_rest(void **state)
{
    (void)state;
    const struct cache_facts facts = {.status = 304, .lifetime_s = 60, .flags = CACHE_SHARED};
    struct cache_entry *entry = entry_make(SPAN("key"), FIELDS, 5);
    entry->facts.coding = CODING_GZIP;
    entry = freshen(entry, &facts, "link: </c>\nExpires: 0\nX-Empty: no");
    assert_span(entry->head, SPAN("Content-Type: text/plain\r\nETag: \"one\"\r\nlink: </c>\r\n"
                                  "Expires: 0\r\nX-Empty: no\r\n"));
    assert_span(entry->body, SPAN("xxxxx"));
    assert_span(entry->key, SPAN("key"));
    assert_span(entry->etag, SPAN("\"one\""));
    assert_int_equal(entry->facts.lifetime_s, 60);
    assert_int_equal(entry->facts.flags, CACHE_SHARED);
    assert_int_equal(entry->facts.status, 200);
    assert_int_equal(entry->facts.coding, CODING_GZIP);
    cache_entry_release(entry);
}

static void a_304_changes_neither_the_body_nor_what_describes_it(void **state)
{
    (void)state;
    const struct cache_facts facts = {.status = 304};
    struct cache_entry *entry =
        entry_make(SPAN("key"), SPAN("Content-Type: text/plain\nContent-Encoding: gzip"), 5);
    entry = freshen(entry, &facts,
                    "Content-Type: text/html\nContent-Encoding: br\nContent-Length: 0\n"
                    "Content-Range: bytes 0-1/2\nContent-Language: de\nAge: 9\n"
                    "X-RateLimit-Limit: 1\nProxy-Authenticate: x");
    assert_span(entry->head, SPAN("Content-Encoding: gzip\r\nContent-Type: text/html\r\n"
                                  "Content-Language: de\r\n"));
    assert_int_equal(entry->body.len, 5);
    cache_entry_release(entry);
}

static void what_the_new_cache_control_names_leaves_the_entry(void **state)
{
    (void)state;
    const struct cache_facts facts = {.status = 304};
    struct cache_entry *entry = entry_make(SPAN("key"), FIELDS, 0);
    entry = freshen(entry, &facts,
                    "Cache-Control: max-age=5, private=\"link\", no-cache=\"x-new\"\n"
                    "X-New: 1\nX-Other: 2");
    assert_span(entry->head,
                SPAN("Content-Type: text/plain\r\nETag: \"one\"\r\nX-Empty: \r\n"
                     "Cache-Control: max-age=5, private=\"link\", no-cache=\"x-new\"\r\n"
                     "X-Other: 2\r\n"));
    cache_entry_release(entry);
}

static void our_own_tag_stays_until_a_304_brings_another(void **state)
{
    (void)state;
    struct field_lines fields;
    const struct cache_facts facts = {.status = 304};
    struct cache_entry *entry = cache_entry_create(
        &facts, SPAN("key"), field_lines_read(&fields, SPAN("Date: x")), SPAN("\"ours\""), 0);
    entry = freshen(entry, &facts, "Date: y");
    assert_span(entry->etag, SPAN("\"ours\""));
    assert_int_equal(entry->facts.flags, CACHE_OWN_ETAG);
    entry = freshen(entry, &facts, "ETag: \"theirs\"");
    assert_span(entry->etag, SPAN("\"theirs\""));
    assert_int_equal(entry->facts.flags, 0);
    const struct cache_facts claimed = {.flags = CACHE_OWN_ETAG};
    entry = freshen(entry, &claimed, "");
    assert_int_equal(entry->facts.flags, 0);
    cache_entry_release(entry);
}

static void a_304_may_be_empty_and_so_may_the_entry(void **state)
{
    (void)state;
    const struct cache_facts facts = {.status = 304};
    struct cache_entry *entry = freshen(entry_make(SPAN("key"), SPAN(""), 0), &facts, "");
    assert_int_equal(entry->header_count, 0);
    cache_entry_release(entry);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_entry_has_copies_of_all),
        cmocka_unit_test(nothing_but_facts_is_an_entry_too),
        cmocka_unit_test(a_tag_of_our_own_is_a_field_in_place_of_any_other),
        cmocka_unit_test(the_last_release_frees),
        cmocka_unit_test(fields_of_a_connection_or_of_one_answer_are_not_kept),
        cmocka_unit_test(fields_that_cache_control_names_are_not_kept),
        cmocka_unit_test(a_304_replaces_what_it_brings_and_leaves_the_rest),
        cmocka_unit_test(a_304_changes_neither_the_body_nor_what_describes_it),
        cmocka_unit_test(what_the_new_cache_control_names_leaves_the_entry),
        cmocka_unit_test(our_own_tag_stays_until_a_304_brings_another),
        cmocka_unit_test(a_304_may_be_empty_and_so_may_the_entry),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
