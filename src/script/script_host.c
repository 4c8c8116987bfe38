#include "script/script_host.h"

#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/text.h"
#include "script/script_api.h"
#include "script/script_handles.h"
#include "script/script_sandbox.h"

enum { FAILURES = 10, FAILURE_WINDOW_MS = 60 * 1000, ASIDE_MS = 60 * 1000, NAME_SIZE = 64 };

/* What a filter is, apart from the state that it was compiled into. */
struct filter {
    char name[NAME_SIZE];
    bool needs_request_body, needs_response_body, is_open;
    uint64_t failed_ms[FAILURES]; /* a ring */
    unsigned next;
    uint64_t aside_until_ms;
    int functions[SCRIPT_PHASE_COUNT]; /* in the registry, or LUA_NOREF */
    int api;
};

struct script_host {
    struct script_host_options options;
    struct script_budget budget;
    struct script_running running;
    struct script_pace pace;
    uint64_t generation; /* of calls */
    lua_State *lua;
    bool is_full; /* the state has run out of memory: what a filter keeps may be in the way */
    struct filter filters[SCRIPT_FILTERS_MAX];
};

/* --- Errors --- */

/* Where in a filter it happened, before the stack is unwound. */
static int note_place(lua_State *lua)
{
    script_budget_note_place(script_budget_of(lua));
    return 1;
}

/* Without memory nobody was asked for the place while there was a stack: the function is what is known. */
static void note_function(struct script_host *host)
{
    const struct script_source *source = host->running.source;
    if (!source || host->budget.where[0])
        return;
    lua_Debug debug = {.linedefined = 1};
    int function = host->filters[source - host->options.sources].functions[host->running.phase];
    if (lua_rawgeti(host->lua, LUA_REGISTRYINDEX, function) == LUA_TFUNCTION)
        (void)lua_getinfo(host->lua, ">S", &debug);
    else
        lua_pop(host->lua, 1);
    (void)snprintf(host->budget.where, SCRIPT_PLACE_SIZE, "%.80s:%d: ", source->file.at,
                   debug.linedefined > 0 ? debug.linedefined : 1);
}

/* The words of the error on top, printable and short, whatever it is; with a place. */
static void tell(struct script_host *host, char error[SCRIPT_ERROR_SIZE])
{
    enum { SHOWN = 300 };
    lua_State *lua = host->lua;
    size_t len = 0;
    const char *text = "the error is no text";
    if (host->budget.overrun != OVERRUN_NONE)
        text = script_overrun_text(&host->budget);
    else if (lua_type(lua, -1) == LUA_TSTRING)
        text = lua_tostring(lua, -1);
    size_t where = strlen(host->budget.where);
    bool has_place = strncmp(text, host->budget.where, where) == 0;
    int written = snprintf(error, SCRIPT_ERROR_SIZE, "%.200s%.*s",
                           has_place ? "" : host->budget.where, SHOWN, text);
    len = written > 0 ? (size_t)written : 0;
    for (size_t i = 0; i < len && error[i]; i++) {
        if ((unsigned char)error[i] < ' ' || error[i] == 0x7f)
            error[i] = ' ';
    }
}

/* Runs step with the host, protected and within the budget; false with error. */
static bool run(struct script_host *host, lua_CFunction step, void *argument,
                char error[SCRIPT_ERROR_SIZE])
{
    lua_State *lua = host->lua;
    lua_settop(lua, 1); /* note_place */
    lua_pushcfunction(lua, step);
    lua_pushlightuserdata(lua, argument);
    int result = lua_pcall(lua, 1, 0, 1);
    bool is_good = result == LUA_OK;
    /* An error that a pcall has swallowed at the last moment is one still. */
    if (is_good && host->budget.overrun == OVERRUN_NONE)
        return true;
    if (is_good)
        lua_pushnil(lua);
    if (result == LUA_ERRMEM)
        note_function(host);
    host->is_full = host->is_full || host->budget.overrun == OVERRUN_MEMORY;
    tell(host, error);
    lua_settop(lua, 1);
    return false;
}

