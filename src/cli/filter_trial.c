#include "cli/filter_trial.h"

#include <lauxlib.h>

#include "base/clock.h"
#include "base/text.h"
#include "config/config_text.h"
#include "gateway/filters.h"
#include "http/url.h"
#include "script/json_scan.h"
#include "script/script_file.h"
#include "script/script_json.h"

enum { HEADERS_MAX = 64, SPARE_FIELDS = 8, JSON_MAX = 1 * MIB, US_IN_MS = 1000 };

static const char type[] = "bpgate.filter";

struct trial {
    struct script_host *host;
    struct script_source source;
    struct filter_rules rules;
};

static struct trials *trials_of(lua_State *lua)
{
    return lua_touserdata(lua, lua_upvalueindex(1));
}

static struct span keep(struct trials *trials, lua_State *lua, int index)
{
    struct span text;
    text.at = luaL_checklstring(lua, index, &text.len);
    char *copy = arena_alloc(&trials->arena, text.len + 1);
    memcpy(copy, text.at, text.len);
    copy[text.len] = '\0';
    return (struct span){copy, text.len};
}

static struct span json_of(struct trials *trials, lua_State *lua, int index)
{
    struct buffer json;
    buffer_init(&json, JSON_MAX);
    script_json_write(lua, index, &json);
    struct span copy = arena_copy(&trials->arena, buffer_bytes(&json));
    buffer_clear(&json);
    return copy;
}

/* --- Loading a filter --- */

static int destroy(lua_State *lua)
{
    struct trial *trial = luaL_checkudata(lua, 1, type);
    script_host_destroy(trial->host);
    trial->host = NULL;
    return 0;
}

/* t.load(file [, options]) */
static int load(lua_State *lua)
{
    char error[SCRIPT_ERROR_SIZE];
    struct trials *trials = trials_of(lua);
    const char *file = luaL_checkstring(lua, 1);
    struct trial *trial = lua_newuserdatauv(lua, sizeof(*trial), 0);
    *trial = (struct trial){.rules = {.sources = &trial->source,
                                      .count = 1,
                                      .limits = {8 * MIB, 200000, 10 * 1000},
                                      .body_bytes = 256 * KIB}};
    luaL_setmetatable(lua, type);
    trial->source.file = arena_format(&trials->arena, "%s/%s", trials->folder, file);
    if (lua_istable(lua, 2))
        trial->source.options = json_of(trials, lua, 2);
    int failed = script_file_read(trial->source.file.at, &trials->arena, &trial->source.text);
    if (failed != 0)
        return luaL_error(lua, "%s: %s", trial->source.file.at, strerror(failed));
    trial->host = filters_compile(&trial->rules, error);
    if (!trial->host)
        return luaL_error(lua, "%s", error);
    return 1;
}

/* --- What it is shown --- */

/* One exchange, from the table that is the second argument. */
struct showing {
    struct trials *trials;
    struct request request;
    struct response response;
    struct script_wishes wishes;
    struct script_notes notes;
    struct script_call call;
    struct route_match route;
    struct address address;
};

static struct span field(lua_State *lua, struct trials *trials, const char *name,
                         const char *otherwise)
{
    struct span text = span_of(otherwise);
    if (lua_getfield(lua, 2, name) != LUA_TNIL)
        text = keep(trials, lua, lua_gettop(lua));
    lua_pop(lua, 1);
    return text;
}

static void read_headers(lua_State *lua, struct trials *trials, struct header_list *list)
{
    header_list_init(list, &trials->arena, HEADERS_MAX);
    if (lua_getfield(lua, 2, "headers") == LUA_TTABLE) {
        for (lua_pushnil(lua); lua_next(lua, -2); lua_pop(lua, 1)) {
            if (!lua_isstring(lua, -2) || !lua_isstring(lua, -1) ||
                !header_list_add(list, keep(trials, lua, lua_gettop(lua) - 1),
                                 keep(trials, lua, lua_gettop(lua))))
                luaL_error(lua, "headers are at most 64 names with texts");
        }
    }
    lua_pop(lua, 1);
}

