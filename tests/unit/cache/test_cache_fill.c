#include "cache/cache_fill.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "support/field_lines.h"

enum { MEMORY = 256 * KIB, OBJECT = 20000, BUDGET = MEMORY / 4 };

static const struct framing none = {BODY_NONE, 0}, ten = {BODY_LENGTH, 10},
                            unknown = {BODY_CHUNKED, 0};

struct scene {
    struct cache *cache;
    struct cache_fill fill;
    struct field_lines fields;
    const struct header_list *headers;
};

static void set_up(struct scene *scene, const char *lines)
{
    const struct cache_options options = {.memory_bytes = MEMORY, .object_bytes = OBJECT};
    *scene = (struct scene){.cache = cache_create(&options)};
    scene->headers = field_lines_read(&scene->fields, span_of(lines));
}

/* All that was reserved is free again. */
static void tear_down(struct scene *scene)
{
    assert_true(cache_reserve(scene->cache, BUDGET));
    cache_unreserve(scene->cache, BUDGET);
    cache_destroy(scene->cache);
}

static bool begin(struct scene *scene, const struct framing *framing, bool makes_etag)
{
    const struct cache_fill_options options = {.facts = {.status = 203},
                                               .key = SPAN("key"),
                                               .headers = scene->headers,
                                               .makes_etag = makes_etag};
    return cache_fill_begin(&scene->fill, scene->cache, &options, framing);
}

static void assert_made(struct cache_entry *entry, struct span body)
{
    assert_non_null(entry);
    assert_true(span_equal(entry->body, body));
    assert_true(span_equal(entry->key, SPAN("key")));
    assert_int_equal(entry->facts.status, 203);
    cache_entry_release(entry);
}

static void a_body_is_collected_in_pieces_with_its_length_or_without(void **state)
{
    (void)state;
    static const struct framing *const kinds[] = {&ten, &unknown};
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        struct scene scene;
        set_up(&scene, "Date: x");
        assert_true(begin(&scene, kinds[i], false));
        assert_int_equal(cache_fill_bytes(&scene.fill).len, 0);
        assert_true(cache_fill_take(&scene.fill, SPAN("0123")));
        assert_true(cache_fill_take(&scene.fill, SPAN("")));
        assert_true(cache_fill_take(&scene.fill, SPAN("456")));
        assert_true(span_equal(cache_fill_bytes(&scene.fill), SPAN("0123456")));
        assert_true(cache_fill_take(&scene.fill, SPAN("789")));
        assert_made(cache_fill_finish(&scene.fill), SPAN("0123456789"));
        assert_null(cache_fill_finish(&scene.fill));
        assert_false(cache_fill_take(&scene.fill, SPAN("x")));
        tear_down(&scene);
    }
}

static void no_body_is_a_body(void **state)
{
    (void)state;
    static const struct framing *const kinds[] = {&none, &unknown};
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        struct scene scene;
        set_up(&scene, "");
        assert_true(begin(&scene, kinds[i], true));
        assert_made(cache_fill_finish(&scene.fill), SPAN(""));
        tear_down(&scene);
    }
}

static void a_cut_body_makes_no_entry(void **state)
{
    (void)state;
    struct scene scene;
    set_up(&scene, "");
    assert_true(begin(&scene, &ten, true));
    assert_true(cache_fill_take(&scene.fill, SPAN("012345678")));
    assert_null(cache_fill_finish(&scene.fill));
    assert_null(scene.fill.cache);
    tear_down(&scene);
}

static void more_than_was_announced_ends_the_fill(void **state)
{
    (void)state;
    struct scene scene;
    set_up(&scene, "");
    assert_true(begin(&scene, &ten, false));
    assert_true(cache_fill_take(&scene.fill, SPAN("0123456789")));
    assert_false(cache_fill_take(&scene.fill, SPAN("x")));
    assert_true(span_equal(cache_fill_bytes(&scene.fill), SPAN("0123456789")));
    assert_null(cache_fill_finish(&scene.fill));
    assert_true(begin(&scene, &none, false));
    assert_false(cache_fill_take(&scene.fill, SPAN("x")));
    assert_false(cache_fill_take(&scene.fill, SPAN("")));
    assert_null(cache_fill_finish(&scene.fill));
    tear_down(&scene);
}

static void an_object_of_the_largest_size_fits_and_one_byte_more_does_not(void **state)
{
    (void)state;
    static const struct framing most = {BODY_LENGTH, OBJECT}, more = {BODY_LENGTH, OBJECT + 1},
                                endless = {BODY_LENGTH, UINT64_MAX};
    static char bytes[OBJECT];
    struct scene scene;
    set_up(&scene, "");
    assert_false(begin(&scene, &more, true));
    assert_false(begin(&scene, &endless, true));
    assert_true(begin(&scene, &most, true));
    assert_true(cache_fill_take(&scene.fill, (struct span){bytes, OBJECT}));
    assert_made(cache_fill_finish(&scene.fill), (struct span){bytes, OBJECT});
    assert_true(begin(&scene, &unknown, true));
    assert_true(cache_fill_take(&scene.fill, (struct span){bytes, OBJECT}));
    assert_made(cache_fill_finish(&scene.fill), (struct span){bytes, OBJECT});
    assert_true(begin(&scene, &unknown, true));
    assert_true(cache_fill_take(&scene.fill, (struct span){bytes, OBJECT}));
    assert_false(cache_fill_take(&scene.fill, SPAN("x")));
    assert_int_equal(cache_fill_bytes(&scene.fill).len, OBJECT);
    assert_null(cache_fill_finish(&scene.fill));
    tear_down(&scene);
}

