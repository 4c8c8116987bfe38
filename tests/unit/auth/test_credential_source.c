#include "auth/credential_source.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "token_files.h"

/* A source, what it read last, and what it said. */
struct opened {
    enum status status;
    struct credential_source source;
    struct token_text token;
    char error[SOURCE_ERROR_SIZE];
};

static void open_text(struct opened *opened, struct span text)
{
    memset(opened, 0x55, sizeof(*opened));
    opened->error[0] = '\0';
    opened->status = credential_source_open(&opened->source, text, &opened->token, opened->error);
}

static void open_file(struct opened *opened, const struct token_files *files, const char *name)
{
    char text[FILE_PATH_SIZE + 8];
    snprintf(text, sizeof(text), "file:%s/%s", files->folder, name);
    open_text(opened, span_of(text));
}

static enum source_look look(struct opened *opened, uint64_t now_ms)
{
    return credential_source_look(&opened->source, now_ms, false, &opened->token, opened->error);
}

static enum source_look look_urgently(struct opened *opened, uint64_t now_ms)
{
    return credential_source_look(&opened->source, now_ms, true, &opened->token, opened->error);
}

static void assert_token(const struct opened *opened, const char *expected)
{
    assert_int_equal(opened->token.len, strlen(expected));
    assert_memory_equal(opened->token.at, expected, strlen(expected));
}

static void assert_refused(const struct opened *opened, enum status status, const char *part)
{
    assert_int_equal(opened->status, status);
    assert_non_null(strstr(opened->error, part));
}

static void a_variable_is_read_once(void **state)
{
    (void)state;
    struct opened opened;
    assert_int_equal(setenv("BPGATE_TEST_TOKEN", "bp_pat_one\n", 1), 0);
    open_text(&opened, SPAN("env:BPGATE_TEST_TOKEN"));
    assert_int_equal(opened.status, OK);
    assert_token(&opened, "bp_pat_one");
    assert_int_equal(setenv("BPGATE_TEST_TOKEN", "bp_pat_two", 1), 0);
    assert_int_equal(look(&opened, 5000), SOURCE_UNCHANGED);
    assert_int_equal(look_urgently(&opened, 5000), SOURCE_UNCHANGED);
    credential_source_close(&opened.source);
}

static void a_variable_that_is_not_set_is_named_with_a_remedy(void **state)
{
    (void)state;
    struct opened opened;
    assert_int_equal(unsetenv("BPGATE_TEST_TOKEN"), 0);
    open_text(&opened, SPAN("env:BPGATE_TEST_TOKEN"));
    assert_int_equal(opened.status, ERR_MISSING);
    assert_string_equal(opened.error, "environment variable BPGATE_TEST_TOKEN is not set: export "
                                      "it or use file:PATH");
}

static void an_empty_variable_is_refused(void **state)
{
    (void)state;
    struct opened opened;
    assert_int_equal(setenv("BPGATE_TEST_TOKEN", "  \n", 1), 0);
    open_text(&opened, SPAN("env:BPGATE_TEST_TOKEN"));
    assert_refused(&opened, ERR_MISSING, "is empty");
}

static void what_is_no_source_is_refused_and_never_shown(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t len;
    } texts[] = {
        {"", 0},
        {"bp_pat_secret", 13},
        {"env:", 4},
        {"file:", 5},
        {"cred:", 5},
        {"ENV:secret", 10},
        {" env:secret", 11},
        {"https://secret", 14},
        {"env:bp_pat_secret", 17},
        {"file:bp_pat_secret", 18},
        {"file:/tmp\0secret", 16},
    };
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct opened opened;
        open_text(&opened, (struct span){texts[i].text, texts[i].len});
        assert_refused(&opened, ERR_SYNTAX, "env:NAME, file:PATH or cred:NAME");
        assert_null(strstr(opened.error, "secret"));
    }
    struct opened opened;
    open_text(&opened, (struct span){NULL, 0});
    assert_int_equal(opened.status, ERR_SYNTAX);
}

