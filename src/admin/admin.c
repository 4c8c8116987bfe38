#include "admin/admin.h"

#include "admin/admin_access.h"
#include "admin/admin_call.h"
#include "admin/api.h"
#include "admin/explain_call.h"
#include "admin/page.h"
#include "admin/purge.h"
#include "auth/edit_distance.h"
#include "base/calendar.h"
#include "base/json_writer.h"
#include "base/log.h"
#include "base/text.h"
#include "gateway/access_line.h"
#include "gateway/local_answer.h"

enum { BODY_MAX = 64 * KIB, ANSWER_SIZE = 256, LIST_SIZE = 4 * KIB };

/* --- Routes --- */

static void answer_health(struct admin_call *call)
{
    admin_answer(call, 200, SPAN("{\"status\":\"ok\"}"));
}

/* A reload that has failed is no reason to take the gateway out of service: it serves as before. What
 * was wrong is for those who may see settings. */
static void write_reload(struct json_writer *json, const struct admin_call *call)
{
    const struct reload_news *news = &call->services->reloads.last;
    char time[TIME_TEXT_SIZE];
    if (news->wall_ms == 0)
        return;
    json_object_in(json, SPAN("reload"));
    json_text(json, SPAN("result"), news->is_good ? SPAN("done") : SPAN("failed"));
    json_text(json, SPAN("time"), time_text(news->wall_ms, time));
    if (news->text[0] && admin_access(call->request, call->services->token, false) == ADMIN_GRANTED)
        json_text(json, news->is_good ? SPAN("note") : SPAN("reason"), span_of(news->text));
    json_close(json);
}

static void answer_readiness(struct admin_call *call)
{
    enum { SIZE = ANSWER_SIZE + 2 * RELOAD_TEXT_SIZE };
    struct json_writer json;
    bool is_draining = call->services->is_draining;
    json_init(&json, arena_alloc(call->arena, SIZE), SIZE);
    json_object(&json);
    json_text(&json, SPAN("status"), is_draining ? SPAN("draining") : SPAN("ready"));
    write_reload(&json, call);
    json_close(&json);
    admin_answer(call, is_draining ? 503 : 200, json_finish(&json));
}

/* RFC 9110 §12.5.1, as far as the two need it: OpenMetrics for who names it. */
static enum metrics_format format_of(const struct request *request)
{
    struct span rest = header_list_value(&request->headers, HEADER_ACCEPT), element;
    while (span_next_element(&rest, &element)) {
        struct span media = span_trim(span_cut(&element, ';'));
        if (span_equal_nocase(media, SPAN("application/openmetrics-text")))
            return METRICS_OPENMETRICS;
    }
    return METRICS_PROMETHEUS;
}

static void answer_metrics(struct admin_call *call)
{
    struct admin_services *services = call->services;
    enum metrics_format format = format_of(call->request);
    struct buffer text;
    buffer_init(&text, METRICS_TEXT_MAX);
    services->look(services->owner);
    metrics_text_write(services->metrics, format, &text);
    admin_answer_as(call, metrics_format_type(format), buffer_bytes(&text));
    buffer_clear(&text);
}

static void answer_page(struct admin_call *call)
{
    static const struct {
        struct span path;
        const char *file;
        struct span type;
    } rows[] = {
        {SPAN_INIT("/"), "index.html", SPAN_INIT("text/html; charset=utf-8")},
        {SPAN_INIT("/dashboard.css"), "dashboard.css", SPAN_INIT("text/css; charset=utf-8")},
        {SPAN_INIT("/dashboard.js"), "dashboard.js", SPAN_INIT("text/javascript; charset=utf-8")},
    };
    size_t row = 0, file = 0;
    while (!span_equal(call->route->path, rows[row].path))
        row++;
    while (strcmp(page_files[file].name, rows[row].file) != 0)
        file++;
    admin_answer_page(call, rows[row].type,
                      (struct span){(const char *)page_files[file].bytes, page_files[file].len});
}

static void log_purge(const struct admin_call *call, const struct purge *purge)
{
    char address[ADDRESS_TEXT_SIZE];
    log_event(LOG_INFO, "cache_purged",
              FIELDS(field_text("address", address_write(client_peer(call->client), address)),
                     field_number("tags", (int64_t)purge->tags),
                     field_number("urls", (int64_t)purge->urls),
                     field_number("operations", (int64_t)purge->operations),
                     field_text("all", purge->is_all ? SPAN("true") : SPAN("false")),
                     field_text("hard", purge->is_hard ? SPAN("true") : SPAN("false"))));
}

static struct span purge_text(struct arena *arena, const struct purge *purge)
{
    struct json_writer json;
    json_init(&json, arena_alloc(arena, ANSWER_SIZE), ANSWER_SIZE);
    json_object(&json);
    json_object_in(&json, SPAN("purged"));
    json_number(&json, SPAN("tags"), (int64_t)purge->tags);
    json_number(&json, SPAN("urls"), (int64_t)purge->urls);
    json_number(&json, SPAN("operations"), (int64_t)purge->operations);
    json_bool(&json, SPAN("all"), purge->is_all);
    json_close(&json);
    json_bool(&json, SPAN("hard"), purge->is_hard);
    json_close(&json);
    return json_finish(&json);
}

