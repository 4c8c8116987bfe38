#include "config/config.h"

#include "unit/config/wrong_files.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static struct config_errors errors;

struct folder {
    char path[64];
    char file[128];
};

static const char *const variables[] = {"BOTPRESS_TOKEN",  "BOTPRESS_WORKSPACE_ID",
                                        "BOTPRESS_BOT_ID", "BOTPRESS_INTEGRATION_ID",
                                        "STATE_DIRECTORY", "BPGATE_TEST_TOKEN"};

static int set_up(void **state)
{
    struct folder *folder = xcalloc(1, sizeof(*folder));
    snprintf(folder->path, sizeof(folder->path), "/tmp/bpgate-config-XXXXXX");
    if (!mkdtemp(folder->path))
        return -1;
    for (size_t i = 0; i < COUNT_OF(variables); i++)
        unsetenv(variables[i]);
    setenv("STATE_DIRECTORY", folder->path, 1);
    snprintf(folder->file, sizeof(folder->file), "%s/first.key", folder->path);
    *state = folder;
    return 0;
}

static int tear_down(void **state)
{
    struct folder *folder = *state;
    (void)remove(folder->file);
    int result = remove(folder->path);
    free(folder);
    return result;
}

/* The example of the product's description, without what this release does not have. */
static const char example[] =
    "listen:\n"
    "  - address: 127.0.0.1:8080            # tls: {certificate: a, key: b, client_ca: c}\n"
    "workers: auto                          # cores this process may use (affinity, cgroup)\n"
    "upstream:\n"
    "  url: https://api.botpress.cloud      # http:// only to loopback or with allow_plaintext\n"
    "  ca_file: /etc/ssl/own.pem            # default: the system's\n"
    "  timeouts: {resolve: 2s, connect: 2s, tls: 3s, send_idle: 10s, first_byte: 40s, "
    "body_idle: 10s, total: 50s}\n"
    "credentials:\n"
    "  - {name: team, token: env:BPGATE_TEST_TOKEN}\n"
    "profiles:\n"
    "  - {name: support, credential: team, workspace_id: wkspace_1, bot_id: bot_1, "
    "bots: [bot_1, bot_2]}\n"
    "keys:\n"
    "  - {id: Ab3dE6gH9k, name: ci, hashes: [{sha256: " HASH64 "}], profile: support, "
    "operations: [read, createMessage]}\n"
    "access_log: stdout                     # or a file, syslog, off\n"
    "# anonymous: support\n";

static void the_example_of_the_product_loads_without_a_warning(void **state)
{
    (void)state;
    struct snapshot *snapshot =
        config_parse((struct span){example, sizeof(example) - 1}, "f", &errors);
    assert_int_equal(errors.count, 0);
    assert_non_null(snapshot);
    assert_non_null(snapshot->catalogue);
    assert_non_null(snapshot->keys);
    assert_int_equal(snapshot->options.keys[0].profile->credential, 0);
    assert_null(snapshot->options.anonymous);
    snapshot_release(snapshot);
}

