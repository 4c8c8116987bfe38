#include "botpress/problem.h"

#include <inttypes.h>
#include <time.h>

#include "base/json_writer.h"
#include "base/text.h"

enum { MAX_DETAILS = 200, ESCAPED_BYTE = 6, BODY_FRAME = 512 };

#define LITERAL(text)                                                                              \
    {                                                                                              \
        "" text, sizeof(text) - 1                                                                  \
    }

#define TYPE_ROW(type, status) LITERAL(#type),
static const struct span type_names[] = {ERROR_TYPES(TYPE_ROW)};

#define PROBLEM_ROW(name, status, type, reason, proxy_status, text)                                \
    [name] = {status, ERROR_TYPE_##type, LITERAL(reason), LITERAL(proxy_status), LITERAL(text)},
static const struct {
    unsigned status;
    enum error_type type;
    struct span reason, proxy_status, text;
} rows[] = {PROBLEMS(PROBLEM_ROW)};

struct span error_type_name(enum error_type type)
{
    return type_names[type];
}

bool error_type_find(struct span name, enum error_type *type)
{
    for (size_t i = 0; i < COUNT_OF(type_names); i++) {
        if (span_equal(name, type_names[i])) {
            *type = (enum error_type)i;
            return true;
        }
    }
    return false;
}

enum error_type error_type_of_status(unsigned status)
{
    static const struct {
        unsigned status;
        enum error_type type;
    } types[] = {
        {400, ERROR_TYPE_InvalidPayload},   {401, ERROR_TYPE_Unauthorized},
        {402, ERROR_TYPE_PaymentRequired},  {403, ERROR_TYPE_Forbidden},
        {404, ERROR_TYPE_ResourceNotFound}, {405, ERROR_TYPE_MethodNotFound},
        {409, ERROR_TYPE_RelationConflict}, {410, ERROR_TYPE_ResourceGone},
        {413, ERROR_TYPE_PayloadTooLarge},  {415, ERROR_TYPE_UnsupportedMediaType},
        {429, ERROR_TYPE_RateLimited},      {504, ERROR_TYPE_OperationTimeout},
    };
    for (size_t i = 0; i < COUNT_OF(types); i++) {
        if (types[i].status == status)
            return types[i].type;
    }
    return status / 100 == 4 ? ERROR_TYPE_InvalidPayload : ERROR_TYPE_Internal;
}

struct span problem_cut(struct span text)
{
    if (text.len <= PROBLEM_MESSAGE_LIMIT)
        return text;
    text.len = PROBLEM_MESSAGE_LIMIT;
    while (text.len > 0 && (text.at[text.len] & 0xc0) == 0x80)
        text.len--;
    return text;
}

unsigned problem_status(const struct problem *problem)
{
    return problem->status ? problem->status : rows[problem->id].status;
}

struct span problem_type(const struct problem *problem)
{
    return type_names[problem->has_type ? problem->type : rows[problem->id].type];
}

struct span problem_reason(const struct problem *problem)
{
    return problem->is_upstreams ? SPAN("upstream_error") : rows[problem->id].reason;
}

/* The message as an sf-string (RFC 8941 §3.3.3), which holds printable ASCII only; empty if it
 * cannot be one, or would make the header long. */
static struct span details_of(struct span message, struct arena *arena)
{
    if (message.len == 0 || message.len > MAX_DETAILS)
        return SPAN("");
    char escaped[2 * MAX_DETAILS];
    size_t len = 0;
    for (size_t i = 0; i < message.len; i++) {
        char c = message.at[i];
        if (c < ' ' || c > '~')
            return SPAN("");
        if (c == '"' || c == '\\')
            escaped[len++] = '\\';
        escaped[len++] = c;
    }
    return arena_format(arena, "; details=\"%.*s\"", (int)len, escaped);
}

struct span problem_proxy_status(const struct problem *problem, struct arena *arena)
{
    struct span error =
        problem->proxy_status.len > 0 ? problem->proxy_status : rows[problem->id].proxy_status;
    struct span details = details_of(problem->message, arena);
    if (problem->is_upstreams && problem->proxy_status.len == 0)
        return arena_format(arena, "bpgate; received-status=%u", problem_status(problem));
    return arena_format(arena, "bpgate%s%.*s%.*s", error.len > 0 ? "; error=" : "", (int)error.len,
                        error.at, (int)details.len, details.at);
}

/* As JSON text; the writer has no way to take members that are JSON already without their names. */
static struct span metadata_of(const struct problem *problem, struct arena *arena)
{
    struct span reason = problem_reason(problem), more = problem->metadata;
    return arena_format(arena, "{\"source\":\"%s\",\"reason\":\"%.*s\"%s%.*s}",
                        problem->is_upstreams ? "upstream" : "gateway", (int)reason.len, reason.at,
                        more.len > 0 ? "," : "", (int)more.len, more.at);
}

struct span problem_body(const struct problem *problem, struct span error_id, struct arena *arena)
{
    struct span message =
        problem_cut(problem->message.len > 0 ? problem->message : rows[problem->id].text);
    struct span metadata = metadata_of(problem, arena);
    unsigned status = problem_status(problem);
    size_t size = BODY_FRAME + ESCAPED_BYTE * (error_id.len + 2 * message.len) + metadata.len;

    struct json_writer json;
    json_init(&json, arena_alloc(arena, size), size);
    json_object(&json);
    json_text(&json, SPAN("id"), error_id);
    json_number(&json, SPAN("code"), status);
    json_text(&json, SPAN("type"), problem_type(problem));
    json_text(&json, SPAN("message"), message);
    json_text(&json, SPAN("description"), message);
    json_number(&json, SPAN("status"), status);
    json_raw(&json, SPAN("metadata"), metadata);
    return json_finish(&json);
}

struct span problem_new_id(struct arena *arena, uint64_t wall_ms, uint32_t random)
{
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm utc;
    char text[sizeof("yyyymmddhhmmss")];
    if (!gmtime_r(&seconds, &utc) || !strftime(text, sizeof(text), "%Y%m%d%H%M%S", &utc))
        text[0] = '\0';
    return arena_format(arena, "err_%sx%08" PRIX32, text, random);
}