static void answer_purge(struct admin_call *call)
{
    struct admin_services *services = call->services;
    struct purge purge;
    struct span fault = purge_read(buffer_bytes(&call->body), call->arena, &purge);
    if (fault.len > 0) {
        admin_say(call, PROBLEM_BAD_REQUEST, fault);
        return;
    }
    if (purge.is_all)
        services->stamp_all(services->owner, !purge.is_hard);
    else
        services->stamp(services->owner, purge.slots, purge.slot_count, !purge.is_hard);
    log_purge(call, &purge);
    admin_answer(call, 200, purge_text(call->arena, &purge));
}

static void answer_list(struct admin_call *call);

#define ROUTE(method_, path_, is_open_, answer_, about_)                                           \
    {                                                                                              \
        METHOD_##method_, SPAN_INIT(path_), is_open_, answer_, SPAN_INIT(about_)                   \
    }

static const struct admin_route routes[] = {
    ROUTE(GET, "/", true, answer_page, "the dashboard"),
    ROUTE(GET, "/dashboard.css", true, answer_page, "a part of it"),
    ROUTE(GET, "/dashboard.js", true, answer_page, "a part of it"),
    ROUTE(GET, "/healthz", true, answer_health, "200 while the process lives"),
    ROUTE(GET, "/readyz", true, answer_readiness, "200 while it takes requests, 503 when it stops"),
    ROUTE(GET, "/metrics", false, answer_metrics, "all figures, for Prometheus or as OpenMetrics"),
    ROUTE(GET, "/api", false, answer_list, "this list"),
    ROUTE(GET, "/api/keys", false, api_keys, "each key: last use, requests by secret"),
    ROUTE(GET, "/api/limits", false, api_limits,
          "each limit, and with ?key=NAME, address, bot, operation what is left of it"),
    ROUTE(GET, "/api/cache", false, api_cache, "what is kept, and what came of asking for it"),
    ROUTE(GET, "/api/upstream", false, api_upstream, "connections, attempts, breaker"),
    ROUTE(GET, "/api/redis", false, api_redis, "whether it is there, and what came of commands"),
    ROUTE(GET, "/api/refusals", false, api_refusals, "what was refused last, and why"),
    ROUTE(GET, "/api/settings", false, api_settings, "every setting in effect and its source"),
    ROUTE(GET, "/api/log-level", false, api_log_level, "the level of events"),
    ROUTE(POST, "/explain", false, answer_explain, EXPLAIN_USAGE),
    ROUTE(POST, "/log-level", false, api_set_log_level, "sets the level: {\"level\": \"debug\"}"),
    ROUTE(POST, "/reload", false, answer_reload, "loads the settings anew; no body"),
    ROUTE(POST, "/cache/purge", false, answer_purge,
          "makes what is kept old: {\"tags\": [\"bot:BOT\"]}, urls, operations, all, hard"),
};

static struct span method_of(const struct admin_route *route)
{
    return route->method == METHOD_POST ? SPAN("POST") : SPAN("GET");
}

static void answer_list(struct admin_call *call)
{
    struct json_writer json;
    json_init(&json, arena_alloc(call->arena, LIST_SIZE), LIST_SIZE);
    json_object(&json);
    json_array_in(&json, SPAN("routes"));
    for (size_t i = 0; i < COUNT_OF(routes); i++) {
        json_object(&json);
        json_text(&json, SPAN("method"), method_of(&routes[i]));
        json_text(&json, SPAN("path"), routes[i].path);
        json_text(&json, SPAN("about"), routes[i].about);
        json_close(&json);
    }
    json_close(&json);
    json_close(&json);
    admin_answer(call, 200, json_finish(&json));
}

/* --- Which one --- */

static const struct admin_route *find_route(struct span path)
{
    for (size_t i = 0; i < COUNT_OF(routes); i++) {
        if (span_equal(path, routes[i].path))
            return &routes[i];
    }
    return NULL;
}

static bool has_method(const struct admin_route *route, enum method method)
{
    return route->method == (method == METHOD_HEAD ? METHOD_GET : method);
}

/* The path that was probably meant, or NULL. */
static const struct admin_route *nearest_route(struct span path)
{
    const struct admin_route *best = NULL;
    size_t bound = path.len / 3 + 1;
    for (size_t i = 0; i < COUNT_OF(routes); i++) {
        size_t distance = edit_distance(path, routes[i].path, bound);
        if (distance > bound || distance >= routes[i].path.len)
            continue;
        best = &routes[i];
        bound = distance > 0 ? distance - 1 : 0;
    }
    return best;
}