/* --- Loading a file --- */

struct loading {
    struct script_host *host;
    size_t filter;
};

static const char *const phase_names[] = {
    [SCRIPT_REQUEST] = "on_request",
    [SCRIPT_BODY] = "on_response",
    [SCRIPT_RESPONSE] = "on_response",
    [SCRIPT_LOG] = "on_log",
};

static void read_needs(lua_State *lua, struct filter *filter)
{
    if (lua_getfield(lua, -1, "needs") == LUA_TNIL) {
        lua_pop(lua, 1);
        return;
    }
    luaL_checktype(lua, -1, LUA_TTABLE);
    for (lua_Integer i = 1; lua_rawgeti(lua, -1, i) != LUA_TNIL; i++) {
        struct span need = span_of(lua_tostring(lua, -1));
        bool is_both = span_equal(need, SPAN("body"));
        if (!is_both && !span_equal(need, SPAN("request_body")) &&
            !span_equal(need, SPAN("response_body")))
            luaL_error(lua, "needs may hold \"body\", \"request_body\" and \"response_body\"");
        filter->needs_request_body |= is_both || span_equal(need, SPAN("request_body"));
        filter->needs_response_body |= is_both || span_equal(need, SPAN("response_body"));
        lua_pop(lua, 1);
    }
    lua_pop(lua, 2);
}

static void read_functions(lua_State *lua, struct filter *filter)
{
    bool has_any = false;
    for (size_t phase = 0; phase < SCRIPT_PHASE_COUNT; phase++) {
        filter->functions[phase] = LUA_NOREF;
        if (phase == (filter->needs_response_body ? SCRIPT_RESPONSE : SCRIPT_BODY))
            continue;
        int type = lua_getfield(lua, -1, phase_names[phase]);
        if (type != LUA_TNIL && type != LUA_TFUNCTION)
            luaL_error(lua, "%s must be a function", phase_names[phase]);
        has_any |= type == LUA_TFUNCTION;
        if (type == LUA_TFUNCTION)
            filter->functions[phase] = luaL_ref(lua, LUA_REGISTRYINDEX);
        else
            lua_pop(lua, 1);
    }
    if (!has_any)
        luaL_error(lua, "a filter must have on_request, on_response or on_log");
    filter->needs_request_body &= filter->functions[SCRIPT_REQUEST] != LUA_NOREF;
}

static void read_on_error(lua_State *lua, const struct script_source *source, struct filter *filter)
{
    static const char *const words[] = {"closed", "open", NULL};
    lua_getfield(lua, -1, "on_error");
    filter->is_open = luaL_checkoption(lua, -1, "closed", words) == 1;
    if (source->on_error != ON_ERROR_AS_FILTER)
        filter->is_open = source->on_error == ON_ERROR_OPEN;
    lua_pop(lua, 1);
}

/* As the file names it, or after the file. */
static void read_name(lua_State *lua, struct span file, struct filter *filter)
{
    struct span name = file;
    const char *slash = file.len > 0 ? memrchr(file.at, '/', file.len) : NULL;
    if (slash)
        name = span_skip(file, (size_t)(slash - file.at) + 1);
    if (lua_getfield(lua, -1, "name") == LUA_TSTRING)
        name.at = lua_tolstring(lua, -1, &name.len);
    size_t len = name.len < NAME_SIZE ? name.len : NAME_SIZE - 1;
    for (size_t i = 0; i < len; i++)
        filter->name[i] = (char)(name.at[i] > ' ' && name.at[i] < 0x7f ? name.at[i] : '_');
    filter->name[len] = '\0';
    lua_pop(lua, 1);
}

