#include <stdio.h>

#include <openssl/crypto.h>

#include "base/clock.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "config/config.h"

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
        return "not in the settings file: no such id, or another secret";
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
        key_ring_authenticate(snapshot->keys, NULL, &presented, clock_wall_ms(), &record, &hash);
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
        output_error("the settings file is wrong; mend it first");
        return EXIT_USAGE;
    }
    bool is_good = tell_record(snapshot, text);
    snapshot_release(snapshot);
    return is_good ? EXIT_OK : EXIT_FAILED;
}

int key_check_command(const struct arguments *arguments)
{
    char line[2 * KEY_LEN] = "";
    struct span text = take_key(arguments->words[0], line, sizeof(line));
    const char *path = config_choose(arguments_value(arguments, "--config"));
    int code = tell_form(text) ? EXIT_OK : EXIT_FAILED;
    if (code == EXIT_OK && path)
        code = look_up(path, text);
    OPENSSL_cleanse(line, sizeof(line));
    return code;
}
