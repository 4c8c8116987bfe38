#include "config/config_filters.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdlib.h>

#include "base/text.h"
#include "config/record_names.h"
#include "gateway/filters.h"
#include "gateway/operation_list.h"
#include "script/script_file.h"

enum { US_IN_MS = 1000 };

struct builder {
    const struct draft *draft;
    struct snapshot_options *options;
    struct arena *arena;
    struct config_errors *errors;
    const struct scope_operation *operations;
};

/* --- Whom it is for --- */

static struct span *texts_of(struct arena *arena, const struct located_list *list)
{
    struct span *texts = arena_zalloc(arena, list->count * sizeof(*texts));
    for (size_t i = 0; i < list->count; i++)
        texts[i] = list->at[i].text;
    return texts;
}

/* `keys: []` must not mean all of them. */
static void require_some(const struct builder *builder, const struct located_list *list,
                         const char *setting)
{
    if (list->place.line > 0 && list->written == 0)
        config_errors_add(builder->errors, list->place,
                          "filters[].%s is empty; name some, or remove the line for all", setting);
}

static void build_keys(const struct builder *builder, const struct draft_filter *from,
                       struct filter_rule *rule)
{
    const struct record_names names = {&builder->draft->keys, sizeof(struct draft_key),
                                       offsetof(struct draft_key, name), "key"};
    size_t *keys = arena_zalloc(builder->arena, from->keys.count * sizeof(*keys));
    for (size_t i = 0; i < from->keys.count; i++) {
        int index =
            record_names_resolve(&names, &from->keys.at[i], "filters[].keys", builder->errors);
        if (index >= 0)
            keys[rule->key_count++] = (size_t)index;
    }
    rule->keys = keys;
}

static void build_profiles(const struct builder *builder, const struct draft_filter *from,
                           struct filter_rule *rule)
{
    const struct record_names names = {&builder->draft->profiles, sizeof(struct draft_profile),
                                       offsetof(struct draft_profile, name), "profile"};
    for (size_t i = 0; i < from->profiles.count; i++)
        (void)record_names_resolve(&names, &from->profiles.at[i], "filters[].profiles",
                                   builder->errors);
    rule->profiles = texts_of(builder->arena, &from->profiles);
    rule->profile_count = from->profiles.count;
}

static void build_operations(const struct builder *builder, const struct draft_filter *from,
                             struct filter_rule *rule)
{
    const struct located_list *list = &from->operations;
    const struct span *texts = texts_of(builder->arena, list);
    struct scope_error error;
    rule->has_operations = list->count > 0;
    if (builder->options->gateway.is_generic && list->written > 0)
        config_errors_add(builder->errors, list->place,
                          "filters[].operations names operations, and with upstream.catalogue: "
                          "none there are none; remove one");
    if (rule->has_operations && scope_compile(&rule->operations, texts, list->count,
                                              builder->operations, operation_count(), &error) != OK)
        config_errors_add(builder->errors, list->at[error.place].place, "filters[].operations: %s",
                          error.text);
}

/* Whether a source of a secret is the environment variable of that name. */
static bool is_variable(const struct located *source, struct span name)
{
    static const struct span prefix = SPAN_INIT("env:");
    return span_starts_with(source->text, prefix) &&
           span_equal(span_skip(source->text, prefix.len), name);
}

static bool holds_secret(const struct draft *draft, struct span name)
{
    const struct draft_credential *credentials = draft->credentials.at;
    for (size_t i = 0; i < draft->credentials.count; i++) {
        if (is_variable(&credentials[i].token, name) ||
            is_variable(&credentials[i].next_token, name))
            return true;
    }
    return is_variable(&draft->admin_token, name) || is_variable(&draft->redis_password, name);
}

/* There is no way from a script to a token, not even one that somebody opens by mistake. */
static void check_env(const struct builder *builder, const struct located_list *env)
{
    for (size_t i = 0; i < env->count; i++) {
        if (holds_secret(builder->draft, env->at[i].text))
            config_errors_add(
                builder->errors, env->at[i].place,
                "filters[].env: %.100s is where the gateway's own secret is, which no "
                "filter may read; give the filter a variable of its own",
                env->at[i].text.at);
    }
}