static void write_file(const struct folder *folder, const char *text)
{
    FILE *file = fopen(folder->file, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void loading_looks_at_tokens_and_reading_does_not(void **state)
{
    const struct folder *folder = *state;
    write_file(folder, "credentials:\n- {name: team, token: env:BPGATE_TEST_TOKEN}\n");
    struct snapshot *snapshot = config_read(folder->file, &errors);
    assert_non_null(snapshot);
    snapshot_release(snapshot);
    assert_null(config_load(folder->file, &errors));
    assert_int_equal(errors.errors, 1);
    assert_string_equal(errors.file, folder->file);
    setenv("BPGATE_TEST_TOKEN", "bp_pat_0123456789", 1);
    snapshot = config_load(folder->file, &errors);
    assert_non_null(snapshot);
    assert_int_equal(errors.errors, 0);
    snapshot_release(snapshot);
}

static void a_file_that_is_not_there_is_a_problem(void **state)
{
    (void)state;
    char line[CONFIG_LINE_SIZE];
    assert_null(config_load("/nonexistent/bpgate.yaml", &errors));
    config_problem_write(&errors, 0, line);
    assert_string_equal(
        line, "/nonexistent/bpgate.yaml: cannot be opened: No such file or directory; name another "
              "settings file with --config FILE, or run without one, where "
              "BOTPRESS_TOKEN is enough");
}

static void a_file_without_settings_is_a_problem(void **state)
{
    const struct folder *folder = *state;
    static const char *const texts[] = {"", " \n", "# nothing\r\n\r\n\t\n  # more"};
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        write_file(folder, texts[i]);
        assert_null(config_load(folder->file, &errors));
        assert_int_equal(errors.errors, 1);
        assert_int_equal(errors.at[0].place.line, 1);
        assert_non_null(strstr(errors.at[0].text, "this file has no settings"));
    }
    write_file(folder, "# something\nworkers: 1\n");
    struct snapshot *snapshot = config_load(folder->file, &errors);
    assert_non_null(snapshot);
    snapshot_release(snapshot);
}

static void what_is_wrong_outside_is_told_with_the_rest(void **state)
{
    const struct folder *folder = *state;
    write_file(folder, "workrs: 1\n"
                       "credentials:\n"
                       "- {name: team, token: env:BPGATE_TEST_TOKEN}\n"
                       "- {name: other}\n");
    assert_null(config_load(folder->file, &errors));
    assert_int_equal(errors.errors, 3);
    assert_int_equal(errors.at[1].place.line, 3);
    assert_non_null(strstr(errors.at[1].text, "BPGATE_TEST_TOKEN is not set"));
}

static void problems_of_all_kinds_are_told_together(void **state)
{
    (void)state;
    static const unsigned lines[] = {1, 2, 3, 4, 5};
    struct span yaml = SPAN("workrs: 1\n"
                            "drain: 10\n"
                            "client: {keep_alive: 2m}\n"
                            "anonymous: nobody\n"
                            "redis: {password: env:X}\n");
    assert_null(config_parse(yaml, "f", &errors));
    assert_int_equal(errors.errors, COUNT_OF(lines));
    for (size_t i = 0; i < COUNT_OF(lines); i++)
        assert_int_equal(errors.at[i].place.line, lines[i]);
}

static void the_path_that_is_given_is_chosen(void **state)
{
    (void)state;
    assert_string_equal(config_choose("x.yaml"), "x.yaml");
}

static void without_file_and_token_nothing_starts_and_no_key_is_made(void **state)
{
    const struct folder *folder = *state;
    struct first_key key;
    assert_null(config_default(&key, &errors));
    assert_int_equal(errors.errors, 1);
    assert_non_null(strstr(errors.at[0].text, "BOTPRESS_TOKEN"));
    assert_int_equal(access(folder->file, F_OK), -1);
    assert_false(key.is_new);
}

static void a_token_alone_is_enough_to_start(void **state)
{
    (void)state;
    struct first_key key;
    setenv("BOTPRESS_TOKEN", "bp_pat_0123456789", 1);
    struct snapshot *snapshot = config_default(&key, &errors);
    assert_int_equal(errors.count, 0);
    assert_true(key.is_new);
    const struct snapshot_options *options = &snapshot->options;
    assert_int_equal(options->listen_count, 1);
    assert_true(span_equal(options->listen[0].address, SPAN("127.0.0.1:8080")));
    assert_true(span_equal(options->credentials[0].token, SPAN("env:BOTPRESS_TOKEN")));
    assert_true(span_equal(options->profiles[0].name, SPAN("default")));
    assert_int_equal(options->profiles[0].credential, 0);
    for (int kind = 0; kind < ID_KIND_COUNT; kind++)
        assert_int_equal(options->profiles[0].ids[kind].len, 0);
    assert_null(options->anonymous);
    snapshot_release(snapshot);
}

static enum auth_result authenticate(const struct snapshot *snapshot, const char *key)
{
    const struct presented presented = {.key_header = span_of(key)};
    const struct key_record *record = NULL;
    size_t hash = 0;
    return key_ring_authenticate(snapshot->keys, NULL, &presented, 1, &record, &hash);
}

static void the_key_that_was_made_opens_the_gateway_again_after_a_restart(void **state)
{
    (void)state;
    struct first_key key, again;
    setenv("BOTPRESS_TOKEN", "bp_pat_0123456789", 1);
    struct snapshot *snapshot = config_default(&key, &errors);
    assert_int_equal(authenticate(snapshot, key.text), AUTH_OK);
    assert_true(snapshot->options.keys[0].scope.has_all);
    snapshot_release(snapshot);
    snapshot = config_default(&again, &errors);
    assert_false(again.is_new);
    assert_int_equal(authenticate(snapshot, key.text), AUTH_OK);
    snapshot_release(snapshot);
}

static void ids_come_from_the_environment(void **state)
{
    (void)state;
    struct first_key key;
    setenv("BOTPRESS_TOKEN", "bp_pat_0123456789", 1);
    setenv("BOTPRESS_WORKSPACE_ID", "wkspace_1", 1);
    setenv("BOTPRESS_BOT_ID", "bot_1", 1);
    setenv("BOTPRESS_INTEGRATION_ID", "", 1);
    struct snapshot *snapshot = config_default(&key, &errors);
    assert_non_null(snapshot);
    const struct profile *profile = &snapshot->options.profiles[0];
    assert_true(span_equal(profile->ids[ID_WORKSPACE], SPAN("wkspace_1")));
    assert_true(span_equal(profile->ids[ID_BOT], SPAN("bot_1")));
    assert_int_equal(profile->ids[ID_INTEGRATION].len, 0);
    snapshot_release(snapshot);
}

static void an_id_that_is_none_is_told_and_no_key_is_made(void **state)
{
    const struct folder *folder = *state;
    struct first_key key;
    char line[CONFIG_LINE_SIZE];
    setenv("BOTPRESS_TOKEN", "bp_pat_0123456789", 1);
    setenv("BOTPRESS_BOT_ID", "bot 1", 1);
    assert_null(config_default(&key, &errors));
    config_problem_write(&errors, 0, line);
    assert_string_equal(line, "BOTPRESS_BOT_ID must be 1 to 256 visible ASCII characters without "
                              "spaces: it becomes a header");
    assert_int_equal(access(folder->file, F_OK), -1);
}

static void a_key_that_cannot_be_kept_is_told(void **state)
{
    (void)state;
    struct first_key key;
    setenv("BOTPRESS_TOKEN", "bp_pat_0123456789", 1);
    setenv("STATE_DIRECTORY", "/dev/null/state", 1);
    assert_null(config_default(&key, &errors));
    assert_int_equal(errors.errors, 1);
    assert_non_null(strstr(errors.at[0].text, "set STATE_DIRECTORY"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_example_of_the_product_loads_without_a_warning),
        TEST(loading_looks_at_tokens_and_reading_does_not),
        TEST(a_file_that_is_not_there_is_a_problem),
        TEST(a_file_without_settings_is_a_problem),
        TEST(what_is_wrong_outside_is_told_with_the_rest),
        TEST(problems_of_all_kinds_are_told_together),
        TEST(the_path_that_is_given_is_chosen),
        TEST(without_file_and_token_nothing_starts_and_no_key_is_made),
        TEST(a_token_alone_is_enough_to_start),
        TEST(the_key_that_was_made_opens_the_gateway_again_after_a_restart),
        TEST(ids_come_from_the_environment),
        TEST(an_id_that_is_none_is_told_and_no_key_is_made),
        TEST(a_key_that_cannot_be_kept_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