/* On top the globals of all, then gw: becomes the environment of one filter, with its own gw in it. */
static void push_environment(lua_State *lua, struct filter *filter, struct span options)
{
    lua_newtable(lua);
    lua_getfield(lua, LUA_REGISTRYINDEX, "bpgate.gw");
    script_api_for(lua, options);
    lua_pushvalue(lua, -1);
    filter->api = luaL_ref(lua, LUA_REGISTRYINDEX);
    lua_setfield(lua, -2, "gw");
    lua_createtable(lua, 0, 1);
    lua_getfield(lua, LUA_REGISTRYINDEX, "bpgate.globals");
    lua_setfield(lua, -2, "__index");
    lua_setmetatable(lua, -2);
    script_sandbox_freeze(lua, "the environment");
}

static int load_step(lua_State *lua)
{
    struct loading *loading = lua_touserdata(lua, 1);
    struct script_host *host = loading->host;
    const struct script_source *source = &host->options.sources[loading->filter];
    struct filter *filter = &host->filters[loading->filter];
    lua_pushfstring(lua, "@%s", source->file.at);
    if (luaL_loadbufferx(lua, source->text.at, source->text.len, lua_tostring(lua, -1), "t") !=
        LUA_OK)
        return lua_error(lua);
    push_environment(lua, filter, source->options);
    if (!lua_setupvalue(lua, -2, 1))
        lua_pop(lua, 1); /* it uses no global at all */
    lua_rawgeti(lua, LUA_REGISTRYINDEX, filter->api);
    lua_call(lua, 1, 1);
    if (!lua_istable(lua, -1))
        return luaL_error(lua, "%s:1: a filter must return a table", source->file.at);
    read_name(lua, source->file, filter);
    read_needs(lua, filter);
    read_functions(lua, filter);
    read_on_error(lua, source, filter);
    return 0;
}

static int open_step(lua_State *lua)
{
    struct script_host *host = lua_touserdata(lua, 1);
    script_sandbox_open(lua);
    lua_setfield(lua, LUA_REGISTRYINDEX, "bpgate.globals");
    script_handles_open(lua);
    script_api_open(lua, &host->running);
    lua_setfield(lua, LUA_REGISTRYINDEX, "bpgate.gw");
    return 0;
}

static bool open_state(struct script_host *host, char error[SCRIPT_ERROR_SIZE])
{
    (void)snprintf(error, SCRIPT_ERROR_SIZE, "there is no memory for a state of Lua");
    host->lua = script_budget_open(&host->budget, &host->options.limits);
    if (!host->lua)
        return false;
    lua_pushcfunction(host->lua, note_place);
    if (!run(host, open_step, host, error))
        return false;
    for (size_t i = 0; i < host->options.count; i++) {
        struct loading loading = {host, i};
        const struct script_source *source = &host->options.sources[i];
        host->running = (struct script_running){
            .source = source, .is_error_type = host->options.is_error_type, .pace = &host->pace};
        script_budget_begin(&host->budget);
        if (!run(host, load_step, &loading, error))
            return false;
    }
    host->is_full = false;
    return true;
}

static void close_state(struct script_host *host)
{
    if (host->lua)
        lua_close(host->lua);
    host->lua = NULL;
}

struct script_host *script_host_create(const struct script_host_options *options,
                                       char error[SCRIPT_ERROR_SIZE])
{
    ASSERT(options->count <= SCRIPT_FILTERS_MAX);
    struct script_host *host = xcalloc(1, sizeof(*host));
    host->options = *options;
    if (open_state(host, error))
        return host;
    script_host_destroy(host);
    return NULL;
}

void script_host_destroy(struct script_host *host)
{
    if (!host)
        return;
    close_state(host);
    free(host);
}

/* --- What they are --- */

struct span script_host_name(const struct script_host *host, size_t filter)
{
    return span_of(host->filters[filter].name);
}

bool script_host_has(const struct script_host *host, size_t filter, enum script_phase phase)
{
    return host->filters[filter].functions[phase] != LUA_NOREF;
}

