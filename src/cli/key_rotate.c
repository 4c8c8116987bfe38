#include <stdio.h>
#include <stdlib.h>

#include <openssl/crypto.h>

#include "base/clock.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/key_entry.h"
#include "cli/output.h"
#include "config/config.h"
#include "config/config_file.h"
#include "config/nearest.h"

#define DEFAULT_OVERLAP "24h"
enum { MAX_OVERLAP_DAYS = 365, MS_IN_DAY = 86400000 };

/* The settings file as it was written: a snapshot no longer has the words of its operations. */
struct rotation {
    const char *path;
    struct arena texts, lists;
    struct draft draft;
    struct config_errors errors;
    uint64_t now_ms, overlap_ms;
};

static bool take_overlap(const char *text, uint64_t *overlap_ms)
{
    const uint64_t most_ms = (uint64_t)MAX_OVERLAP_DAYS * MS_IN_DAY;
    if (duration_parse(span_of(text ? text : DEFAULT_OVERLAP), overlap_ms) == AMOUNT_OK &&
        *overlap_ms <= most_ms)
        return true;
    output_error("--overlap must be a duration from 0s to %dd, such as 30m, 24h or 7d; \"%s\" is "
                 "not",
                 MAX_OVERLAP_DAYS, text);
    return false;
}

/* Whether the file is good; what is wrong with it has been told. */
static bool is_good_file(struct rotation *rotation)
{
    struct snapshot *snapshot = config_read(rotation->path, &rotation->errors);
    if (snapshot)
        snapshot_release(snapshot);
    else
        config_errors_print(&rotation->errors, stderr);
    return snapshot != NULL;
}

static bool read_draft(struct rotation *rotation)
{
    size_t len = 0;
    struct config_errors *errors = &rotation->errors;
    if (!is_good_file(rotation)) {
        output_error("the settings file is wrong; mend it first");
        return false;
    }
    config_errors_init(errors, rotation->path);
    char *text = config_file_read(rotation->path, &len, errors);
    bool is_read = text && config_file_walk((struct span){text, len}, &rotation->draft,
                                            &rotation->texts, &rotation->lists, errors);
    free(text);
    if (!is_read || errors->errors > 0) {
        output_error("%s changed while it was read; try again", rotation->path);
        return false;
    }
    return true;
}

static void refuse_unknown(const struct rotation *rotation, struct span word)
{
    const struct draft_key *keys = rotation->draft.keys.at;
    struct nearest nearest = nearest_to(word);
    for (size_t i = 0; i < rotation->draft.keys.count; i++) {
        nearest_consider(&nearest, keys[i].name.text);
        nearest_consider(&nearest, keys[i].id.text);
    }
    if (span_starts_with(word, SPAN("bpg_")))
        output_error("name the key by its name or id, without its secret: a command line is seen "
                     "by others and kept");
    else if (nearest.best.len > 0)
        output_error("there is no key \"%s\" in %s; did you mean \"%s\"?", show(word).text,
                     rotation->path, show(nearest.best).text);
    else if (rotation->draft.keys.count > 0)
        output_error("there is no key \"%s\" in %s; take a name or id below its `keys:`",
                     show(word).text, rotation->path);
    else
        output_error("there are no keys in %s; make one with `bpgate key new`", rotation->path);
}

/* NULL, and the error is told, when the word means no key or two. */
static const struct draft_key *find_key(const struct rotation *rotation, struct span word)
{
    const struct draft_key *keys = rotation->draft.keys.at, *by_id = NULL, *by_name = NULL;
    for (size_t i = 0; i < rotation->draft.keys.count; i++) {
        if (span_equal(word, keys[i].id.text))
            by_id = &keys[i];
        if (span_equal(word, keys[i].name.text))
            by_name = &keys[i];
    }
    if (by_id && by_name && by_id != by_name) {
        output_error("\"%s\" is the id of the key in line %u and the name of the one in line %u; "
                     "take the other of the two words for the key that you mean",
                     show(word).text, by_id->place.line, by_name->place.line);
        return NULL;
    }
    if (!by_id && !by_name)
        refuse_unknown(rotation, word);
    return by_id ? by_id : by_name;
}

static bool has_ended(const struct draft_hash *hash, uint64_t now_ms)
{
    return hash->not_after_ms > 0 && hash->not_after_ms <= now_ms;
}

/* Of two the one that ends first; without an end the first in the file is taken for the older. */
static void refuse_third(const struct draft_key *key)
{
    char until[DATE_TEXT_SIZE];
    const struct draft_hash *hashes = key->hashes.at, *old = &hashes[0];
    if (hashes[1].not_after_ms > 0 &&
        (old->not_after_ms == 0 || hashes[1].not_after_ms < old->not_after_ms))
        old = &hashes[1];
    date_write(old->not_after_ms, until);
    if (old->not_after_ms > 0)
        output_error("key \"%s\" has two secrets already; drop the old one, the hash in line %u "
                     "that ends at %s, when nobody uses it any more",
                     show(key->name.text).text, old->sha256.place.line, until);
    else
        output_error("key \"%s\" has two secrets already, in lines %u and %u; drop the one that "
                     "nobody uses any more",
                     show(key->name.text).text, hashes[0].sha256.place.line,
                     hashes[1].sha256.place.line);
}