static void read_target(lua_State *lua, struct showing *showing)
{
    static const struct {
        const char *name;
        enum method method;
    } methods[] = {{"GET", METHOD_GET}, {"HEAD", METHOD_HEAD},   {"POST", METHOD_POST},
                   {"PUT", METHOD_PUT}, {"PATCH", METHOD_PATCH}, {"DELETE", METHOD_DELETE}};
    struct request *request = &showing->request;
    struct target target;
    request->version = 11;
    request->method_name = field(lua, showing->trials, "method", "GET");
    for (size_t i = 0; i < COUNT_OF(methods); i++) {
        if (span_equal(request->method_name, span_of(methods[i].name)))
            request->method = methods[i].method;
    }
    request->target = field(lua, showing->trials, "path", "/v1/chat/users");
    if (target_parse(request->target, &target) != FAULT_NONE)
        luaL_error(lua, "%s is no path of a request", request->target.at);
    request->path = target.path;
    request->query = target.query;
}

static void read_time(lua_State *lua, struct showing *showing)
{
    struct span time = field(lua, showing->trials, "time", NULL);
    showing->call.wall_ms = clock_wall_ms();
    if (time.len > 0 && !date_parse(time, &showing->call.wall_ms))
        luaL_error(lua, "%s is no time; write it as 2027-01-31T12:00:00Z", time.at);
}

static void read_body(lua_State *lua, struct showing *showing)
{
    showing->call.body = field(lua, showing->trials, "text", NULL);
    if (lua_getfield(lua, 2, "json") == LUA_TTABLE)
        showing->call.body = json_of(showing->trials, lua, lua_gettop(lua));
    lua_pop(lua, 1);
    showing->call.has_body = showing->call.body.len > 0;
}

static void read_showing(lua_State *lua, struct showing *showing)
{
    struct trials *trials = trials_of(lua);
    *showing = (struct showing){.trials = trials};
    lua_settop(lua, 2);
    if (lua_isnil(lua, 2)) {
        lua_newtable(lua);
        lua_replace(lua, 2);
    }
    luaL_checktype(lua, 2, LUA_TTABLE);
    read_target(lua, showing);
    (void)route_match(trials->catalogue, showing->request.method, showing->request.path,
                      &showing->route);
    const struct operation *operation = showing->route.operation;
    showing->call = (struct script_call){
        .arena = &trials->arena,
        .request = &showing->request,
        .spare_fields = SPARE_FIELDS,
        .request_id = SPAN("test"),
        .operation = operation ? operation->name : SPAN(""),
        .pattern = operation ? operation->pattern : SPAN(""),
        .key_name = field(lua, trials, "key", ""),
        .profile = field(lua, trials, "profile", "support"),
        .bot = field(lua, trials, "bot", "bot_1"),
        .workspace = field(lua, trials, "workspace", "wkspace_1"),
        .params = showing->route.params,
        .param_count = showing->route.param_count,
        .wishes = &showing->wishes,
        .dict = trials->dict,
        .notes = &showing->notes,
    };
    read_time(lua, showing);
    showing->call.now_ms =
        showing->call.wall_ms; /* so that a test says when a life of gw.dict ends */
    read_body(lua, showing);
    read_headers(lua, trials, &showing->request.headers);
}

/* --- What it made of it --- */

static void set_text(lua_State *lua, const char *name, struct span text)
{
    if (text.len == 0)
        return;
    lua_pushlstring(lua, text.at, text.len);
    lua_setfield(lua, -2, name);
}

static void set_headers(lua_State *lua, const struct header_list *list)
{
    lua_newtable(lua);
    for (size_t i = list->count; i-- > 0;) {
        struct span name = list->at[i].name;
        luaL_Buffer lower;
        char *bytes = luaL_buffinitsize(lua, &lower, name.len);
        for (size_t n = 0; n < name.len; n++)
            bytes[n] = ascii_lower(name.at[n]);
        luaL_pushresultsize(&lower, name.len);
        lua_pushlstring(lua, list->at[i].value.len ? list->at[i].value.at : "",
                        list->at[i].value.len);
        lua_rawset(lua, -3);
    }
    lua_setfield(lua, -2, "headers");
}

