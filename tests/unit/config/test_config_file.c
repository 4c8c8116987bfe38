#include "config/config_file.h"

#include "unit/config/wrong_files.h"

#include <stdlib.h>
#include <unistd.h>

static const struct wrong_file wrong_names[] = {
    {"workrs: 1\n", "1:1: \"workrs\" is not a setting; did you mean \"workers\"?"},
    {"drain: 1s\nfoo: 1\n", "2:1: \"foo\" is not a setting; `bpgate settings` lists them all"},
    {"client:\n  idle_timout: 1s\n",
     "2:3: \"client.idle_timout\" is not a setting; did you mean \"idle_timeout\"?"},
    {"idle_timeout: 1s\n",
     "1:1: \"idle_timeout\" is not a setting; did you mean \"client.idle_timeout\"?"},
    {"upstream: {pool: {max: 1}}\n",
     "1:19: \"upstream.pool.max\" is not a setting; `bpgate settings` lists them all"},
    {"client.idle_timeout: 1s\n",
     "1:1: \"client.idle_timeout\" is a path; write a map for each part before a dot"},
    {"\"\": 1\n", "1:1: \"\" is not a setting; `bpgate settings` lists them all"},
    {"\"wor\\e[31mkers\": 1\n",
     "1:1: \"wor?[31mkers\" is not a setting; did you mean \"workers\"?"},
    {"<<: {workers: 1}\n", "1:1: \"<<\" is not a setting; `bpgate settings` lists them all"},
    {"? [a, b]\n: 1\n", "1:3: a setting's name must be a word; write \"name: value\""},
    {"? {a: b}\n: 1\n", "1:3: a setting's name must be a word; write \"name: value\""},
    {"workers: 1\ndrain: 1s\nworkers: 2\n",
     "3:1: \"workers\" is here twice, first in line 1; remove one"},
    {"client: {linger: 1s}\nclient: {linger: 2s}\n",
     "2:1: \"client\" is here twice, first in line 1; remove one"},
    {"client:\n  linger: 1s\n  \"linger\": 1s\n",
     "3:3: \"linger\" is here twice, first in line 2; remove one"},
    {"filters:\n- file: a.lua\n  options: {a: !x 1}\n",
     "3:12: filters[].options has a text that begins with !; put it into quotes"},
    {"filters:\n- file: a.lua\n  options: [1]\n",
     "3:12: filters[].options must be a map; put its names and values below it, indented"},
    {"filters:\n- file: a.lua\n  options: {[a]: 1}\n",
     "3:12: filters[].options has a name that is no word"},
    {"filters: [{routes: [/a]}]\n", "1:11: filters[].file is missing; this entry needs it"},
};