static void build_filter(const struct builder *builder, const struct draft_filter *from,
                         struct filter_rule *rule, struct script_source *source)
{
    require_some(builder, &from->routes, "routes");
    require_some(builder, &from->operations, "operations");
    require_some(builder, &from->keys, "keys");
    require_some(builder, &from->profiles, "profiles");
    rule->routes = texts_of(builder->arena, &from->routes);
    rule->route_count = from->routes.count;
    build_keys(builder, from, rule);
    build_profiles(builder, from, rule);
    build_operations(builder, from, rule);
    check_env(builder, &from->env);
    *source = (struct script_source){
        .file = from->file.text,
        .options = from->options.text,
        .env = texts_of(builder->arena, &from->env),
        .env_count = from->env.count,
        .on_error = (enum script_on_error)from->on_error,
    };
}

void config_filters_build(const struct draft *draft, struct snapshot_options *options,
                          struct arena *arena, struct config_errors *errors)
{
    struct builder builder = {draft, options, arena, errors, operation_list_of_rules(arena)};
    const struct draft_filter *from = draft->filters.at;
    struct filter_rules *rules = &options->filter_rules;
    rules->count = draft->filters.count;
    rules->rules = arena_zalloc(arena, rules->count * sizeof(rules->rules[0]));
    rules->sources = arena_zalloc(arena, rules->count * sizeof(rules->sources[0]));
    rules->limits.time_us = rules->time_ms * US_IN_MS;
    for (size_t i = 0; i < rules->count && !config_errors_are_full(errors); i++)
        build_filter(&builder, &from[i], &rules->rules[i], &rules->sources[i]);
}

/* --- Scripts --- */

static bool read_script(const struct draft_filter *from, struct script_source *source,
                        struct arena *arena, struct config_errors *errors)
{
    if (from->file.text.len == 0)
        return false; /* it has its problem already */
    int error = script_file_read(from->file.text.at, arena, &source->text);
    if (error == 0)
        return true;
    config_errors_add(errors, from->file.place,
                      "filters[].file: %.200s: %s; name a script of at most 64 KiB",
                      from->file.text.at, error == EFBIG ? "too long" : strerror(error));
    return false;
}

static void digest(const struct script_source *source, struct filter_rule *rule)
{
    const struct span parts[] = {source->text, source->options};
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    ASSERT(context && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1);
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        uint64_t len = parts[i].len;
        ASSERT(EVP_DigestUpdate(context, &len, sizeof(len)) == 1);
        ASSERT(EVP_DigestUpdate(context, parts[i].at ? parts[i].at : "", parts[i].len) == 1);
    }
    ASSERT(EVP_DigestFinal_ex(context, rule->digest, NULL) == 1);
    EVP_MD_CTX_free(context);
}

/* Each by itself, so that all that is wrong is told at once. */
static void compile(const struct draft_filter *from, const struct filter_rules *rules, size_t index,
                    struct arena *arena, struct config_errors *errors)
{
    char error[SCRIPT_ERROR_SIZE];
    struct filter_rules one = *rules;
    one.sources = &rules->sources[index];
    one.rules = &rules->rules[index];
    one.count = 1;
    struct script_host *host = filters_compile(&one, error);
    if (!host)
        config_errors_add(errors, from->file.place, "filters[].file: %s", error);
    else
        rules->rules[index].name = arena_copy(arena, script_host_name(host, 0));
    script_host_destroy(host);
}

void config_filters_load(const struct draft *draft, struct snapshot_options *options,
                         struct arena *arena, struct config_errors *errors)
{
    const struct draft_filter *from = draft->filters.at;
    struct filter_rules *rules = &options->filter_rules;
    for (size_t i = 0; i < rules->count && !config_errors_are_full(errors); i++) {
        if (!read_script(&from[i], &rules->sources[i], arena, errors))
            continue;
        digest(&rules->sources[i], &rules->rules[i]);
        compile(&from[i], rules, i, arena, errors);
    }
}
