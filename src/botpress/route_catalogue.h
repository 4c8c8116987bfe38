/* route_catalogue.h - the operations of the Botpress API: one table, and finding a row by method and
 * path.
 *
 * The rows stand in operations.h. The catalogue over them is built once at start, never changes and
 * may be read by any thread.
 */
#ifndef BOTPRESS_ROUTE_CATALOGUE_H
#define BOTPRESS_ROUTE_CATALOGUE_H

#include "http/message.h"

enum service {
    SERVICE_RUNTIME,
    SERVICE_ADMIN,
    SERVICE_HUB,
    SERVICE_FILES,
    SERVICE_TABLES,
    SERVICE_BILLING,
    SERVICE_COGNITIVE,
    SERVICE_UNKNOWN, /* outside the six trees above */
    SERVICE_COUNT,
};

/* Which of the product's fields an operation takes; what it does not take is dropped unread. */
enum operation_flags {
    OP_NEEDS_BOT = 1 << 0, /* x-bot-id: without a value from anywhere the answer is 400 */
    OP_NEEDS_WORKSPACE = 1 << 1,
    OP_TAKES_BOT = 1 << 2, /* every OP_NEEDS_… row has OP_TAKES_… too */
    OP_TAKES_WORKSPACE = 1 << 3,
    OP_TAKES_INTEGRATION = 1 << 4,     /* x-integration-id, x-integration-alias */
    OP_TAKES_USER = 1 << 5,            /* x-user-id, x-user-role, x-integration-name */
    OP_TAKES_DESTINATION_BOT = 1 << 6, /* x-destination-bot-id */
    OP_MINTS = 1 << 7,              /* makes or ends credentials, members, money: named outright */
    OP_READS = 1 << 8,              /* changes nothing: the preset `read` */
    OP_IDEMPOTENT = 1 << 9,         /* may be sent twice (retry class) */
    OP_STREAMS = 1 << 10,           /* answers with a long-lived stream */
    OP_NAMES_BOT_IN_BODY = 1 << 11, /* needs a profile without restriction */
    OP_PUBLIC = 1 << 12,            /* the answer is the same for every caller (cache scope) */
    OP_FORMER = 1 << 13,            /* documented once, gone from the current API */
};

/* How long the upstream may take (product §7). */
enum deadline_class {
    DEADLINE_NORMAL, /* runtime, files, tables, hub, admin reads */
    DEADLINE_DEPLOY, /* admin writes */
    DEADLINE_COGNITIVE,
    DEADLINE_STREAM,
    DEADLINE_CLASS_COUNT,
};

/* What may be kept of an answer (product §6). */
enum cache_class {
    CACHE_NEVER,
    CACHE_HUB_EXACT, /* by id or exact version; `latest` counts as a list */
    CACHE_HUB_LIST,  /* lists, search */
    CACHE_PUBLIC,    /* public workspaces, plans, models */
    CACHE_ENTITY,    /* getBot, getIntegration and their like */
    CACHE_USAGE,     /* usages, quotas */
    CACHE_CLASS_COUNT,
};

/* What a path or query parameter names, so that restrictions bind it like the header. The id of a
 * usage may be either of two: it is allowed as a bot or as a workspace. */
enum names {
    NAMES_NOTHING,
    NAMES_BOT,
    NAMES_WORKSPACE,
    NAMES_INTEGRATION,
    NAMES_BOT_OR_WORKSPACE,
};

enum { ROUTE_MAX_PARAMS = 4, ROUTE_MAX_QUERY_NAMES = 2, ROUTE_MAX_TAGS = 8 };

/* Tags are templates, at most ROUTE_MAX_TAGS of an operation. "{x}" stands for the path parameter x,
 * else for the query parameter x if `query` lists it, with escapes resolved; {bot} and {workspace}
 * for what goes upstream in x-bot-id and x-workspace-id; {destination} for x-destination-bot-id, or
 * {bot} without one. What has no value is empty on both sides. */
struct operation {
    struct span name; /* "createMessage" */
    enum method method;
    struct span pattern; /* "/v1/admin/bots/{id}" */
    enum service service;
    unsigned flags;
    enum deadline_class deadline;
    enum cache_class cache;
    enum names params[ROUTE_MAX_PARAMS]; /* of the parameters in the order of the pattern */
    struct {
        struct span name; /* len 0: no more */
        enum names names;
    } query[ROUTE_MAX_QUERY_NAMES];
    struct span reads;  /* tags of the answer, space-separated: "bot:{id} bots:{workspace}" */
    struct span writes; /* tags that a success makes stale */
};

/* All operations in the order of the table. */
size_t operation_count(void);
const struct operation *operation_at(size_t index);
size_t operation_index(const struct operation *operation);

/* The names in lower case: "runtime", … and "hub-list", …; of CACHE_NEVER len 0. */
struct span service_name(enum service service);
struct span cache_class_name(enum cache_class cache);

struct route_catalogue;

struct route_catalogue *route_catalogue_create(void);

/* Of the first rows of the table alone: to see what the number of rows costs. */
struct route_catalogue *route_catalogue_create_of(size_t rows);

void route_catalogue_destroy(struct route_catalogue *catalogue);

struct route_match {
    const struct operation *operation;    /* NULL unless ROUTE_FOUND */
    enum service service;                 /* also of unknown paths, by their first segments */
    struct span params[ROUTE_MAX_PARAMS]; /* still encoded, borrowed from the path */
    size_t param_count;
    unsigned allowed; /* ROUTE_OTHER_METHOD: a bit (1 << enum method) for each that exists */
};

enum route_result { ROUTE_FOUND, ROUTE_OTHER_METHOD, ROUTE_UNKNOWN };

/* Literal segments win over parameters. Segments compare with their escapes of unreserved
 * characters resolved (an upstream may do so: "/v1/%61dmin" must not slip past a scope), '%2F' never
 * separates. HEAD finds GET's row. */
enum route_result route_match(const struct route_catalogue *catalogue, enum method method,
                              struct span path, struct route_match *match);

/* For unknown paths: the OP_TAKES_… of the tree (none is needed), OP_READS and OP_IDEMPOTENT by the
 * method (RFC 9110 §9.2), and the deadline class. */
unsigned service_default_flags(enum service service, enum method method);
enum deadline_class service_default_deadline(enum service service, enum method method);

/* A sentence on what is close to a path that does not exist ("… does not exist; GET
 * /v1/chat/conversations with x-bot-id does"), or an empty span. In the arena; printable ASCII, and
 * short however long the path is. */
struct span route_suggest(const struct route_catalogue *catalogue, struct arena *arena,
                          struct span path);

/* Largest request body the API takes (product §11), in bytes. */
uint64_t service_body_limit(enum service service);

#endif
