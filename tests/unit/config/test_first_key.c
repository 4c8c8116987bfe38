#include "config/first_key.h"

#include "base/text.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct folder {
    char path[64];
    char state[128]; /* two levels below, not made yet */
    char key[192];
};

static int set_up(void **state)
{
    struct folder *folder = xcalloc(1, sizeof(*folder));
    snprintf(folder->path, sizeof(folder->path), "/tmp/bpgate-key-XXXXXX");
    if (!mkdtemp(folder->path))
        return -1;
    snprintf(folder->state, sizeof(folder->state), "%s/a/b", folder->path);
    snprintf(folder->key, sizeof(folder->key), "%s/first.key", folder->state);
    *state = folder;
    return 0;
}

static int tear_down(void **state)
{
    struct folder *folder = *state;
    char middle[128];
    snprintf(middle, sizeof(middle), "%s/a", folder->path);
    (void)remove(folder->key);
    (void)remove(folder->state);
    (void)remove(middle);
    int result = remove(folder->path);
    free(folder);
    return result;
}

static void write_key(const struct folder *folder, const char *text, mode_t mode)
{
    FILE *file = fopen(folder->key, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    assert_int_equal(chmod(folder->key, mode), 0);
}

static void the_first_start_makes_a_key_and_the_second_finds_it(void **state)
{
    const struct folder *folder = *state;
    struct first_key first, second;
    struct gateway_key parsed;
    char error[FIRST_KEY_ERROR_SIZE];
    assert_int_equal(first_key_load(folder->state, &first, error), OK);
    assert_true(first.is_new);
    assert_string_equal(first.path, folder->key);
    assert_int_equal(gateway_key_parse(span_of(first.text), &parsed), KEY_FORM_GOOD);
    assert_int_equal(first_key_load(folder->state, &second, error), OK);
    assert_false(second.is_new);
    assert_string_equal(second.text, first.text);
}

static size_t count_files(const char *path)
{
    size_t count = 0;
    DIR *directory = opendir(path);
    assert_non_null(directory);
    for (struct dirent *entry; (entry = readdir(directory));)
        count += entry->d_name[0] != '.';
    closedir(directory);
    return count;
}

static void only_its_owner_may_read_it_and_nothing_else_is_left(void **state)
{
    const struct folder *folder = *state;
    struct first_key key;
    struct stat info;
    char error[FIRST_KEY_ERROR_SIZE];
    mode_t old = umask(0);
    assert_int_equal(first_key_load(folder->state, &key, error), OK);
    umask(old);
    assert_int_equal(stat(folder->key, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    assert_int_equal(stat(folder->state, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0700);
    assert_int_equal(count_files(folder->state), 1);
}

static void a_key_that_others_can_read_is_refused(void **state)
{
    const struct folder *folder = *state;
    struct first_key key;
    char error[FIRST_KEY_ERROR_SIZE];
    assert_int_equal(first_key_load(folder->state, &key, error), OK);
    assert_int_equal(chmod(folder->key, 0640), 0);
    assert_int_equal(first_key_load(folder->state, &key, error), ERR_IO);
    assert_non_null(strstr(error, "chmod 600"));
    assert_non_null(strstr(error, folder->key));
}

static void a_damaged_key_is_refused_and_never_shown(void **state)
{
    const struct folder *folder = *state;
    struct first_key key;
    char error[FIRST_KEY_ERROR_SIZE], text[KEY_LEN + 1];
    assert_int_equal(first_key_load(folder->state, &key, error), OK);
    snprintf(text, sizeof(text), "%s", key.text);
    text[20] = (char)(text[20] == 'x' ? 'y' : 'x');
    static const char *const damaged[] = {"", "\n", "bpg_", "something else"};
    for (size_t i = 0; i < COUNT_OF(damaged); i++) {
        write_key(folder, damaged[i], 0600);
        assert_int_equal(first_key_load(folder->state, &key, error), ERR_SYNTAX);
    }
    write_key(folder, text, 0600);
    assert_int_equal(first_key_load(folder->state, &key, error), ERR_SYNTAX);
    assert_non_null(strstr(error, "is damaged; remove it"));
    assert_null(strstr(error, text + 20));
}

static void a_key_without_its_line_end_is_good(void **state)
{
    const struct folder *folder = *state;
    struct first_key key, again;
    char error[FIRST_KEY_ERROR_SIZE];
    assert_int_equal(first_key_load(folder->state, &key, error), OK);
    write_key(folder, key.text, 0600);
    assert_int_equal(first_key_load(folder->state, &again, error), OK);
    assert_string_equal(again.text, key.text);
}

static void a_place_that_cannot_be_used_is_told(void **state)
{
    const struct folder *folder = *state;
    struct first_key key;
    char error[FIRST_KEY_ERROR_SIZE], file[80], below[128], longest[2 * FIRST_KEY_PATH_SIZE];
    snprintf(file, sizeof(file), "%s/a", folder->path);
    snprintf(below, sizeof(below), "%s/b", file);
    fclose(fopen(file, "w"));
    assert_int_equal(first_key_load(below, &key, error), ERR_IO);
    assert_non_null(strstr(error, "set STATE_DIRECTORY"));
    memset(longest, 'x', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    assert_int_equal(first_key_load(longest, &key, error), ERR_LIMIT);
}

static void set(const char *state_directory, const char *xdg, const char *home)
{
    setenv("STATE_DIRECTORY", state_directory, 1);
    setenv("XDG_STATE_HOME", xdg, 1);
    setenv("HOME", home, 1);
}

static void the_environment_says_where_state_is_kept(void **state)
{
    (void)state;
    char path[FIRST_KEY_PATH_SIZE];
    set("/var/lib/bpgate", "/xdg", "/home/a");
    assert_true(first_key_directory(path));
    assert_string_equal(path, "/var/lib/bpgate");
    set("/var/lib/bpgate:/var/lib/other", "/xdg", "/home/a");
    assert_true(first_key_directory(path));
    assert_string_equal(path, "/var/lib/bpgate");
    set("", "/xdg", "/home/a");
    assert_true(first_key_directory(path));
    assert_string_equal(path, "/xdg/bpgate");
    set("", "", "/home/a");
    assert_true(first_key_directory(path));
    assert_string_equal(path, "/home/a/.local/state/bpgate");
    set("", "", "");
    assert_false(first_key_directory(path));
    unsetenv("STATE_DIRECTORY");
    unsetenv("XDG_STATE_HOME");
    unsetenv("HOME");
    assert_false(first_key_directory(path));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_first_start_makes_a_key_and_the_second_finds_it, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(only_its_owner_may_read_it_and_nothing_else_is_left, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_key_that_others_can_read_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_damaged_key_is_refused_and_never_shown, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_key_without_its_line_end_is_good, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_place_that_cannot_be_used_is_told, set_up, tear_down),
        cmocka_unit_test(the_environment_says_where_state_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