static void a_path_that_is_too_long_is_refused(void **state)
{
    (void)state;
    char text[8192];
    memset(text, 'a', sizeof(text));
    memcpy(text, "file:", 5);
    struct opened opened;
    open_text(&opened, (struct span){text, sizeof(text)});
    assert_int_equal(opened.status, ERR_SYNTAX);
    open_text(&opened, (struct span){text, 3000});
    assert_int_equal(opened.status, ERR_MISSING);
    assert_true(strlen(opened.error) < SOURCE_ERROR_SIZE);
}

static void a_token_is_trimmed_at_its_end(void **state)
{
    struct opened opened;
    token_files_replace(*state, "token", "bp_pat_abc \t\r\n\n");
    open_file(&opened, *state, "token");
    assert_int_equal(opened.status, OK);
    assert_token(&opened, "bp_pat_abc");
    credential_source_close(&opened.source);
}

static void what_could_break_out_of_a_header_is_refused(void **state)
{
    static const char *const texts[] = {
        "bp_pat_a\r\nx-evil: 1",
        "bp_pat_a\nbp_pat_b",
        " bp_pat_a",
        "Bearer bp_pat_a",
        "bp_pat_\x7f",
        "bp_pat_\xc3\xa9",
        "\xef\xbb\xbfzp_pat_a",
        "bp\tpat",
    };
    struct opened opened;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        token_files_replace(*state, "token", texts[i]);
        open_file(&opened, *state, "token");
        assert_refused(&opened, ERR_MISSING, "the token alone");
        assert_null(strstr(opened.error, "bp_pat_"));
    }
    token_files_write_in_place(*state, "token", SPAN("bp_pat_\0abc"));
    open_file(&opened, *state, "token");
    assert_refused(&opened, ERR_MISSING, "the token alone");
}

static void the_longest_token_fits_and_one_more_does_not(void **state)
{
    char text[CREDENTIAL_TOKEN_MAX + 64];
    memset(text, 'a', sizeof(text));
    struct opened opened;
    text[CREDENTIAL_TOKEN_MAX] = '\n';
    token_files_write_in_place(*state, "token", (struct span){text, CREDENTIAL_TOKEN_MAX + 1});
    open_file(&opened, *state, "token");
    assert_int_equal(opened.status, OK);
    assert_int_equal(opened.token.len, CREDENTIAL_TOKEN_MAX);
    credential_source_close(&opened.source);

    text[CREDENTIAL_TOKEN_MAX] = 'a';
    token_files_write_in_place(*state, "token", (struct span){text, CREDENTIAL_TOKEN_MAX + 1});
    open_file(&opened, *state, "token");
    assert_refused(&opened, ERR_MISSING, "longer than 4096");
    token_files_write_in_place(*state, "token", (struct span){text, sizeof(text)});
    open_file(&opened, *state, "token");
    assert_refused(&opened, ERR_MISSING, "too large");
}

static void only_regular_files_are_read(void **state)
{
    struct opened opened;
    open_file(&opened, *state, ".");
    assert_refused(&opened, ERR_MISSING, "not a regular file");
    char path[FILE_PATH_SIZE];
    token_files_path(*state, "fifo", path);
    assert_int_equal(mkfifo(path, 0600), 0);
    open_file(&opened, *state, "fifo");
    assert_refused(&opened, ERR_MISSING, "not a regular file");
    open_text(&opened, SPAN("file:/dev/zero"));
    assert_refused(&opened, ERR_MISSING, "not a regular file");
}

static void a_missing_or_empty_file_is_named_with_a_remedy(void **state)
{
    const struct token_files *files = *state;
    struct opened opened;
    open_file(&opened, files, "absent");
    assert_refused(&opened, ERR_MISSING, files->folder);
    assert_refused(&opened, ERR_MISSING, "does not exist: create it");
    token_files_replace(files, "token", "\n");
    open_file(&opened, files, "token");
    assert_refused(&opened, ERR_MISSING, "is empty: put the token there");
}

