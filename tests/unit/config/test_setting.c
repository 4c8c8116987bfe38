#include "config/setting.h"

#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct setting *find(const char *path)
{
    const struct setting *row = setting_find(settings_table(), span_of(path));
    assert_non_null(row);
    return row;
}

static void check_table(const struct setting_table *table, void (*check)(const struct setting *row))
{
    for (size_t i = 0; i < table->count; i++) {
        check(&table->rows[i]);
        if (table->rows[i].records)
            check_table(table->rows[i].records, check);
    }
}

static void require_help(const struct setting *row)
{
    size_t len = strlen(row->help);
    assert_true(len > 10);
    assert_int_equal(row->help[len - 1], '.');
    assert_true(strlen(row->path) < SETTING_PATH_SIZE);
}

static void every_row_has_help(void **state)
{
    (void)state;
    check_table(settings_table(), require_help);
}

static void require_sense(const struct setting *row)
{
    char text[SETTING_DESCRIPTION_SIZE];
    bool is_number = row->kind <= KIND_SECONDS;
    bool is_list = row->kind == KIND_TEXTS || row->kind == KIND_RECORDS;
    if (is_number) {
        assert_true(row->least <= row->most);
        assert_true(row->initial <= row->most);
        assert_true(row->initial == 0 || row->initial >= row->least);
        assert_true(row->size == 8 || row->most <= UINT32_MAX);
    }
    assert_int_equal(is_list, row->kind != KIND_DATE && !is_number && row->most > 0);
    assert_int_equal(row->kind == KIND_WORD || row->kind == KIND_WORDS, row->words != NULL);
    assert_int_equal(row->kind == KIND_RECORDS, row->records != NULL);
    setting_describe_kind(row, text);
    assert_true(text[0] != '\0');
}

static void every_row_makes_sense(void **state)
{
    (void)state;
    check_table(settings_table(), require_sense);
}

static void no_path_is_there_twice_or_is_a_map_too(void **state)
{
    (void)state;
    const struct setting_table *table = settings_table();
    for (size_t i = 0; i < table->count; i++) {
        struct span path = span_of(table->rows[i].path);
        assert_ptr_equal(setting_find(table, path), &table->rows[i]);
        assert_false(setting_is_section(table, path));
    }
}

static void maps_are_known_by_the_paths_in_them(void **state)
{
    (void)state;
    const struct setting_table *table = settings_table();
    assert_true(setting_is_section(table, SPAN("client")));
    assert_true(setting_is_section(table, SPAN("upstream.pool")));
    assert_false(setting_is_section(table, SPAN("upstream.poo")));
    assert_false(setting_is_section(table, SPAN("upstream.")));
    assert_false(setting_is_section(table, SPAN("")));
    assert_null(setting_find(table, SPAN("client")));
    assert_null(setting_find(table, SPAN("")));
}

static void the_name_that_was_meant_is_suggested(void **state)
{
    (void)state;
    static const struct {
        const char *path, *suggestion;
    } cases[] = {
        {"workrs", "workers"},
        {"Workers", "workers"},
        {"upstreem", "upstream"},
        {"client.head_byte", "head_bytes"},
        {"upstream.timeout", "timeouts"},
        {"upstream.timeouts.first_bite", "first_byte"},
        {"idle_timeout", "client.idle_timeout"},
        {"upstream.max_open", "upstream.pool.max_open"},
        {"head_bytes", "client.head_bytes"}, /* and not held_bytes */
        {"nothing_like_it", NULL},
        {"client.zzz", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char buffer[SETTING_PATH_SIZE];
        const char *suggestion = setting_suggest(settings_table(), span_of(cases[i].path), buffer);
        if (cases[i].suggestion)
            assert_string_equal(suggestion, cases[i].suggestion);
        else
            assert_null(suggestion);
    }
}

static void a_row_describes_itself(void **state)
{
    (void)state;
    static const struct {
        const char *path, *kind, *initial, *bounds;
    } cases[] = {
        {"workers", "auto or number", "auto", "1 to 256"},
        {"client.head_bytes", "size", "32KiB", "1KiB to 1MiB"},
        {"client.keep_alive", "duration", "55s", "0s to 1d"},
        {"upstream.timeouts.total", "duration", "", "1ms to 1d"},
        {"upstream.retry_percent", "percent", "20", "0 to 100"},
        {"unknown_routes", "choice", "forward", "forward, deny"},
        {"upstream.url", "URL", "https://api.botpress.cloud", ""},
        {"upstream.ca_file", "file", "", ""},
        {"keys", "list of maps", "", "at most 10000"},
        {"cache.memory", "size", "64MiB", "0B to 64GiB"},
        {"redis.url", "Redis URL", "", ""},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char text[SETTING_DESCRIPTION_SIZE];
        const struct setting *row = find(cases[i].path);
        setting_describe_kind(row, text);
        assert_string_equal(text, cases[i].kind);
        setting_describe_initial(row, text);
        assert_string_equal(text, cases[i].initial);
        setting_describe_bounds(row, text);
        assert_string_equal(text, cases[i].bounds);
    }
}

static void rows_of_lists_describe_themselves(void **state)
{
    (void)state;
    char text[SETTING_DESCRIPTION_SIZE];
    const struct setting_table *profile = find("profiles")->records;
    const struct setting *pass = setting_find(profile, SPAN("pass"));
    assert_non_null(pass);
    setting_describe_bounds(pass, text);
    assert_string_equal(text, "x-user-id, x-user-role, x-integration-name");
    setting_describe_kind(setting_find(profile, SPAN("bots")), text);
    assert_string_equal(text, "list of ids");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_has_help),
        cmocka_unit_test(every_row_makes_sense),
        cmocka_unit_test(no_path_is_there_twice_or_is_a_map_too),
        cmocka_unit_test(maps_are_known_by_the_paths_in_them),
        cmocka_unit_test(the_name_that_was_meant_is_suggested),
        cmocka_unit_test(a_row_describes_itself),
        cmocka_unit_test(rows_of_lists_describe_themselves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
