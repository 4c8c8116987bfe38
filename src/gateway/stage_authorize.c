#include "base/text.h"
#include "gateway/local_answer.h"
#include "gateway/stages.h"
#include "http/url.h"

static const struct id_list no_bots = {NULL, 0};

/* The restricted kinds: how they are called, the field, and the flag of operations that take it. */
static const struct {
    const char *noun;
    enum header_id header;
    unsigned takes;
    const char *setting;
} kinds[ID_KIND_COUNT] = {
    [ID_BOT] = {"bot", HEADER_X_BOT_ID, OP_TAKES_BOT, "bots"},
    [ID_WORKSPACE] = {"workspace", HEADER_X_WORKSPACE_ID, OP_TAKES_WORKSPACE, "workspaces"},
    [ID_INTEGRATION] = {"integration", HEADER_X_INTEGRATION_ID, OP_TAKES_INTEGRATION,
                        "integrations"},
};

static struct id_list bots_of(const struct exchange *ex)
{
    return ex->key ? ex->key->bots : no_bots;
}

/* "key ci" or "anonymous requests". */
static struct span caller_name(const struct exchange *ex)
{
    if (!ex->key)
        return SPAN("anonymous requests");
    return arena_format(ex->arena, "key \"%.*s\"", (int)ex->key->name.len, ex->key->name.at);
}

static enum verdict refuse_id(struct exchange *ex, enum id_kind kind, struct span id,
                              const char *where)
{
    struct span shown = quoted(ex->arena, id);
    struct span caller = caller_name(ex);
    return problem_say(
        ex, PROBLEM_FORBIDDEN,
        arena_format(ex->arena,
                     "The %s \"%.*s\" named in %s is not one that %.*s may use: leave it out, or "
                     "have it added to \"%s\" of the profile \"%.*s\".",
                     kinds[kind].noun, (int)shown.len, shown.at, where, (int)caller.len, caller.at,
                     kinds[kind].setting, (int)ex->profile->name.len, ex->profile->name.at));
}

static enum verdict refuse_operation(struct exchange *ex)
{
    const struct operation *operation = ex->route.operation;
    struct span caller = caller_name(ex);
    struct span name = operation ? operation->name : SPAN("A route that is not known");
    enum scope_denial denial = SCOPE_UNKNOWN;
    if (operation)
        denial = ex->key ? scope_explain(&ex->key->scope, operation_index(operation),
                                         operation->flags & OP_MINTS)
                         : SCOPE_MINTS;
    struct span why = scope_denial_text(denial);
    return problem_say(ex, PROBLEM_FORBIDDEN,
                       arena_format(ex->arena, "%.*s is not allowed for %.*s. %.*s", (int)name.len,
                                    name.at, (int)caller.len, caller.at, (int)why.len, why.at));
}

static bool is_open_tree(enum service service)
{
    return service == SERVICE_RUNTIME || service == SERVICE_FILES || service == SERVICE_TABLES;
}

static bool is_reading(const struct request *request)
{
    return request->method == METHOD_GET || request->method == METHOD_HEAD;
}

static bool may_call(const struct exchange *ex)
{
    const struct operation *operation = ex->route.operation;
    if (ex->services->options->is_generic)
        return true; /* there are no operations to tell apart */
    bool is_open = is_open_tree(ex->route.service);
    if (ex->key)
        return operation ? scope_allows(&ex->key->scope, operation_index(operation))
                         : scope_allows_unknown(&ex->key->scope, is_open, is_reading(ex->request));
    /* Without a credential there is no power of ours to guard; with one, as the preset `all`. */
    if (ex->profile->credential < 0)
        return true;
    return operation ? !(operation->flags & OP_MINTS) : is_open || is_reading(ex->request);
}

/* The caller's own word for one kind, or what is injected. */
static bool settle_id(struct exchange *ex, enum id_kind kind)
{
    if (!(ex->operation_flags & kinds[kind].takes))
        return true;
    struct span named = header_list_value(&ex->request->headers, kinds[kind].header);
    if (named.len > 0 && !identity_allows(ex->profile, bots_of(ex), kind, named)) {
        (void)refuse_id(ex, kind, named, "the header");
        return false;
    }
    ex->ids[kind] = named.len > 0 ? named : identity_default(ex->profile, bots_of(ex), kind);
    return true;
}

static bool settle_destination(struct exchange *ex)
{
    if (!(ex->operation_flags & OP_TAKES_DESTINATION_BOT))
        return true;
    ex->destination_bot = header_list_value(&ex->request->headers, HEADER_X_DESTINATION_BOT_ID);
    if (ex->destination_bot.len == 0 ||
        identity_allows(ex->profile, bots_of(ex), ID_BOT, ex->destination_bot))
        return true;
    (void)refuse_id(ex, ID_BOT, ex->destination_bot, "x-destination-bot-id");
    return false;
}