static void a_spent_budget_ends_fills_and_begins_none(void **state)
{
    (void)state;
    struct scene scene;
    set_up(&scene, "");
    assert_true(cache_reserve(scene.cache, BUDGET - 9));
    assert_false(begin(&scene, &ten, false));
    assert_null(scene.fill.cache);
    assert_true(begin(&scene, &unknown, false));
    assert_false(cache_fill_take(&scene.fill, SPAN("x")));
    assert_non_null(cache_fill_bytes(&scene.fill).at);
    cache_fill_clear(&scene.fill);
    cache_unreserve(scene.cache, BUDGET - 9);
    tear_down(&scene);
}

static void giving_up_is_legal_at_any_time(void **state)
{
    (void)state;
    struct scene scene;
    set_up(&scene, "");
    cache_fill_clear(&scene.fill);
    assert_true(begin(&scene, &ten, true));
    cache_fill_clear(&scene.fill);
    cache_fill_clear(&scene.fill);
    assert_true(begin(&scene, &unknown, true));
    assert_true(cache_fill_take(&scene.fill, SPAN("abc")));
    cache_fill_clear(&scene.fill);
    assert_int_equal(cache_fill_bytes(&scene.fill).len, 0);
    tear_down(&scene);
}

static struct cache_entry *fill_with(struct scene *scene, const struct framing *framing,
                                     const char *first, const char *second)
{
    assert_true(begin(scene, framing, true));
    assert_true(cache_fill_take(&scene->fill, span_of(first)));
    assert_true(cache_fill_take(&scene->fill, span_of(second)));
    struct cache_entry *entry = cache_fill_finish(&scene->fill);
    assert_non_null(entry);
    return entry;
}

/* printf 0123456789 | openssl dgst -sha256 -binary | basenc --base64url | head -c 22 */
static void a_tag_is_of_the_bytes_however_they_came(void **state)
{
    (void)state;
    struct scene scene;
    set_up(&scene, "Date: x\nETag:");
    struct cache_entry *entries[] = {
        fill_with(&scene, &ten, "0123", "456789"),
        fill_with(&scene, &unknown, "0", "123456789"),
        fill_with(&scene, &ten, "0123", "45678x"),
    };
    assert_true(span_equal(entries[0]->etag, SPAN("\"hNiYd_DUBB77a_kaFvAkjy\"")));
    assert_true(span_equal(entries[1]->etag, entries[0]->etag));
    assert_false(span_equal(entries[2]->etag, entries[0]->etag));
    for (size_t i = 0; i < COUNT_OF(entries); i++) {
        assert_int_equal(entries[i]->facts.flags, CACHE_OWN_ETAG);
        assert_int_equal(entries[i]->header_count, 2);
        assert_true(span_equal(entries[i]->headers[1].value, entries[i]->etag));
        cache_entry_release(entries[i]);
    }
    tear_down(&scene);
}

static void a_tag_of_the_upstream_stays(void **state)
{
    (void)state;
    struct scene scene;
    set_up(&scene, "ETag: W/\"theirs\"");
    struct cache_entry *entry = fill_with(&scene, &ten, "01234", "56789");
    assert_true(span_equal(entry->etag, SPAN("W/\"theirs\"")));
    assert_int_equal(entry->facts.flags, 0);
    cache_entry_release(entry);
    tear_down(&scene);
}

static void where_nothing_is_kept_nothing_is_filled(void **state)
{
    (void)state;
    const struct cache_options options = {.memory_bytes = 0, .object_bytes = OBJECT};
    struct scene scene;
    set_up(&scene, "");
    cache_destroy(scene.cache);
    scene.cache = cache_create(&options);
    assert_false(begin(&scene, &none, false));
    assert_false(begin(&scene, &ten, false));
    assert_false(begin(&scene, &unknown, false));
    cache_destroy(scene.cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_body_is_collected_in_pieces_with_its_length_or_without),
        cmocka_unit_test(no_body_is_a_body),
        cmocka_unit_test(a_cut_body_makes_no_entry),
        cmocka_unit_test(more_than_was_announced_ends_the_fill),
        cmocka_unit_test(an_object_of_the_largest_size_fits_and_one_byte_more_does_not),
        cmocka_unit_test(a_spent_budget_ends_fills_and_begins_none),
        cmocka_unit_test(giving_up_is_legal_at_any_time),
        cmocka_unit_test(a_tag_is_of_the_bytes_however_they_came),
        cmocka_unit_test(a_tag_of_the_upstream_stays),
        cmocka_unit_test(where_nothing_is_kept_nothing_is_filled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
