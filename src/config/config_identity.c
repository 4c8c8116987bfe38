#include "config/config_identity.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/text.h"
#include "config/config_text.h"
#include "config/record_names.h"
#include "gateway/operation_list.h"

struct builder {
    struct draft *draft;
    struct snapshot_options *options;
    struct arena *arena;
    struct config_errors *errors;
    const struct scope_operation *operations;
};

static struct record_names credential_names(const struct draft *draft)
{
    return (struct record_names){&draft->credentials, sizeof(struct draft_credential),
                                 offsetof(struct draft_credential, name), "credential"};
}

static struct record_names profile_names(const struct draft *draft)
{
    return (struct record_names){&draft->profiles, sizeof(struct draft_profile),
                                 offsetof(struct draft_profile, name), "profile"};
}

static struct record_names key_names(const struct draft *draft)
{
    return (struct record_names){&draft->keys, sizeof(struct draft_key),
                                 offsetof(struct draft_key, name), "key"};
}

static struct record_names key_ids(const struct draft *draft)
{
    return (struct record_names){&draft->keys, sizeof(struct draft_key),
                                 offsetof(struct draft_key, id), "key id"};
}

static void build_credentials(const struct builder *builder)
{
    const struct draft_credential *from = builder->draft->credentials.at;
    struct snapshot_options *options = builder->options;
    options->credential_count = builder->draft->credentials.count;
    options->credentials =
        arena_zalloc(builder->arena, options->credential_count * sizeof(options->credentials[0]));
    for (size_t i = 0; i < options->credential_count; i++)
        options->credentials[i] = (struct credential_options){
            .name = from[i].name.text,
            .token = from[i].token.text,
            .next_token = from[i].next_token.text,
        };
}

static struct id_list build_ids(const struct builder *builder, const struct located_list *from)
{
    struct span *ids = arena_zalloc(builder->arena, from->count * sizeof(ids[0]));
    for (size_t i = 0; i < from->count; i++)
        ids[i] = from->at[i].text;
    return (struct id_list){ids, from->count};
}

static void build_profile(const struct builder *builder, const struct draft_profile *from,
                          struct profile *profile)
{
    const struct record_names credentials = credential_names(builder->draft);
    *profile = (struct profile){
        .name = from->name.text,
        .credential = record_names_resolve(&credentials, &from->credential, "profiles[].credential",
                                           builder->errors),
        .ids = {[ID_BOT] = from->bot_id.text,
                [ID_WORKSPACE] = from->workspace_id.text,
                [ID_INTEGRATION] = from->integration_id.text},
        .allowed = {[ID_BOT] = build_ids(builder, &from->bots),
                    [ID_WORKSPACE] = build_ids(builder, &from->workspaces),
                    [ID_INTEGRATION] = build_ids(builder, &from->integrations)},
        .pass = from->pass,
        .pass_authorization = from->pass_authorization,
    };
    if (from->pass_authorization && from->credential.text.len > 0)
        config_errors_add(builder->errors, from->credential.place,
                          "a profile with pass_authorization sends the caller's own token; remove "
                          "its credential or pass_authorization");
}

static void build_profiles(const struct builder *builder)
{
    const struct draft_profile *from = builder->draft->profiles.at;
    struct snapshot_options *options = builder->options;
    options->profile_count = builder->draft->profiles.count;
    options->profiles =
        arena_zalloc(builder->arena, options->profile_count * sizeof(options->profiles[0]));
    for (size_t i = 0; i < options->profile_count; i++)
        build_profile(builder, &from[i], &options->profiles[i]);
}

static void build_hashes(const struct draft_key *from, struct key_record *key)
{
    const struct draft_hash *hashes = from->hashes.at;
    key->hash_count = from->hashes.count;
    for (size_t i = 0; i < key->hash_count; i++) {
        struct span hex = hashes[i].sha256.text;
        key->hashes[i].not_after_ms = hashes[i].not_after_ms;
        for (size_t byte = 0; byte < hex.len / 2; byte++)
            key->hashes[i].sha256[byte] =
                (unsigned char)(hex_digit(hex.at[2 * byte]) << 4 | hex_digit(hex.at[2 * byte + 1]));
    }
}