/* Usages are asked for a bot or a workspace by the same parameter; workspaces' ids tell themselves. */
static enum id_kind kind_of(enum names names, struct span id)
{
    switch (names) {
    case NAMES_WORKSPACE:
        return ID_WORKSPACE;
    case NAMES_INTEGRATION:
        return ID_INTEGRATION;
    case NAMES_BOT_OR_WORKSPACE:
        return span_starts_with(id, SPAN("wkspace_")) ? ID_WORKSPACE : ID_BOT;
    case NAMES_BOT:
    case NAMES_NOTHING:
        break;
    }
    return ID_BOT;
}

/* Whether the caller may act on what a parameter names; else the refusal is decided. */
static bool is_allowed(struct exchange *ex, enum names names, struct span id, const char *where)
{
    enum id_kind kind = kind_of(names, id);
    if (identity_allows(ex->profile, bots_of(ex), kind, id))
        return true;
    (void)refuse_id(ex, kind, id, where);
    return false;
}

static bool path_is_allowed(struct exchange *ex)
{
    for (size_t i = 0; i < ex->route.param_count; i++) {
        enum names names = ex->route.operation->params[i];
        if (names != NAMES_NOTHING &&
            !is_allowed(ex, names, percent_decode(ex->arena, ex->route.params[i]), "the path"))
            return false;
    }
    return true;
}

/* Servers read "botId[]=", "botId[0]=" and "botId.x=" as the same parameter. */
static bool is_parameter(struct span name, struct span wanted)
{
    return span_starts_with(name, wanted) &&
           (name.len == wanted.len || name.at[wanted.len] == '[' || name.at[wanted.len] == '.');
}

static bool query_is_allowed(struct exchange *ex, struct span wanted, enum names names)
{
    struct span rest = ex->request->query, name, value;
    while (query_next(&rest, &name, &value)) {
        if (is_parameter(percent_decode(ex->arena, name), wanted) &&
            !is_allowed(ex, names, percent_decode(ex->arena, value), "the query"))
            return false;
    }
    return true;
}

static bool queries_are_allowed(struct exchange *ex)
{
    const struct operation *operation = ex->route.operation;
    for (size_t i = 0; i < ROUTE_MAX_QUERY_NAMES && operation->query[i].name.len > 0; i++) {
        if (!query_is_allowed(ex, operation->query[i].name, operation->query[i].names))
            return false;
    }
    return true;
}

/* An id in the body is not seen by the gateway: only callers that may use any bot may send it. */
static bool body_is_allowed(struct exchange *ex)
{
    if (!(ex->operation_flags & OP_NAMES_BOT_IN_BODY))
        return true;
    bool is_free = true;
    for (enum id_kind kind = 0; kind < ID_KIND_COUNT; kind++)
        is_free = is_free && identity_is_free(ex->profile, bots_of(ex), kind);
    if (is_free)
        return true;
    struct span name = ex->route.operation->name;
    (void)problem_say(ex, PROBLEM_FORBIDDEN,
                      arena_format(ex->arena,
                                   "%.*s names its target in the body, so it needs a profile "
                                   "without restriction; \"%.*s\" restricts ids.",
                                   (int)name.len, name.at, (int)ex->profile->name.len,
                                   ex->profile->name.at));
    return false;
}

enum verdict authorize_begin(struct exchange *ex)
{
    /* Once the key is read: what the caller's Connection names is between it and us alone, and
     * counts as not sent (RFC 9110 §7.6.1). */
    header_list_remove_hop_by_hop(&ex->request->headers);
    if (!may_call(ex))
        return refuse_operation(ex);
    for (enum id_kind kind = 0; kind < ID_KIND_COUNT; kind++) {
        if (!settle_id(ex, kind))
            return STAGE_RESPOND;
    }
    if (!settle_destination(ex))
        return STAGE_RESPOND;
    if (ex->operation_flags & OP_TAKES_INTEGRATION && ex->ids[ID_INTEGRATION].len > 0)
        ex->integration_alias =
            header_list_value(&ex->request->headers, HEADER_X_INTEGRATION_ALIAS);
    if (!ex->route.operation)
        return STAGE_NEXT;
    bool may_pass = path_is_allowed(ex) && queries_are_allowed(ex) && body_is_allowed(ex);
    return may_pass ? STAGE_NEXT : STAGE_RESPOND;
}