static bool is_json(struct span text)
{
    struct json_scan scan;
    json_scan_init(&scan, text);
    enum json_token first = json_scan_next(&scan);
    return json_scan_skip(&scan, first) && json_scan_next(&scan) == TOKEN_END;
}

static void set_body(lua_State *lua, struct span body)
{
    set_text(lua, "text", body);
    if (!is_json(body))
        return;
    script_json_push(lua, body);
    lua_setfield(lua, -2, "json");
}

static void set_answer(lua_State *lua, const struct script_answer *answer)
{
    if (!answer->is_given)
        return;
    lua_pushinteger(lua, answer->status);
    lua_setfield(lua, -2, "status");
    if (answer->retry_after_s > 0) {
        lua_pushinteger(lua, answer->retry_after_s);
        lua_setfield(lua, -2, "retry_after");
    }
    set_text(lua, "type", answer->type);
    set_text(lua, "message", answer->message);
    set_body(lua, answer->body);
}

static void set_wishes(lua_State *lua, const struct script_wishes *wishes)
{
    lua_pushboolean(lua, wishes->bypasses_cache);
    lua_setfield(lua, -2, "bypass");
    if (wishes->has_ttl) {
        lua_pushinteger(lua, wishes->ttl_s);
        lua_setfield(lua, -2, "ttl");
    }
    if (wishes->has_cost) {
        lua_pushinteger(lua, wishes->cost);
        lua_setfield(lua, -2, "cost");
    }
    lua_newtable(lua);
    for (size_t i = 0; i < wishes->tag_count; i++) {
        lua_pushlstring(lua, wishes->tags[i].at, wishes->tags[i].len);
        lua_rawseti(lua, -2, (lua_Integer)i + 1);
    }
    lua_setfield(lua, -2, "tags");
}

/* logs: the lines; metrics: what was counted, by name. */
static void set_notes(lua_State *lua, const struct script_notes *notes)
{
    lua_newtable(lua);
    lua_newtable(lua);
    for (size_t i = 0; i < notes->count; i++) {
        const struct script_note *note = &notes->at[i];
        lua_pushlstring(lua, note->text.at, note->text.len);
        if (note->kind == SCRIPT_NOTE_LOG) {
            lua_rawseti(lua, -3, (lua_Integer)lua_rawlen(lua, -3) + 1);
            continue;
        }
        lua_pushvalue(lua, -1);
        (void)lua_rawget(lua, -3);
        lua_pushinteger(lua, lua_tointeger(lua, -1) + note->n);
        lua_remove(lua, -2);
        lua_rawset(lua, -3);
    }
    lua_setfield(lua, -3, "metrics");
    lua_setfield(lua, -2, "logs");
}

/* Sets error of the table on top, if it fails. */
static void run(lua_State *lua, struct trial *trial, struct showing *showing,
                enum script_phase phase)
{
    char error[SCRIPT_ERROR_SIZE];
    bool fell;
    if (script_host_has(trial->host, 0, phase) &&
        script_host_call(trial->host, 0, phase, &showing->call, error, &fell) != SCRIPT_DONE)
        set_text(lua, "error", span_of(error));
}

/* filter:request{…} */
static int show_request(lua_State *lua)
{
    struct trial *trial = luaL_checkudata(lua, 1, type);
    struct showing showing;
    read_showing(lua, &showing);
    lua_newtable(lua);
    showing.call.has_body = showing.call.has_body && script_host_needs_request_body(trial->host, 0);
    run(lua, trial, &showing, SCRIPT_REQUEST);
    showing.call.body = arena_copy(&showing.trials->arena, showing.call.body);
    script_call_clear(&showing.call);
    set_headers(lua, &showing.request.headers);
    set_text(lua, "path", showing.request.path);
    set_text(lua, "query", showing.request.query);
    if (showing.call.answer.is_given)
        set_answer(lua, &showing.call.answer);
    else
        set_body(lua, showing.call.body);
    set_wishes(lua, &showing.wishes);
    set_notes(lua, &showing.notes);
    return 1;
}

