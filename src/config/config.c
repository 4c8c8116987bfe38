#include "config/config.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/text.h"
#include "config/config_build.h"
#include "config/config_cache.h"
#include "config/config_check.h"
#include "config/config_file.h"
#include "config/config_filters.h"
#include "config/config_identity.h"
#include "config/config_limits.h"
#include "config/config_outside.h"
#include "config/config_tell.h"

/* A draft and the snapshot that is to come out of it. */
struct load {
    struct snapshot *snapshot;
    struct arena lists; /* of the draft; the texts are in the snapshot's */
    struct draft draft;
    struct config_errors *errors;
};

static void begin(struct load *load, struct config_errors *errors)
{
    load->errors = errors;
    load->snapshot = snapshot_create();
    load->snapshot->arena.limit = DRAFT_ARENA_LIMIT;
    arena_init(&load->lists, DRAFT_ARENA_LIMIT);
    draft_init(&load->draft);
}

/* The snapshot, sealed, or NULL when there were errors. */
static struct snapshot *finish(struct load *load)
{
    struct snapshot *snapshot = load->snapshot;
    bool is_good = load->errors->errors == 0;
    if (is_good)
        snapshot->options.told =
            config_tell(&load->draft, &snapshot->options, load->errors->file, &snapshot->arena);
    arena_clear(&load->lists);
    config_errors_sort(load->errors);
    if (is_good) {
        snapshot_seal(snapshot);
        return snapshot;
    }
    snapshot_release(snapshot);
    return NULL;
}

/* Rules are checked even when values were bad: all that is wrong is told at once. */
static void apply_rules(struct load *load)
{
    struct snapshot_options *options = &load->snapshot->options;
    config_check(&load->draft, load->errors);
    config_build(&load->draft, options, &load->snapshot->arena);
    config_cache_build(&load->draft, options, &load->snapshot->arena, load->errors);
    config_limits_build(&load->draft, options, &load->snapshot->arena, load->errors);
    config_identity_build(&load->draft, options, &load->snapshot->arena, load->errors);
    config_filters_build(&load->draft, options, &load->snapshot->arena, load->errors);
}

static struct snapshot *parse(struct span yaml, bool looks_outside, struct config_errors *errors)
{
    struct load *load = xcalloc(1, sizeof(*load));
    begin(load, errors);
    if (config_file_walk(yaml, &load->draft, &load->snapshot->arena, &load->lists, errors)) {
        apply_rules(load);
        if (looks_outside) {
            config_outside_check(&load->draft, errors);
            config_filters_load(&load->draft, &load->snapshot->options, &load->snapshot->arena,
                                errors);
        }
    }
    struct snapshot *snapshot = finish(load);
    free(load);
    return snapshot;
}

/* Nothing but blanks and comments: more likely a mistake than a wish for all the defaults, with which
 * nobody could call. */
static bool is_blank(struct span text)
{
    while (text.len > 0) {
        struct span line = span_trim(span_cut(&text, '\n'));
        if (line.len > 0 && line.at[0] != '#' && line.at[0] != '\r')
            return false;
    }
    return true;
}

static struct snapshot *load_file(const char *path, bool looks_outside,
                                  struct config_errors *errors)
{
    size_t len = 0;
    config_errors_init(errors, path);
    char *text = config_file_read(path, &len, errors);
    if (!text)
        return NULL;
    struct snapshot *snapshot = NULL;
    if (is_blank((struct span){text, len}))
        config_errors_add(errors, (struct place){1, 1},
                          "this file has no settings; write credentials, profiles and keys, as in "
                          "conf/bpgate.yaml");
    else
        snapshot = parse((struct span){text, len}, looks_outside, errors);
    free(text);
    return snapshot;
}

const char *config_choose(const char *given)
{
    if (given)
        return given;
    /* A file that is there and out of reach must not be passed over. */
    bool is_absent =
        access(CONFIG_DEFAULT_PATH, F_OK) != 0 && (errno == ENOENT || errno == ENOTDIR);
    return is_absent ? NULL : CONFIG_DEFAULT_PATH;
}

struct snapshot *config_load(const char *path, struct config_errors *errors)
{
    return load_file(path, true, errors);
}