static const struct wrong_file wrong_shapes[] = {
    {"listen:\n  - address: 127.0.0.1:1\n    tls: {}\n",
     "3:10: listen[].tls is empty; put its settings below it or remove it"},
    {"listen:\n  - address: 127.0.0.1:1\n    tls:\n",
     "3:9: listen[].tls is empty; put its settings below it or remove it"},
    {"listen:\n  - address: 127.0.0.1:1\n    tls: true\n",
     "3:10: tls holds further settings; put them below it, indented"},
    {"- workers\n", "1:1: this is not a map of settings; write \"name: value\" lines"},
    {"workers", "1:1: this is not a map of settings; write \"name: value\" lines"},
    {"workers:\n", "1:9: workers has no value; give it one or remove the line"},
    {"workers: ~\n", "1:10: workers has no value; give it one or remove the line"},
    {"workers: null\n", "1:10: workers has no value; give it one or remove the line"},
    {"workers: \"\"\n", "1:10: workers must be auto or a whole number; \"\" is not"},
    {"workers: [1]\n", "1:10: workers takes one value; write it behind the colon"},
    {"workers: {a: 1}\n", "1:10: workers takes one value; write it behind the colon"},
    {"client: 5\n", "1:9: client holds further settings; put them below it, indented"},
    {"upstream:\n  pool: [1]\n",
     "2:9: upstream.pool holds further settings; put them below it, indented"},
    {"listen: 127.0.0.1:8080\n", "1:9: listen must be a list; begin each entry with \"- \""},
    {"keys:\n  name: ci\n", "2:3: keys must be a list; begin each entry with \"- \""},
    {"listen:\n  - 127.0.0.1:8080\n",
     "2:5: an entry of listen must be a map; write \"name: value\" pairs"},
    {"profiles:\n  - {name: a, bots: bot_1}\n",
     "2:21: profiles[].bots must be a list; put it in brackets: [...]"},
    {"profiles:\n  - {name: a, bots: [[bot_1]]}\n",
     "2:22: profiles[].bots must be a list of texts; write each entry as one word"},
    {"profiles:\n  - {name: a, bots: [b, ~]}\n",
     "2:25: profiles[].bots must be a list of texts; write each entry as one word"},
    {"workers: !count 2\n", "1:10: workers has a text that begins with !; put it into quotes"},
    {"profiles:\n  - {name: a, bots: [b, !c ]}\n",
     "2:25: profiles[].bots has a text that begins with !; put it into quotes"},
    {"profiles:\n  - {name: a, pass: x-user-id}\n",
     "2:21: profiles[].pass must be a list; put it in brackets: [...]"},
    {"profiles:\n  - {name: a, credential: ~}\n",
     "2:27: profiles[].credential has no value; give it one or remove the line"},
};

static const struct wrong_file wrong_values[] = {
    {"drain: 10\n", "1:8: drain needs a unit; write 10s or 10ms"},
    {"drain: 2h\n", "1:8: drain must be from 0s to 1h; \"2h\" is not"},
    {"client:\n  head_bytes: 32k\n",
     "2:15: client.head_bytes must be a size such as 64KiB or 50MB; \"32k\" is not"},
    {"client: {header_count: 1}\n",
     "1:24: client.header_count must be from 10 to 1000; \"1\" is not"},
    {"unknown_routes: block\n", "1:17: unknown_routes must be forward or deny; \"block\" is not"},
    {"upstream: {allow_plaintext: yes}\n",
     "1:29: upstream.allow_plaintext must be false or true; \"yes\" is not"},
    {"upstream:\n  url: https://user:secret@a\n",
     "2:8: upstream.url must not have a user or password in it: credentials have a section of "
     "their "
     "own"},
    {"listen:\n- address: 8080\n",
     "2:12: listen[].address must be an IP address and a port: 127.0.0.1:8080, \"[::1]:8080\" or "
     "\"*:8080\""},
    {"access_log: |\n  a\n  b\n", "1:13: access_log must not hold control characters or line ends"},
    {"upstream: {ca_file: \"a\\0b\"}\n",
     "1:21: upstream.ca_file must not hold control characters or line ends"},
    {"credentials:\n  - name: a\n    token: bp_pat_0123\n",
     "3:12: credentials[].token must say where the secret is: env:NAME, file:PATH or cred:NAME; "
     "the "
     "secret itself does not belong here"},
    {"credentials:\n  - {name: a b, token: env:X}\n",
     "2:12: credentials[].name must be 1 to 64 visible ASCII characters without spaces"},
    {"credentials:\n  - name: a\n", "2:5: credentials[].token is missing; this entry needs it"},
    {"listen:\n  - {}\n", "2:5: listen[].address is missing; this entry needs it"},
    {"profiles: [{name: a, bot_id: \"bot 1\"}]\n",
     "1:30: profiles[].bot_id must be 1 to 256 visible ASCII characters without spaces: it becomes "
     "a "
     "header"},
    {"profiles: [{name: a, pass: [x-user-idd]}]\n",
     "1:29: profiles[].pass must be x-user-id, x-user-role or x-integration-name; \"x-user-idd\" "
     "is "
     "not; did you mean \"x-user-id\"?"},
};