bool script_host_needs_request_body(const struct script_host *host, size_t filter)
{
    return host->filters[filter].needs_request_body;
}

bool script_host_is_open(const struct script_host *host, size_t filter)
{
    return host->filters[filter].is_open;
}

/* --- A call --- */

struct calling {
    struct script_running *running;
    int function, api;
    enum script_phase phase;
};

static int call_step(lua_State *lua)
{
    struct calling *calling = lua_touserdata(lua, 1);
    lua_rawgeti(lua, LUA_REGISTRYINDEX, calling->function);
    script_handles_push(lua, calling->running, calling->phase);
    lua_rawgeti(lua, LUA_REGISTRYINDEX, calling->api);
    lua_call(lua, 2, 0);
    return 0;
}

/* Whether so many failures came in so short a time that it is left out. */
static bool note_failure(struct filter *filter, uint64_t now_ms)
{
    filter->failed_ms[filter->next] = now_ms;
    filter->next = (filter->next + 1) % FAILURES;
    uint64_t oldest = filter->failed_ms[filter->next];
    if (oldest == 0 || now_ms - oldest >= FAILURE_WINDOW_MS)
        return false;
    filter->aside_until_ms = now_ms + ASIDE_MS;
    memset(filter->failed_ms, 0, sizeof(filter->failed_ms));
    return true;
}

/* What the filters have kept is lost; it was too much. */
static bool renew(struct script_host *host, char error[SCRIPT_ERROR_SIZE])
{
    close_state(host);
    return open_state(host, error);
}

static bool call_filter(struct script_host *host, size_t index, enum script_phase phase,
                        struct script_call *call, char error[SCRIPT_ERROR_SIZE])
{
    struct filter *filter = &host->filters[index];
    if ((host->is_full || !host->lua) && !renew(host, error))
        return false;
    struct calling calling = {.running = &host->running,
                              .function = filter->functions[phase],
                              .api = filter->api,
                              .phase = phase};
    host->running = (struct script_running){.call = call,
                                            .generation = ++host->generation,
                                            .phase = phase,
                                            .source = &host->options.sources[index],
                                            .name = span_of(filter->name),
                                            .is_error_type = host->options.is_error_type,
                                            .pace = &host->pace};
    const struct script_call before = *call;
    call->log_lines = 0;
    call->is_no_json = false;
    call->kept_at = call->changed_body ? call->made_at : COUNT_OF(call->made);
    for (size_t i = 0; i < COUNT_OF(call->made); i++)
        call->made[i].limit = host->options.body_bytes;
    script_budget_begin(&host->budget);
    bool is_good = run(host, call_step, &calling, error);
    host->running.call = NULL; /* which ends its handles */
    if (!is_good) {            /* what those before it have made of the body stands */
        call->body = before.body;
        call->changed_body = before.changed_body;
        call->made_at = before.made_at;
        call->answer = before.answer;
    }
    return is_good;
}

enum script_end script_host_call(struct script_host *host, size_t filter, enum script_phase phase,
                                 struct script_call *call, char error[SCRIPT_ERROR_SIZE],
                                 bool *fell)
{
    struct filter *record = &host->filters[filter];
    *fell = false;
    if (call->now_ms < record->aside_until_ms) {
        (void)snprintf(error, SCRIPT_ERROR_SIZE, "%s: set aside for a minute after 10 failures",
                       record->name);
        return SCRIPT_SET_ASIDE;
    }
    if (call_filter(host, filter, phase, call, error))
        return SCRIPT_DONE;
    /* Or ten bad requests of one caller would set it aside for all. */
    if (phase == SCRIPT_REQUEST && call->is_no_json && host->budget.overrun == OVERRUN_NONE)
        return SCRIPT_BAD_BODY;
    /* What a body holds is others' doing, too: it ends its own request, and nobody else's. */
    *fell = !call->has_body && note_failure(record, call->now_ms);
    return SCRIPT_FAILED;
}