struct snapshot *config_read(const char *path, struct config_errors *errors)
{
    return load_file(path, false, errors);
}

struct snapshot *config_parse(struct span yaml, const char *name, struct config_errors *errors)
{
    config_errors_init(errors, name);
    return parse(yaml, false, errors);
}

static bool is_set(const char *name)
{
    const char *value = getenv(name);
    return value && value[0];
}

/* The id in the environment; left out when there is none, a problem when it is no id. */
static void take_id(struct load *load, const char *name, struct located *id)
{
    if (!is_set(name))
        return;
    struct span value = span_of(getenv(name));
    const char *fault = text_form_fault(FORM_ID, value);
    if (fault)
        config_errors_add(load->errors, (struct place){0}, "%s %s", name, fault);
    else
        id->text = arena_copy(&load->snapshot->arena, value);
}

static struct record_list one_record(void *record)
{
    return (struct record_list){.at = record, .count = 1, .is_written = true};
}

static void draft_profile(struct load *load)
{
    struct draft_credential *credential = arena_zalloc(&load->lists, sizeof(*credential));
    credential->name.text = SPAN("default");
    credential->token.text = SPAN("env:BOTPRESS_TOKEN");
    load->draft.credentials = one_record(credential);

    struct draft_profile *profile = arena_zalloc(&load->lists, sizeof(*profile));
    profile->name.text = profile->credential.text = SPAN("default");
    take_id(load, "BOTPRESS_WORKSPACE_ID", &profile->workspace_id);
    take_id(load, "BOTPRESS_BOT_ID", &profile->bot_id);
    take_id(load, "BOTPRESS_INTEGRATION_ID", &profile->integration_id);
    load->draft.profiles = one_record(profile);
}

static struct span hex_of_hash(struct arena *arena, struct span secret)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char hash[KEY_HASH_SIZE];
    gateway_key_hash(secret, hash);
    char *hex = arena_alloc(arena, 2 * sizeof(hash));
    for (size_t i = 0; i < sizeof(hash); i++) {
        hex[2 * i] = digits[hash[i] >> 4];
        hex[2 * i + 1] = digits[hash[i] & 15];
    }
    return (struct span){hex, 2 * sizeof(hash)};
}

static void draft_key(struct load *load, const struct first_key *first)
{
    struct arena *arena = &load->snapshot->arena;
    struct gateway_key parts;
    ASSERT(gateway_key_parse(span_of(first->text), &parts) == KEY_FORM_GOOD);

    struct draft_hash *hash = arena_zalloc(&load->lists, sizeof(*hash));
    hash->sha256.text = hex_of_hash(&load->lists, parts.secret);
    struct draft_key *key = arena_zalloc(&load->lists, sizeof(*key));
    key->id.text = arena_copy(arena, parts.id);
    key->name.text = key->profile.text = SPAN("default");
    key->hashes = one_record(hash);
    load->draft.keys = one_record(key);
}

static void draft_first_key(struct load *load, struct first_key *first)
{
    char directory[FIRST_KEY_PATH_SIZE], error[FIRST_KEY_ERROR_SIZE];
    const struct place nowhere = {0};
    if (!first_key_directory(directory))
        config_errors_add(load->errors, nowhere,
                          "there is no place for the gateway's key; set STATE_DIRECTORY");
    else if (first_key_load(directory, first, error) != OK)
        config_errors_add(load->errors, nowhere, "%s", error);
    else
        draft_key(load, first);
}

struct snapshot *config_default(struct first_key *key, struct config_errors *errors)
{
    config_errors_init(errors, NULL);
    *key = (struct first_key){0};
    if (!is_set("BOTPRESS_TOKEN")) {
        config_errors_add(errors, (struct place){0},
                          "there is no settings file " CONFIG_DEFAULT_PATH
                          "; name another with --config FILE, or set BOTPRESS_TOKEN, which is "
                          "enough without a file");
        return NULL;
    }
    struct load *load = xcalloc(1, sizeof(*load));
    begin(load, errors);
    draft_profile(load);
    if (errors->errors == 0)
        draft_first_key(load, key);
    if (errors->errors == 0) {
        apply_rules(load);
        config_outside_check(&load->draft, errors);
    }
    struct snapshot *snapshot = finish(load);
    free(load);
    return snapshot;
}