static void a_file_that_may_not_be_read_is_named_with_a_remedy(void **state)
{
    if (geteuid() == 0)
        skip(); /* root may read everything */
    token_files_replace(*state, "token", "bp_pat_abc");
    char path[FILE_PATH_SIZE];
    token_files_path(*state, "token", path);
    assert_int_equal(chmod(path, 0), 0);
    struct opened opened;
    open_file(&opened, *state, "token");
    assert_refused(&opened, ERR_MISSING, "make it readable");
}

static void systemds_credentials_come_from_their_folder(void **state)
{
    const struct token_files *files = *state;
    struct opened opened;
    assert_int_equal(setenv("CREDENTIALS_DIRECTORY", files->folder, 1), 0);
    token_files_replace(files, "botpress", "bp_pat_abc\n");
    open_text(&opened, SPAN("cred:botpress"));
    assert_int_equal(opened.status, OK);
    assert_token(&opened, "bp_pat_abc");
    credential_source_close(&opened.source);
    open_text(&opened, SPAN("cred:absent"));
    assert_refused(&opened, ERR_MISSING, "does not exist");

    assert_int_equal(unsetenv("CREDENTIALS_DIRECTORY"), 0);
    open_text(&opened, SPAN("cred:botpress"));
    assert_refused(&opened, ERR_MISSING, "LoadCredential=botpress:PATH");
}

static void a_credentials_name_does_not_leave_its_folder(void **state)
{
    const struct token_files *files = *state;
    assert_int_equal(setenv("CREDENTIALS_DIRECTORY", files->folder, 1), 0);
    static const char *const texts[] = {"cred:../passwd", "cred:/etc/passwd", "cred:a/b", "cred:.",
                                        "cred:.."};
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct opened opened;
        open_text(&opened, span_of(texts[i]));
        assert_refused(&opened, ERR_SYNTAX, "not a credential's name");
    }
    assert_int_equal(unsetenv("CREDENTIALS_DIRECTORY"), 0);
}

static void a_file_is_looked_at_at_most_once_a_second(void **state)
{
    struct opened opened;
    token_files_replace(*state, "token", "bp_pat_one");
    open_file(&opened, *state, "token");
    assert_int_equal(look(&opened, 10000), SOURCE_UNCHANGED);
    token_files_replace(*state, "token", "bp_pat_two");
    assert_int_equal(look(&opened, 10999), SOURCE_UNCHANGED);
    assert_int_equal(look(&opened, 11000), SOURCE_READ);
    assert_token(&opened, "bp_pat_two");
    assert_int_equal(look(&opened, 12000), SOURCE_UNCHANGED);
    credential_source_close(&opened.source);
}

static void an_urgent_look_reads_even_a_file_that_seems_unchanged(void **state)
{
    struct opened opened;
    token_files_replace(*state, "token", "bp_pat_one");
    open_file(&opened, *state, "token");
    assert_int_equal(look(&opened, 10000), SOURCE_UNCHANGED);

    char path[FILE_PATH_SIZE];
    token_files_path(*state, "token", path);
    token_files_write_in_place(*state, "token", SPAN("bp_pat_two"));
    const struct timespec times[2] = {opened.source.seen.st_atim, opened.source.seen.st_mtim};
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
    assert_int_equal(look(&opened, 11000), SOURCE_UNCHANGED);
    assert_int_equal(look_urgently(&opened, 11001), SOURCE_READ);
    assert_token(&opened, "bp_pat_two");
    credential_source_close(&opened.source);
}

