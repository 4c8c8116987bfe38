#include <stdio.h>
#include <stdlib.h>

#include <openssl/crypto.h>

#include "base/clock.h"
#include "base/text.h"
#include "cli/arguments.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/key_entry.h"
#include "cli/output.h"
#include "config/config.h"
#include "config/config_text.h"
#include "config/operation_list.h"
#include "config/text_form.h"

enum { LIST_ARENA_LIMIT = MIB };

static bool has_name_form(const char *option, const char *value)
{
    if (!value) {
        output_error("key new needs %s", option);
        return false;
    }
    const char *fault = text_form_fault(FORM_NAME, span_of(value));
    if (fault)
        output_error("%s %s", option, fault);
    return !fault;
}

static bool is_future(const char *expires)
{
    uint64_t ms = 0;
    if (!expires)
        return true;
    if (!date_parse(span_of(expires), &ms)) {
        output_error("--expires must be a date such as 2027-01-31 or 2027-01-31T12:00:00Z");
        return false;
    }
    if (ms <= clock_wall_ms()) {
        output_error("--expires is in the past: the key would never work");
        return false;
    }
    return true;
}

static bool are_operations(const struct key_entry *entry)
{
    struct arena arena;
    struct scope scope;
    struct scope_error error;
    arena_init(&arena, LIST_ARENA_LIMIT);
    enum status status = scope_compile(&scope, entry->operations, entry->operation_count,
                                       operation_list(&arena), operation_count(), &error);
    arena_clear(&arena);
    if (status != OK)
        output_error("--operations: %s", error.text);
    return status == OK;
}

static bool take_operations(const char *list, struct key_entry *entry)
{
    struct span rest = span_of(list ? list : "all"), element;
    while (span_next_element(&rest, &element)) {
        if (entry->operation_count == KEY_ENTRY_MAX_OPERATIONS) {
            output_error("--operations takes at most %d; write more into the entry",
                         KEY_ENTRY_MAX_OPERATIONS);
            return false;
        }
        entry->operations[entry->operation_count++] = element;
    }
    if (entry->operation_count == 0)
        output_error("--operations is empty; leave it out for all");
    return entry->operation_count > 0 && are_operations(entry);
}

static int key_new(int argc, char **argv)
{
    struct key_entry entry = {0};
    const char *operations = NULL;
    bool wants_json = false;
    const struct option_row options[] = {{.name = "--name", .value = &entry.name},
                                         {.name = "--profile", .value = &entry.profile},
                                         {.name = "--operations", .value = &operations},
                                         {.name = "--expires", .value = &entry.expires},
                                         {.name = "--json", .flag = &wants_json}};
    const struct arguments arguments = {.options = options, .option_count = COUNT_OF(options)};
    if (!arguments_parse(argc, argv, &arguments) || !has_name_form("--name", entry.name) ||
        !has_name_form("--profile", entry.profile) || !is_future(entry.expires) ||
        !take_operations(operations, &entry))
        return EXIT_USAGE;
    gateway_key_make(entry.key);
    if (wants_json)
        key_entry_write_json(stdout, &entry);
    else
        key_entry_write_yaml(stdout, &entry);
    OPENSSL_cleanse(entry.key, sizeof(entry.key));
    return EXIT_OK;
}

/* The key that was given, or the first line of standard input. */
static struct span take_key(const char *word, char *line, int size)
{
    if (strcmp(word, "-") != 0)
        return span_of(word);
    struct span text = span_of(fgets(line, size, stdin));
    while (text.len > 0 && (text.at[text.len - 1] == '\n' || text.at[text.len - 1] == '\r'))
        text.len--;
    return text;
}

static bool tell_form(struct span text)
{
    struct gateway_key key;
    switch (gateway_key_parse(text, &key)) {
    case KEY_FORM_GOOD:
        printf("form: good\nid: %.*s\n", (int)key.id.len, key.id.at);
        return true;
    case KEY_FORM_NOT_OURS:
        puts("form: no gateway key, those begin with bpg_");
        return false;
    case KEY_FORM_TYPO:
        puts("form: a gateway key with a typing error, or cut short");
        return false;
    }
    UNREACHABLE();
}

static const char *state_of(enum auth_result result)
{
    switch (result) {
    case AUTH_OK:
        return "good";
    case AUTH_ADDRESS:
        return "good, from its cidrs only";
    case AUTH_EXPIRED:
        return "expired";
    case AUTH_DISABLED:
        return "disabled";
    case AUTH_WRONG:
        return "not in the configuration: no such id, or another secret";
    case AUTH_NO_KEY:
    case AUTH_NOT_OURS:
    case AUTH_TYPO:
    case AUTH_CERTIFICATE:
        break;
    }
    UNREACHABLE();
}

/* Whose it is. The address of a caller is not known here, so its cidrs are not judged. */
static bool tell_record(const struct snapshot *snapshot, struct span text)
{
    const struct presented presented = {.key_header = text};
    const struct key_record *record = NULL;
    size_t hash = 0;
    enum auth_result result =
        key_ring_authenticate(snapshot->keys, &presented, clock_wall_ms(), &record, &hash);
    if (record)
        printf("name: %.*s\nprofile: %.*s\nhash: %zu of %zu\n", (int)record->name.len,
               record->name.at, (int)record->profile->name.len, record->profile->name.at, hash + 1,
               record->hash_count);
    printf("state: %s\n", state_of(result));
    return result == AUTH_OK || result == AUTH_ADDRESS;
}

static int look_up(const char *path, struct span text)
{
    struct config_errors errors;
    struct snapshot *snapshot = config_read(path, &errors);
    if (!snapshot) {
        config_errors_print(&errors, stderr);
        output_error("the configuration is wrong; `bpgate check` says more");
        return EXIT_FAILED;
    }
    bool is_good = tell_record(snapshot, text);
    snapshot_release(snapshot);
    return is_good ? EXIT_OK : EXIT_FAILED;
}

static int key_check(int argc, char **argv)
{
    const char *given = NULL, *word = NULL;
    char line[2 * KEY_LEN] = "";
    const struct option_row options[] = {{.name = "--config", .value = &given}};
    const struct arguments arguments = {
        .options = options, .option_count = COUNT_OF(options), .words = &word, .most_words = 1};
    if (!arguments_parse(argc, argv, &arguments))
        return EXIT_USAGE;
    if (!word) {
        output_error("key check needs a key, or - to read it from standard input");
        return EXIT_USAGE;
    }
    struct span text = take_key(word, line, sizeof(line));
    const char *path = config_choose(given);
    int code = tell_form(text) ? EXIT_OK : EXIT_FAILED;
    if (code == EXIT_OK && path)
        code = look_up(path, text);
    OPENSSL_cleanse(line, sizeof(line));
    return code;
}

int key_command(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    bool is_new = strcmp(what, "new") == 0;
    if (!is_new && strcmp(what, "check") != 0) {
        output_error("key takes \"new\" or \"check\"; see `bpgate help key`");
        return EXIT_USAGE;
    }
    argv[1] = argv[0]; /* the name in messages */
    return is_new ? key_new(argc - 1, argv + 1) : key_check(argc - 1, argv + 1);
}