static void build_certificates(const struct builder *builder, const struct draft_key *from,
                               struct key_record *key)
{
    size_t count = from->certificates.count;
    struct fingerprint *prints = arena_zalloc(builder->arena, count * sizeof(prints[0]));
    for (size_t i = 0; i < count; i++)
        ASSERT(fingerprint_parse(from->certificates.at[i].text, prints[i].sha256));
    key->certificates = prints;
    key->certificate_count = count;
}

/* Not a key that nobody can show. What is malformed has its problem already. */
static void require_proof(const struct builder *builder, const struct draft_key *from)
{
    if (from->certificates.written > 0 || from->id.text.len == 0)
        return;
    if (!from->hashes.is_written)
        config_errors_add(builder->errors, from->place,
                          "keys[].hashes is missing; this entry needs it, or certificates");
    else if (from->hashes.place.line > 0 && from->hashes.count == 0)
        config_errors_add(builder->errors, from->hashes.place,
                          "keys[].hashes is empty; this entry needs one, or certificates");
}

/* No list at all means `all`; an empty one grants nothing. */
static void build_scope(const struct builder *builder, const struct draft_key *from,
                        struct key_record *key)
{
    const struct span all[] = {SPAN("all")};
    struct scope_error error;
    bool is_given = from->operations.place.line > 0;
    struct id_list list = build_ids(builder, &from->operations);
    enum status status =
        scope_compile(&key->scope, is_given ? list.at : all, is_given ? list.count : COUNT_OF(all),
                      builder->operations, operation_count(), &error);
    if (status != OK)
        config_errors_add(builder->errors, from->operations.at[error.place].place,
                          "keys[].operations: %s", error.text);
    else if (is_given && from->operations.written == 0)
        config_errors_warn(builder->errors, from->operations.place,
                           "keys[].operations is empty, so the key may call nothing; name some, or "
                           "remove the line for all");
}

static void build_bots(const struct builder *builder, const struct draft_key *from,
                       struct key_record *key)
{
    const struct id_list no_bots = {0};
    key->bots = build_ids(builder, &from->bots);
    for (size_t i = 0; key->profile && i < key->bots.count; i++) {
        if (identity_allows(key->profile, no_bots, ID_BOT, key->bots.at[i]))
            continue;
        config_errors_add(
            builder->errors, from->bots.at[i].place,
            "keys[].bots names \"%s\", which profile \"%s\" does not allow; add it to "
            "the profile's bots or remove it here",
            show(key->bots.at[i]).text, show(key->profile->name).text);
    }
    if (from->bots.place.line > 0 && from->bots.written == 0)
        config_errors_add(builder->errors, from->bots.place,
                          "keys[].bots is empty; name bots, or remove the line for all of the "
                          "profile's");
}

static void build_cidrs(const struct builder *builder, const struct draft_key *from,
                        struct key_record *key)
{
    for (size_t i = 0; i < from->cidrs.count; i++) {
        if (cidr_parse(from->cidrs.at[i].text, &key->cidrs[key->cidr_count]))
            key->cidr_count++;
    }
    if (from->cidrs.place.line > 0 && from->cidrs.written == 0)
        config_errors_add(builder->errors, from->cidrs.place,
                          "keys[].cidrs is empty; name address ranges, or remove the line for all");
}

static void build_key(const struct builder *builder, const struct draft_key *from,
                      struct key_record *key)
{
    const struct record_names profiles = profile_names(builder->draft);
    int profile =
        record_names_resolve(&profiles, &from->profile, "keys[].profile", builder->errors);
    key->id = from->id.text;
    key->name = from->name.text;
    key->profile = profile < 0 ? NULL : &builder->options->profiles[profile];
    key->expires_ms = from->expires_ms;
    key->is_disabled = from->disabled;
    key->max_inflight = (unsigned)from->max_inflight;
    key->index = (size_t)(key - builder->options->keys);
    build_hashes(from, key);
    build_certificates(builder, from, key);
    require_proof(builder, from);
    build_scope(builder, from, key);
    build_bots(builder, from, key);
    build_cidrs(builder, from, key);
}

