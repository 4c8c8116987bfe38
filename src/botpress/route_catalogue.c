#include "botpress/route_catalogue.h"

#include <stdlib.h>

#include "base/text.h"
#include "http/byte_class.h"
#include "http/url.h"

enum { MAX_DEPTH = 8, MAX_LITERAL = 32, METHOD_SLOTS = METHOD_OPTIONS + 1 };

/* The words of the table's columns. */
enum {
    NO_IDS = 0,
    BOT = OP_NEEDS_BOT | OP_TAKES_BOT,
    BOT_INTEGRATION = BOT | OP_TAKES_INTEGRATION,
    BOT_INTEGRATION_USER = BOT_INTEGRATION | OP_TAKES_USER,
    WORKSPACE = OP_NEEDS_WORKSPACE | OP_TAKES_WORKSPACE,
};
enum { READ = OP_READS | OP_IDEMPOTENT, SET = OP_IDEMPOTENT, ACT = 0 };

#define LITERAL(text)                                                                              \
    {                                                                                              \
        "" text, sizeof(text) - 1                                                                  \
    }
#define ROW_NOTHING              .params = {NAMES_NOTHING}
#define ROW_BOT                  .params = {NAMES_BOT}
#define ROW_BOT_THEN_INTEGRATION .params = {NAMES_BOT, NAMES_INTEGRATION}
#define ROW_BOT_OR_WORKSPACE     .params = {NAMES_BOT_OR_WORKSPACE}
#define ROW_WORKSPACE            .params = {NAMES_WORKSPACE}
#define ROW_INTEGRATION          .params = {NAMES_INTEGRATION}
#define ROW_QUERY_BOT_ID         .query = {{LITERAL("botId"), NAMES_BOT}}
#define ROW_QUERY_INSTALLED_BY   .query = {{LITERAL("installedByBotId"), NAMES_BOT}}
#define ROW_QUERY_INTEGRATION_ID .query = {{LITERAL("integrationId"), NAMES_INTEGRATION}}
#define ROW_QUERY_IDS            .query = {{LITERAL("ids"), NAMES_BOT_OR_WORKSPACE}}

/* A deploy may be uploaded by any admin method but the reading ones, "validate" included. */
#define DEADLINE_OF(service, is_read, flags)                                                       \
    ((flags)&OP_STREAMS                         ? DEADLINE_STREAM                                  \
     : (service) == SERVICE_COGNITIVE           ? DEADLINE_COGNITIVE                               \
     : (service) == SERVICE_ADMIN && !(is_read) ? DEADLINE_DEPLOY                                  \
                                                : DEADLINE_NORMAL)