static void refuse_path(struct admin_call *call)
{
    struct span shown = quoted(call->arena, call->request->path);
    const struct admin_route *meant = nearest_route(call->request->path);
    struct span hint = SPAN("");
    if (meant)
        hint =
            arena_format(call->arena, " Did you mean %.*s?", (int)meant->path.len, meant->path.at);
    admin_say(call, PROBLEM_NOT_FOUND,
              arena_format(call->arena,
                           "There is no %.*s here.%.*s GET /api lists all that there is.",
                           (int)shown.len, shown.at, (int)hint.len, hint.at));
}

static void refuse_method(struct admin_call *call)
{
    struct span shown = quoted(call->arena, call->request->method_name);
    const struct admin_route *route = call->route;
    admin_say(call, PROBLEM_METHOD,
              arena_format(call->arena, "%.*s takes %.*s, not %.*s: %.*s.", (int)route->path.len,
                           route->path.at, (int)method_of(route).len, method_of(route).at,
                           (int)shown.len, shown.at, (int)route->about.len, route->about.at));
}

static void deny(struct admin_call *call, enum admin_denial denial)
{
    static const struct {
        enum problem_id id;
        struct span message;
    } rows[] = {
        [ADMIN_FOREIGN_HOST] = {PROBLEM_FORBIDDEN,
                                SPAN_INIT("The request calls this listener by a name, which any "
                                          "site can point here: call it by its IP address or as "
                                          "localhost, or set admin.token.")},
        [ADMIN_CROSS_SITE] = {PROBLEM_FORBIDDEN,
                              SPAN_INIT("A page of another site may not change anything here.")},
        [ADMIN_NO_TOKEN] = {PROBLEM_NO_KEY, SPAN_INIT("This listener asks for the token of "
                                                      "admin.token: send it as "
                                                      "`Authorization: Bearer`.")},
        [ADMIN_BAD_TOKEN] = {PROBLEM_BAD_KEY, SPAN_INIT("The token is not that of admin.token.")},
    };
    admin_say(call, rows[denial].id, rows[denial].message);
}

/* Whether there is a route that may be asked; else it has been answered. */
static bool may_go_on(struct admin_call *call)
{
    const struct request *request = call->request;
    call->route = find_route(request->path);
    bool is_open = call->route && call->route->is_open;
    enum admin_denial denial = admin_access(request, call->services->token, is_open);
    if (denial != ADMIN_GRANTED)
        deny(call, denial);
    else if (!call->route)
        refuse_path(call);
    else if (!has_method(call->route, request->method))
        refuse_method(call);
    else
        return true;
    return false;
}

/* --- The connection's events --- */

static struct admin_call *create(struct admin_services *services, struct client_connection *client,
                                 struct arena *arena, const struct request *request)
{
    struct admin_call *call = arena_zalloc(arena, sizeof(*call));
    *call = (struct admin_call){
        .services = services, .client = client, .arena = arena, .request = request};
    buffer_init(&call->body, BODY_MAX);
    return call;
}

static void refuse_body(struct admin_call *call)
{
    admin_say(call, PROBLEM_BODY_TOO_LARGE,
              SPAN("The body is larger than the 64 KiB that are "
                   "taken here: send it in parts."));
}

static void *on_request(void *owner, struct client_connection *client, struct arena *arena,
                        struct request *request)
{
    struct admin_call *call = create(owner, client, arena, request);
    if (!may_go_on(call))
        return call;
    if (request->framing.kind == BODY_NONE || call->route->method != METHOD_POST)
        call->route->answer(call);
    else if (request->framing.kind == BODY_LENGTH && request->framing.length > BODY_MAX)
        refuse_body(call);
    else
        client_read_body(client);
    return call;
}

static void *on_refused(void *owner, struct client_connection *client, struct arena *arena,
                        enum http_fault fault, struct span line)
{
    (void)line;
    struct admin_call *call = create(owner, client, arena, NULL);
    const struct problem problem = problem_of_fault(fault);
    admin_refuse(call, &problem);
    return call;
}

static void on_body(void *exchange, struct span piece)
{
    struct admin_call *call = exchange;
    if (buffer_append(&call->body, piece) != OK)
        refuse_body(call);
}

static void on_body_end(void *exchange)
{
    struct admin_call *call = exchange;
    call->route->answer(call);
}

static void on_body_failed(void *exchange, enum http_fault fault)
{
    const struct problem problem = problem_of_fault(fault);
    admin_refuse(exchange, &problem);
}

static void on_drained(void *exchange)
{
    (void)exchange; /* answers are short and sent whole */
}

static void on_gone(void *exchange)
{
    struct admin_call *call = exchange;
    if (call->operation)
        call->call_off(call->operation);
    buffer_clear(&call->body);
    client_done(call->client);
}

const struct client_handler admin_handler = {
    .on_request = on_request,
    .on_refused = on_refused,
    .on_body = on_body,
    .on_body_end = on_body_end,
    .on_body_failed = on_body_failed,
    .on_drained = on_drained,
    .on_gone = on_gone,
};