static void build_keys(struct builder *builder)
{
    const struct draft_key *from = builder->draft->keys.at;
    struct snapshot_options *options = builder->options;
    options->key_count = builder->draft->keys.count;
    options->keys = arena_zalloc(builder->arena, options->key_count * sizeof(options->keys[0]));
    builder->operations = operation_list(builder->arena);
    for (size_t i = 0; i < options->key_count && !config_errors_are_full(builder->errors); i++)
        build_key(builder, &from[i], &options->keys[i]);
}

struct claim {
    struct fingerprint fingerprint;
    struct place place;
};

/* Equal ones in the order of the file. */
static int compare_claims(const void *left, const void *right)
{
    const struct claim *a = left, *b = right;
    int order = memcmp(&a->fingerprint, &b->fingerprint, sizeof(a->fingerprint));
    if (order == 0 && a->place.line != b->place.line)
        return a->place.line < b->place.line ? -1 : 1;
    if (order == 0 && a->place.column != b->place.column)
        return a->place.column < b->place.column ? -1 : 1;
    return order;
}

/* A certificate is one caller. */
static void require_different_certificates(const struct builder *builder)
{
    const struct draft_key *from = builder->draft->keys.at;
    const struct snapshot_options *options = builder->options;
    size_t count = 0, filled = 0;
    for (size_t i = 0; i < options->key_count; i++)
        count += options->keys[i].certificate_count;
    struct claim *claims = xcalloc(count, sizeof(*claims));
    for (size_t i = 0; i < options->key_count; i++) {
        for (size_t j = 0; j < options->keys[i].certificate_count; j++)
            claims[filled++] =
                (struct claim){options->keys[i].certificates[j], from[i].certificates.at[j].place};
    }
    qsort(claims, count, sizeof(*claims), compare_claims);
    for (size_t i = 1; i < count; i++) {
        if (memcmp(&claims[i].fingerprint, &claims[i - 1].fingerprint,
                   sizeof(claims[i].fingerprint)) == 0)
            config_errors_add(builder->errors, claims[i].place,
                              "keys[].certificates has a certificate that is here twice, first in "
                              "line %u; leave it to one key",
                              claims[i - 1].place.line);
    }
    free(claims);
}

static bool may_be_used(const struct key_record *key, uint64_t wall_ms)
{
    return !key->is_disabled && (key->expires_ms == 0 || wall_ms < key->expires_ms);
}

static void warn_of_no_callers(const struct builder *builder)
{
    const struct snapshot_options *options = builder->options;
    struct place place = builder->draft->keys.place;
    uint64_t wall_ms = clock_wall_ms();
    if (builder->draft->anonymous.text.len > 0 || builder->errors->errors > 0)
        return;
    for (size_t i = 0; i < options->key_count; i++) {
        if (may_be_used(&options->keys[i], wall_ms))
            return;
    }
    if (options->key_count == 0)
        config_errors_warn(builder->errors, place.line > 0 ? place : (struct place){1, 1},
                           "there are no keys, so every request is refused; `bpgate key new` makes "
                           "one");
    else
        config_errors_warn(builder->errors, place,
                           "all keys are disabled or have expired, so every request is refused; "
                           "`bpgate key new` makes another");
}

void config_identity_build(struct draft *draft, struct snapshot_options *options,
                           struct arena *arena, struct config_errors *errors)
{
    struct builder builder = {.draft = draft, .options = options, .arena = arena, .errors = errors};
    const struct record_names names[] = {credential_names(draft), profile_names(draft),
                                         key_names(draft), key_ids(draft)};
    for (size_t i = 0; i < COUNT_OF(names); i++)
        record_names_require_different(&names[i], errors);
    build_credentials(&builder);
    build_profiles(&builder);
    build_keys(&builder);
    require_different_certificates(&builder);
    const struct record_names profiles = profile_names(draft);
    int anonymous = record_names_resolve(&profiles, &draft->anonymous, "anonymous", errors);
    options->anonymous = anonymous < 0 ? NULL : &options->profiles[anonymous];
    warn_of_no_callers(&builder);
}