static void what_is_no_setting_is_told_with_its_place(void **state)
{
    (void)state;
    assert_all_wrong(wrong_names, COUNT_OF(wrong_names));
}

static void what_has_another_shape_is_told_with_its_place(void **state)
{
    (void)state;
    assert_all_wrong(wrong_shapes, COUNT_OF(wrong_shapes));
}

static void what_has_another_value_is_told_with_its_place(void **state)
{
    (void)state;
    assert_all_wrong(wrong_values, COUNT_OF(wrong_values));
}

static void an_empty_file_has_all_defaults(void **state)
{
    (void)state;
    static const char *const empty[] = {
        "",      "\n",           "# nothing\n",
        "---\n", "---\n...\n",   "~\n",
        "{}",    "\xef\xbb\xbf", "upstream:\nkeys:\nprofiles: []\n"};
    for (size_t i = 0; i < COUNT_OF(empty); i++)
        snapshot_release(load_good(empty[i]));
}

static void values_may_be_quoted(void **state)
{
    (void)state;
    struct snapshot *snapshot = load_good("workers: '3'\nclient: {\"linger\": \"1s\"}\n");
    assert_int_equal(snapshot->options.workers, 3);
    assert_int_equal(snapshot->options.client.linger_ms, 1000);
    snapshot_release(snapshot);
}

static void aliases_stand_for_what_they_name(void **state)
{
    (void)state;
    struct snapshot *snapshot = load_good("upstream:\n"
                                          "  timeouts: {resolve: &t 1s, connect: *t}\n"
                                          "profiles:\n"
                                          "  - {name: a, bots: &bots [b1, b2]}\n"
                                          "  - {name: b, bots: *bots}\n");
    assert_int_equal(snapshot->options.upstream.connect_ms, 1000);
    assert_int_equal(snapshot->options.profiles[1].allowed[ID_BOT].count, 2);
    snapshot_release(snapshot);
}

static void a_file_that_holds_itself_is_refused(void **state)
{
    (void)state;
    static const struct wrong_file cycles[] = {
        {"upstream: &u\n  pool: *u\n", "2:3: \"upstream.pool.pool\" is not a setting; "
                                       "`bpgate settings` lists them all"},
        {"&m\nkeys: &k [*k]\n", "2:7: an entry of keys must be a map; write \"name: value\" pairs"},
        {"profiles: [{name: a, bots: &b [*b]}]\n",
         "1:28: profiles[].bots must be a list of texts; write each entry as one word"},
    };
    assert_all_wrong(cycles, COUNT_OF(cycles));
}

/* "profiles: [ &p {…}, *p, *p, … ]" with a long list in the first: short, but for ever to copy. */
static void aliases_cannot_make_a_file_endless(void **state)
{
    (void)state;
    static struct config_errors errors;
    char *text = NULL;
    size_t len = 0;
    FILE *file = open_memstream(&text, &len);
    fputs("profiles:\n- &p\n  name: a\n  bots: [", file);
    for (int i = 0; i < 1000; i++)
        fputs("bot_with_a_long_name_0123456789012345678901234567890123456789, ", file);
    fputs("]\n", file);
    for (int i = 0; i < 999; i++)
        fputs("- *p\n", file);
    fclose(file);
    assert_null(config_parse((struct span){text, len}, "f", &errors));
    assert_int_equal(errors.errors, 1);
    assert_non_null(strstr(errors.at[0].text, "use fewer aliases"));
    free(text);
}

static void as_many_keys_as_there_may_be_are_read(void **state)
{
    (void)state;
    static struct config_errors errors;
    char *text = NULL;
    size_t len = 0, count = 0;
    FILE *file = open_memstream(&text, &len);
    fputs("profiles: [{name: p}]\nkeys:\n", file);
    for (; count < 10000; count++)
        fprintf(file, "- {id: %010zu,name: a%zu,hashes: [{sha256: " HASH64 "}],profile: p}\n",
                count, count);
    fclose(file);
    assert_true(len < CONFIG_FILE_MAX);
    struct snapshot *snapshot = config_parse((struct span){text, len}, "f", &errors);
    assert_non_null(snapshot);
    assert_int_equal(snapshot->options.key_count, count);
    snapshot_release(snapshot);
    free(text);
}