/* The hash that goes on working beside the new one. False, and the error is told, when there are
 * two; *old is NULL when there is none. */
static bool find_old_hash(const struct rotation *rotation, const struct draft_key *key,
                          const struct draft_hash **old)
{
    const struct draft_hash *hashes = key->hashes.at;
    *old = NULL;
    for (size_t i = 0; i < key->hashes.count; i++) {
        if (has_ended(&hashes[i], rotation->now_ms))
            continue;
        if (*old && rotation->overlap_ms > 0) {
            refuse_third(key);
            return false;
        }
        *old = &hashes[i];
    }
    if (key->hashes.count > 0)
        return true;
    output_error("key \"%s\" has no secret, its certificates stand for it; there is nothing to "
                 "rotate",
                 show(key->name.text).text);
    return false;
}

static void add_old_hash(const struct rotation *rotation, const struct draft_hash *old,
                         struct key_entry *entry)
{
    if (!old || rotation->overlap_ms == 0)
        return;
    struct key_entry_hash *hash = &entry->hashes[entry->hash_count++];
    uint64_t end_ms = rotation->now_ms + rotation->overlap_ms;
    if (old->not_after_ms > 0 && old->not_after_ms < end_ms)
        end_ms = old->not_after_ms;
    snprintf(hash->sha256, sizeof(hash->sha256), "%.*s", (int)old->sha256.text.len,
             old->sha256.text.at);
    date_write(end_ms, hash->not_after);
}

static struct id_list list_of(struct arena *arena, const struct located_list *from)
{
    if (from->place.line == 0)
        return (struct id_list){NULL, 0};
    struct span *texts = arena_zalloc(arena, (from->count + 1) * sizeof(*texts));
    for (size_t i = 0; i < from->count; i++)
        texts[i] = from->at[i].text;
    return (struct id_list){texts, from->count};
}

static void show_entry(const struct rotation *rotation, const struct draft_key *key,
                       const struct key_entry *entry)
{
    printf("# The new key, for the programs that call. It is not shown again.\n%s\n\n"
           "# Its entry, for %s, in the place of the one in line %u.\n",
           entry->key, rotation->path, key->place.line);
    if (entry->hash_count > 1)
        printf("# The old key works until %s.\n", entry->hashes[1].not_after);
    else
        puts("# The old key works until the file is read again.");
    key_entry_write_yaml(stdout, entry);
    if (key->disabled)
        output_error("note: this key is disabled; neither secret works until that is changed");
    else if (key->expires_ms > 0 && key->expires_ms <= rotation->now_ms)
        output_error("note: this key has expired; neither secret works until that is changed");
}

static int rotate(struct rotation *rotation, const char *word, bool wants_json)
{
    char expires[DATE_TEXT_SIZE] = "";
    const struct draft_hash *old = NULL;
    const struct draft_key *key = NULL;
    if (!read_draft(rotation) || !(key = find_key(rotation, span_of(word))) ||
        !find_old_hash(rotation, key, &old))
        return EXIT_USAGE;
    if (key->expires_ms > 0)
        date_write(key->expires_ms, expires);
    struct key_entry entry = {
        .name = key->name.text,
        .profile = key->profile.text,
        .operations = list_of(&rotation->lists, &key->operations),
        .bots = list_of(&rotation->lists, &key->bots),
        .cidrs = list_of(&rotation->lists, &key->cidrs),
        .certificates = list_of(&rotation->lists, &key->certificates),
        .expires = span_of(expires),
        .is_disabled = key->disabled,
    };
    key_entry_make_key(&entry, key->id.text);
    add_old_hash(rotation, old, &entry);
    if (wants_json)
        key_entry_write_json(stdout, &entry);
    else
        show_entry(rotation, key, &entry);
    OPENSSL_cleanse(entry.key, sizeof(entry.key));
    return EXIT_OK;
}

int key_rotate_command(const struct arguments *arguments)
{
    uint64_t overlap_ms = 0;
    const char *path = config_choose(arguments_value(arguments, "--config"));
    if (!take_overlap(arguments_value(arguments, "--overlap"), &overlap_ms))
        return EXIT_USAGE;
    if (!path) {
        output_error("there is no %s; name another settings file with --config FILE",
                     CONFIG_DEFAULT_PATH);
        return EXIT_USAGE;
    }
    struct rotation *rotation = xcalloc(1, sizeof(*rotation));
    rotation->path = path;
    rotation->now_ms = clock_wall_ms();
    rotation->overlap_ms = overlap_ms;
    arena_init(&rotation->texts, DRAFT_ARENA_LIMIT);
    arena_init(&rotation->lists, DRAFT_ARENA_LIMIT);
    draft_init(&rotation->draft);
    int code = rotate(rotation, arguments->words[0], arguments_has(arguments, "--json"));
    arena_clear(&rotation->texts);
    arena_clear(&rotation->lists);
    free(rotation);
    return code;
}