/* The fields that are given are the response's. */
static void read_response(lua_State *lua, struct showing *showing)
{
    read_showing(lua, showing);
    showing->response = (struct response){.status = 200, .version = 11};
    showing->response.headers = showing->request.headers;
    header_list_init(&showing->request.headers, &showing->trials->arena, SPARE_FIELDS);
    if (lua_getfield(lua, 2, "status") != LUA_TNIL)
        showing->response.status = (unsigned)luaL_checkinteger(lua, -1);
    lua_pop(lua, 1);
    showing->call.response = &showing->response;
}

/* filter:response{status = 200, json = {…}, …} */
static int show_response(lua_State *lua)
{
    struct trial *trial = luaL_checkudata(lua, 1, type);
    struct showing showing;
    read_response(lua, &showing);
    lua_newtable(lua);
    showing.call.hides_caller = true;
    if (showing.call.has_body)
        run(lua, trial, &showing, SCRIPT_BODY);
    showing.call.hides_caller = false;
    showing.call.has_body = false;
    run(lua, trial, &showing, SCRIPT_RESPONSE);
    showing.call.body = arena_copy(&showing.trials->arena, showing.call.body);
    script_call_clear(&showing.call);
    lua_pushinteger(lua, showing.response.status);
    lua_setfield(lua, -2, "status");
    set_headers(lua, &showing.response.headers);
    set_body(lua, showing.call.body);
    set_notes(lua, &showing.notes);
    return 1;
}

/* filter:log{status = 200, source = "cache", duration_ms = 1.5, …} */
static int show_log(lua_State *lua)
{
    struct trial *trial = luaL_checkudata(lua, 1, type);
    struct showing showing;
    read_response(lua, &showing);
    showing.call.has_body = false;
    showing.call.source = field(lua, showing.trials, "source", "upstream");
    if (lua_getfield(lua, 2, "duration_ms") != LUA_TNIL)
        showing.call.duration_us = (uint64_t)(luaL_checknumber(lua, -1) * US_IN_MS);
    lua_pop(lua, 1);
    lua_newtable(lua);
    run(lua, trial, &showing, SCRIPT_LOG);
    set_notes(lua, &showing.notes);
    return 1;
}

/* --- t --- */

static int equal(lua_State *lua)
{
    luaL_checkany(lua, 2);
    if (lua_compare(lua, 1, 2, LUA_OPEQ))
        return 0;
    return luaL_error(lua, "%s is not %s%s%s", luaL_tolstring(lua, 1, NULL),
                      luaL_tolstring(lua, 2, NULL), lua_isstring(lua, 3) ? ": " : "",
                      lua_isstring(lua, 3) ? lua_tostring(lua, 3) : "");
}

static void set_functions(lua_State *lua, struct trials *trials, const struct luaL_Reg *rows,
                          size_t count)
{
    for (size_t i = 0; i < count; i++) {
        lua_pushlightuserdata(lua, trials);
        lua_pushcclosure(lua, rows[i].func, 1);
        lua_setfield(lua, -2, rows[i].name);
    }
}

void filter_trial_open(lua_State *lua, struct trials *trials)
{
    static const struct luaL_Reg methods[] = {
        {"request", show_request}, {"response", show_response}, {"log", show_log}};
    static const struct luaL_Reg functions[] = {{"load", load}, {"equal", equal}};
    luaL_newmetatable(lua, type);
    lua_pushcfunction(lua, destroy);
    lua_setfield(lua, -2, "__gc");
    lua_newtable(lua);
    set_functions(lua, trials, methods, COUNT_OF(methods));
    lua_setfield(lua, -2, "__index");
    lua_pop(lua, 1);
    lua_newtable(lua);
    set_functions(lua, trials, functions, COUNT_OF(functions));
    script_json_null(lua);
    lua_setfield(lua, -2, "null");
}