#define OPERATION(service_, name_, method_, pattern_, ids_, does_, cache_, names_, access_, tags_) \
    {                                                                                              \
        .name = LITERAL(#name_),                                                                   \
        .method = METHOD_##method_,                                                                \
        .pattern = LITERAL(pattern_),                                                              \
        .service = SERVICE_##service_,                                                             \
        .flags = (ids_) | (does_),                                                                 \
        .deadline = DEADLINE_OF(SERVICE_##service_, METHOD_##method_ == METHOD_GET, does_),        \
        .cache = CACHE_##cache_,                                                                   \
        ROW_##names_,                                                                              \
        .access_ = LITERAL(tags_),                                                                 \
    },

static const struct operation operations[] = {
#include "botpress/operations.h"
};

/* What belongs to a tree of the API: body limits as product §11 has them. */
static const struct {
    struct span name;
    unsigned takes;
    unsigned body_mib;
} services[SERVICE_COUNT] = {
    [SERVICE_RUNTIME] = {LITERAL("runtime"), OP_TAKES_BOT | OP_TAKES_INTEGRATION, 1},
    [SERVICE_ADMIN] = {LITERAL("admin"), OP_TAKES_WORKSPACE, 50},
    [SERVICE_HUB] = {LITERAL("hub"), 0, 10},
    [SERVICE_FILES] = {LITERAL("files"),
                       OP_TAKES_BOT | OP_TAKES_INTEGRATION | OP_TAKES_USER |
                           OP_TAKES_DESTINATION_BOT,
                       1},
    [SERVICE_TABLES] = {LITERAL("tables"), OP_TAKES_BOT | OP_TAKES_INTEGRATION | OP_TAKES_USER, 40},
    [SERVICE_BILLING] = {LITERAL("billing"), OP_TAKES_WORKSPACE, 10},
    [SERVICE_COGNITIVE] = {LITERAL("cognitive"), OP_TAKES_BOT, 10},
    /* A tree that is newer than this table may need any of the ids. */
    [SERVICE_UNKNOWN] = {LITERAL("unknown"),
                         OP_TAKES_BOT | OP_TAKES_WORKSPACE | OP_TAKES_INTEGRATION, 10},
};

/* One segment of the patterns that share everything before it. Links are indices; 0, the root, is
 * nobody's child and means none. */
struct node {
    struct span literal;               /* empty for a parameter; borrowed from the table */
    uint16_t sibling;                  /* the next literal below the same node */
    uint16_t literals;                 /* the first literal child */
    uint16_t param;                    /* the child that any segment may be */
    uint16_t operations[METHOD_SLOTS]; /* index + 1 in the table */
};

struct route_catalogue {
    size_t count;
    struct node nodes[];
};

/* A path in pieces. */
struct segments {
    struct span raw[MAX_DEPTH]; /* as they came */
    const struct span *plain;   /* comparable with literals; empty: equal to none */
    size_t count;
    bool is_whole;                   /* no empty segment, and none left out */
    struct span resolved[MAX_DEPTH]; /* what plain is when there are escapes; else raw */
    char decoded[MAX_DEPTH][MAX_LITERAL];
};

struct walk {
    const struct route_catalogue *catalogue;
    const struct segments *segments;
    enum method method;
    struct route_match *match;
};

size_t operation_count(void)
{
    return COUNT_OF(operations);
}

const struct operation *operation_at(size_t index)
{
    ASSERT(index < COUNT_OF(operations));
    return &operations[index];
}

size_t operation_index(const struct operation *operation)
{
    return (size_t)(operation - operations);
}

struct span service_name(enum service service)
{
    return services[service].name;
}

struct span cache_class_name(enum cache_class cache)
{
    static const struct span names[CACHE_CLASS_COUNT] = {
        [CACHE_NEVER] = SPAN_INIT(""),
        [CACHE_HUB_EXACT] = SPAN_INIT("hub-exact"),
        [CACHE_HUB_LIST] = SPAN_INIT("hub-list"),
        [CACHE_PUBLIC] = SPAN_INIT("public"),
        [CACHE_ENTITY] = SPAN_INIT("entity"),
        [CACHE_USAGE] = SPAN_INIT("usage"),
    };
    return names[cache];
}

/* The child of node for one segment of a pattern; made when there is none. */
static uint16_t grow(struct route_catalogue *catalogue, uint16_t parent, struct span segment)
{
    bool is_param = segment.at[0] == '{';
    struct node *node = &catalogue->nodes[parent];
    uint16_t *link = is_param ? &node->param : &node->literals;
    while (!is_param && *link && !span_equal(catalogue->nodes[*link].literal, segment))
        link = &catalogue->nodes[*link].sibling;
    if (!*link) {
        ASSERT(segment.len <= MAX_LITERAL);
        *link = (uint16_t)catalogue->count++;
        if (!is_param)
            catalogue->nodes[*link].literal = segment;
    }
    return *link;
}

static void add_operation(struct route_catalogue *catalogue, const struct operation *operation)
{
    struct span rest = operation->pattern, segment;
    uint16_t at = 0;
    size_t depth = 0;
    for (; path_next_segment(&rest, &segment); depth++)
        at = grow(catalogue, at, segment);
    uint16_t *slot = &catalogue->nodes[at].operations[operation->method];
    ASSERT(depth <= MAX_DEPTH && !*slot);
    *slot = (uint16_t)(operation_index(operation) + 1);
}

struct route_catalogue *route_catalogue_create(void)
{
    return route_catalogue_create_of(COUNT_OF(operations));
}

struct route_catalogue *route_catalogue_create_of(size_t rows)
{
    ASSERT(rows <= COUNT_OF(operations));
    size_t most = 1 + rows * MAX_DEPTH;
    struct route_catalogue *catalogue = xcalloc(1, sizeof(*catalogue) + most * sizeof(struct node));
    catalogue->count = 1;
    for (size_t i = 0; i < rows; i++)
        add_operation(catalogue, &operations[i]);
    return xrealloc(catalogue, sizeof(*catalogue) + catalogue->count * sizeof(struct node));
}

void route_catalogue_destroy(struct route_catalogue *catalogue)
{
    free(catalogue);
}

/* Escapes of unreserved characters are the same as these (RFC 3986 §6.2.2.2), all others differ.
 * Empty when the result is longer than any literal. */
static struct span resolve(struct span segment, char decoded[MAX_LITERAL])
{
    size_t len = 0;
    for (size_t i = 0; i < segment.len; i++) {
        if (len == MAX_LITERAL)
            return (struct span){NULL, 0};
        int byte = escaped_byte(span_skip(segment, i));
        bool is_resolved = byte >= 0 && byte_is((char)byte, BYTE_UNRESERVED);
        decoded[len++] = is_resolved ? (char)byte : segment.at[i];
        i += is_resolved ? ESCAPE_LEN - 1 : 0;
    }
    return (struct span){decoded, len};
}

static void split(struct segments *segments, struct span path)
{
    bool has_escape = path.len > 0 && memchr(path.at, '%', path.len);
    struct span segment;
    segments->count = 0;
    segments->is_whole = true;
    segments->plain = has_escape ? segments->resolved : segments->raw;
    while (segments->is_whole && path_next_segment(&path, &segment)) {
        segments->is_whole = segment.len > 0 && segments->count < MAX_DEPTH;
        if (!segments->is_whole)
            return;
        size_t i = segments->count++;
        segments->raw[i] = segment;
        if (has_escape)
            segments->resolved[i] = resolve(segment, segments->decoded[i]);
    }
}

/* The tree by its first segments, for paths that are no operation's. */
static enum service service_of(const struct segments *segments)
{
    static const struct {
        struct span version, tree;
        enum service service;
    } trees[] = {
        {LITERAL("v1"), LITERAL("chat"), SERVICE_RUNTIME},
        {LITERAL("v1"), LITERAL("admin"), SERVICE_ADMIN},
        {LITERAL("v1"), LITERAL("files"), SERVICE_FILES},
        {LITERAL("v1"), LITERAL("tables"), SERVICE_TABLES},
        {LITERAL("v2"), LITERAL("billing"), SERVICE_BILLING},
        {LITERAL("v2"), LITERAL("usage"), SERVICE_BILLING},
        {LITERAL("v2"), LITERAL("cognitive"), SERVICE_COGNITIVE},
    };
    const struct span *plain = segments->plain;
    for (size_t i = 0; i < COUNT_OF(trees) && segments->count >= 2; i++) {
        if (!span_equal(plain[0], trees[i].version) || !span_equal(plain[1], trees[i].tree))
            continue;
        bool is_hub = trees[i].service == SERVICE_ADMIN && segments->count > 2 &&
                      span_equal(plain[2], SPAN("hub"));
        return is_hub ? SERVICE_HUB : trees[i].service;
    }
    return SERVICE_UNKNOWN;
}

/* The operation of a node that the whole path leads to, or NULL: then its methods are noted. */
static const struct operation *end_at(struct walk *walk, const struct node *node, size_t params)
{
    uint16_t found = node->operations[walk->method];
    if (found) {
        walk->match->param_count = params;
        return &operations[found - 1];
    }
    for (unsigned method = 0; method < METHOD_SLOTS; method++) {
        if (node->operations[method])
            walk->match->allowed |= 1U << method;
    }
    return NULL;
}

/* Literals first; what they lead to may lack the method or end too early, so the parameter is
 * tried after them. The depth of the patterns bounds the tries. */
static const struct operation *find(struct walk *walk, const struct node *node, size_t depth,
                                    size_t params)
{
    const struct node *nodes = walk->catalogue->nodes;
    if (depth == walk->segments->count)
        return end_at(walk, node, params);

    uint16_t next = node->literals;
    while (next && !span_equal(nodes[next].literal, walk->segments->plain[depth]))
        next = nodes[next].sibling;
    const struct operation *found = next ? find(walk, &nodes[next], depth + 1, params) : NULL;
    if (found || !node->param)
        return found;
    ASSERT(params < ROUTE_MAX_PARAMS);
    walk->match->params[params] = walk->segments->raw[depth];
    return find(walk, &nodes[node->param], depth + 1, params + 1);
}

enum route_result route_match(const struct route_catalogue *catalogue, enum method method,
                              struct span path, struct route_match *match)
{
    struct segments segments;
    split(&segments, path);
    *match = (struct route_match){.service = SERVICE_UNKNOWN};
    struct walk walk = {
        .catalogue = catalogue,
        .segments = &segments,
        .method = method == METHOD_HEAD ? METHOD_GET : method,
        .match = match,
    };
    if (segments.is_whole)
        match->operation = find(&walk, &catalogue->nodes[0], 0, 0);
    if (match->operation) {
        match->service = match->operation->service;
        match->allowed = 0;
        return ROUTE_FOUND;
    }
    match->service = service_of(&segments);
    if (!match->allowed)
        return ROUTE_UNKNOWN;
    if (match->allowed & 1U << METHOD_GET)
        match->allowed |= 1U << METHOD_HEAD;
    match->allowed |= 1U << METHOD_OPTIONS;
    return ROUTE_OTHER_METHOD;
}

static bool is_safe(enum method method)
{
    return method == METHOD_GET || method == METHOD_HEAD || method == METHOD_OPTIONS;
}

unsigned service_default_flags(enum service service, enum method method)
{
    unsigned flags = services[service].takes;
    if (is_safe(method))
        flags |= READ;
    if (method == METHOD_PUT || method == METHOD_DELETE)
        flags |= SET;
    return flags;
}

enum deadline_class service_default_deadline(enum service service, enum method method)
{
    return DEADLINE_OF(service, is_safe(method), 0U);
}

uint64_t service_body_limit(enum service service)
{
    return (uint64_t)services[service].body_mib * MIB;
}