static void too_long_a_list_is_refused(void **state)
{
    (void)state;
    char *text = NULL;
    size_t len = 0;
    FILE *file = open_memstream(&text, &len);
    fputs("listen: [", file);
    for (int i = 0; i < 17; i++)
        fputs("{address: '*:0'}, ", file);
    fputs("]\n", file);
    fclose(file);
    const struct wrong_file wrong = {text,
                                     "1:9: listen may have at most 16 entries; this list has 17"};
    assert_wrong(&wrong);
    free(text);
}

static void all_problems_are_told_at_once_in_order_and_not_without_end(void **state)
{
    (void)state;
    static struct config_errors errors;
    char *text = NULL;
    size_t len = 0;
    FILE *file = open_memstream(&text, &len);
    for (int i = 0; i < 1000; i++)
        fprintf(file, "wrong%d: 1\n", i);
    fclose(file);
    assert_null(config_parse((struct span){text, len}, "f", &errors));
    assert_int_equal(errors.count, CONFIG_MAX_PROBLEMS);
    for (unsigned i = 0; i < CONFIG_MAX_PROBLEMS; i++)
        assert_int_equal(errors.at[i].place.line, i + 1);
    free(text);
}

static void write_bytes(const char *path, size_t len)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    for (size_t i = 0; i < len; i++)
        fputc('#', file);
    fclose(file);
}

static void a_file_may_have_two_mebibytes(void **state)
{
    (void)state;
    static struct config_errors errors;
    char path[] = "/tmp/bpgate-file-XXXXXX";
    size_t len = 0;
    close(mkstemp(path));
    config_errors_init(&errors, path);
    write_bytes(path, CONFIG_FILE_MAX);
    char *text = config_file_read(path, &len, &errors);
    assert_non_null(text);
    assert_int_equal(len, CONFIG_FILE_MAX);
    assert_int_equal(text[len], '\0');
    free(text);
    write_bytes(path, CONFIG_FILE_MAX + 1);
    assert_null(config_file_read(path, &len, &errors));
    assert_string_equal(errors.at[0].text, "the file is larger than 2 MiB from here on, which no "
                                           "settings need; name another with --config FILE");
    assert_int_equal(errors.at[0].place.column, CONFIG_FILE_MAX + 1);
    unlink(path);
    assert_null(config_file_read(path, &len, &errors));
    assert_string_equal(errors.at[1].text,
                        "cannot be opened: No such file or directory; name another settings file "
                        "with --config FILE, or run without one, where BOTPRESS_TOKEN is enough");
    assert_null(config_file_read("/", &len, &errors));
    assert_string_equal(
        errors.at[2].text,
        "cannot be read: Is a directory; name the settings file with --config FILE");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_setting_is_told_with_its_place),
        cmocka_unit_test(what_has_another_shape_is_told_with_its_place),
        cmocka_unit_test(what_has_another_value_is_told_with_its_place),
        cmocka_unit_test(an_empty_file_has_all_defaults),
        cmocka_unit_test(values_may_be_quoted),
        cmocka_unit_test(aliases_stand_for_what_they_name),
        cmocka_unit_test(a_file_that_holds_itself_is_refused),
        cmocka_unit_test(aliases_cannot_make_a_file_endless),
        cmocka_unit_test(as_many_keys_as_there_may_be_are_read),
        cmocka_unit_test(too_long_a_list_is_refused),
        cmocka_unit_test(all_problems_are_told_at_once_in_order_and_not_without_end),
        cmocka_unit_test(a_file_may_have_two_mebibytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