static void a_new_size_or_time_in_the_same_inode_is_seen(void **state)
{
    struct opened opened;
    token_files_replace(*state, "token", "bp_pat_one");
    open_file(&opened, *state, "token");
    token_files_write_in_place(*state, "token", SPAN("bp_pat_three"));
    assert_int_equal(look(&opened, 1000), SOURCE_READ);
    assert_token(&opened, "bp_pat_three");

    char path[FILE_PATH_SIZE];
    token_files_path(*state, "token", path);
    struct timespec times[2] = {opened.source.seen.st_atim, opened.source.seen.st_mtim};
    times[1].tv_sec += 5;
    token_files_write_in_place(*state, "token", SPAN("bp_pat_seven"));
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
    assert_int_equal(look(&opened, 2000), SOURCE_READ);
    assert_token(&opened, "bp_pat_seven");
    credential_source_close(&opened.source);
}

static void a_link_that_was_swapped_is_followed(void **state)
{
    struct opened opened;
    token_files_replace(*state, "data_1", "bp_pat_one");
    token_files_replace(*state, "data_2", "bp_pat_two");
    token_files_link(*state, "token", "data_1");
    open_file(&opened, *state, "token");
    assert_token(&opened, "bp_pat_one");
    token_files_link(*state, "token", "data_2");
    assert_int_equal(look(&opened, 1000), SOURCE_READ);
    assert_token(&opened, "bp_pat_two");
    credential_source_close(&opened.source);
}

static void a_file_that_went_bad_fails_each_look_until_it_is_good(void **state)
{
    struct opened opened;
    token_files_replace(*state, "token", "bp_pat_one");
    open_file(&opened, *state, "token");
    token_files_drop(*state, "token");
    assert_int_equal(look(&opened, 1000), SOURCE_FAILED);
    assert_non_null(strstr(opened.error, "stays in use"));
    assert_int_equal(look(&opened, 1500), SOURCE_UNCHANGED);
    assert_int_equal(look(&opened, 2000), SOURCE_FAILED);
    token_files_replace(*state, "token", "");
    assert_int_equal(look(&opened, 3000), SOURCE_FAILED);
    assert_non_null(strstr(opened.error, "is empty"));
    assert_int_equal(look(&opened, 4000), SOURCE_FAILED);
    token_files_replace(*state, "token", "bp_pat_two");
    assert_int_equal(look(&opened, 5000), SOURCE_READ);
    assert_token(&opened, "bp_pat_two");
    credential_source_close(&opened.source);
}

static void wiping_leaves_no_byte(void **state)
{
    (void)state;
    struct token_text token, zeros;
    memset(&token, 'x', sizeof(token));
    memset(&zeros, 0, sizeof(zeros));
    token_text_wipe(&token);
    assert_memory_equal(&token, &zeros, sizeof(token));
}

#define WITH_FILES(test) cmocka_unit_test_setup_teardown(test, token_files_make, token_files_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_variable_is_read_once),
        cmocka_unit_test(a_variable_that_is_not_set_is_named_with_a_remedy),
        cmocka_unit_test(an_empty_variable_is_refused),
        cmocka_unit_test(what_is_no_source_is_refused_and_never_shown),
        cmocka_unit_test(a_path_that_is_too_long_is_refused),
        WITH_FILES(a_token_is_trimmed_at_its_end),
        WITH_FILES(what_could_break_out_of_a_header_is_refused),
        WITH_FILES(the_longest_token_fits_and_one_more_does_not),
        WITH_FILES(only_regular_files_are_read),
        WITH_FILES(a_missing_or_empty_file_is_named_with_a_remedy),
        WITH_FILES(a_file_that_may_not_be_read_is_named_with_a_remedy),
        WITH_FILES(systemds_credentials_come_from_their_folder),
        WITH_FILES(a_credentials_name_does_not_leave_its_folder),
        WITH_FILES(a_file_is_looked_at_at_most_once_a_second),
        WITH_FILES(an_urgent_look_reads_even_a_file_that_seems_unchanged),
        WITH_FILES(a_new_size_or_time_in_the_same_inode_is_seen),
        WITH_FILES(a_link_that_was_swapped_is_followed),
        WITH_FILES(a_file_that_went_bad_fails_each_look_until_it_is_good),
        cmocka_unit_test(wiping_leaves_no_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
