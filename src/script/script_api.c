#include "script/script_api.h"

#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/random.h"
#include "base/text.h"
#include "script/script_crypto.h"
#include "script/script_dict.h"
#include "script/script_host.h"
#include "script/script_json.h"
#include "script/script_regex.h"
#include "script/script_sandbox.h"

enum { MESSAGE_MAX = KIB, TTL_MAX_S = 365 * 86400, RETRY_MAX_S = 86400 };

static struct script_running *running_of(lua_State *lua)
{
    return lua_touserdata(lua, lua_upvalueindex(1));
}

static struct script_call *call_of(lua_State *lua)
{
    struct script_call *call = running_of(lua)->call;
    if (!call)
        luaL_error(lua, "nothing is asked yet: this is for the functions of a filter");
    return call;
}

static struct script_call *call_of_request(lua_State *lua)
{
    struct script_call *call = call_of(lua);
    if (running_of(lua)->phase != SCRIPT_REQUEST)
        luaL_error(lua, "this is for on_request alone: later it is decided");
    return call;
}

/* A copy that outlives the call; what the filters of one request may leave behind is bounded. */
static struct span keep(lua_State *lua, struct script_call *call, struct span text)
{
    call->wishes->field_bytes += text.len;
    if (call->wishes->field_bytes > SCRIPT_FIELD_BYTES)
        luaL_error(lua, "more than 64 KiB for one request");
    return arena_copy(call->arena, text);
}

static struct span check_text(lua_State *lua, int index)
{
    struct span text;
    text.at = luaL_checklstring(lua, index, &text.len);
    return text;
}

/* --- respond --- */

enum { TOO_MANY_REQUESTS = 429, UNAVAILABLE = 503 };

/* Clients repeat these by themselves, and must be told when, or they come at once. */
static unsigned check_retry_after(lua_State *lua, lua_Integer status)
{
    bool is_repeated = status == TOO_MANY_REQUESTS || status == UNAVAILABLE;
    lua_Integer seconds = luaL_optinteger(lua, 4, is_repeated ? 1 : 0);
    if (!lua_isnoneornil(lua, 4) && (seconds < 1 || seconds > RETRY_MAX_S))
        luaL_argerror(lua, 4, "must be from 1 s to a day");
    return (unsigned)seconds;
}

/* gw.respond(403, "Forbidden", "why" [, seconds]): an error as Botpress clients understand it. */
static void respond_problem(lua_State *lua, struct script_call *call, lua_Integer status)
{
    const struct script_running *running = running_of(lua);
    struct span type = check_text(lua, 2), message = check_text(lua, 3);
    if (status < 400 || status > 599)
        luaL_argerror(lua, 1, "an error has a status from 400 to 599");
    if (running->is_error_type && !running->is_error_type(type))
        luaL_argerror(lua, 2, "none of the API's types of errors, such as \"Forbidden\"");
    if (message.len > MESSAGE_MAX)
        luaL_argerror(lua, 3, "longer than 1 KiB");
    call->answer = (struct script_answer){.is_given = true,
                                          .status = (unsigned)status,
                                          .retry_after_s = check_retry_after(lua, status),
                                          .type = keep(lua, call, type),
                                          .message = keep(lua, call, message)};
}

/* gw.respond(200, {…}): JSON of the filter's own. */
static void respond_json(lua_State *lua, struct script_call *call, lua_Integer status)
{
    struct buffer *made = script_call_room(call);
    if (status < 200 || status > 599 || status == 204 || status == 205 || status == 304)
        luaL_argerror(lua, 1, "no status that goes with a body");
    script_json_write(lua, 2, made);
    call->answer = (struct script_answer){
        .is_given = true, .status = (unsigned)status, .body = keep(lua, call, buffer_bytes(made))};
}

static int respond(lua_State *lua)
{
    struct script_call *call = call_of_request(lua);
    lua_Integer status = luaL_checkinteger(lua, 1);
    if (lua_istable(lua, 2))
        respond_json(lua, call, status);
    else
        respond_problem(lua, call, status);
    return 0;
}

/* --- cache, limit --- */

static int cache_ttl(lua_State *lua)
{
    struct script_call *call = call_of_request(lua);
    lua_Integer seconds = luaL_checkinteger(lua, 1);
    luaL_argcheck(lua, seconds >= 1 && seconds <= TTL_MAX_S, 1, "must be from 1 s to a year");
    call->wishes->has_ttl = true;
    call->wishes->ttl_s = (uint32_t)seconds;
    return 0;
}

static int cache_bypass(lua_State *lua)
{
    call_of_request(lua)->wishes->bypasses_cache = true;
    return 0;
}

static int cache_tag(lua_State *lua)
{
    struct script_call *call = call_of_request(lua);
    struct span tag = check_text(lua, 1);
    luaL_argcheck(lua, tag.len > 0 && tag.len <= 128, 1, "must be 1 to 128 bytes");
    if (call->wishes->tag_count == SCRIPT_TAGS_MAX)
        return luaL_error(lua, "an answer may get 4 tags from filters");
    call->wishes->tags[call->wishes->tag_count++] = keep(lua, call, tag);
    return 0;
}

static int limit_cost(lua_State *lua)
{
    struct script_call *call = call_of_request(lua);
    lua_Integer cost = luaL_checkinteger(lua, 1);
    luaL_argcheck(lua, cost >= 0 && cost <= 1000000, 1, "must be from 0 to 1000000");
    call->wishes->has_cost = true;
    call->wishes->cost = (uint32_t)cost;
    return 0;
}

/* --- time, random, env --- */

static const struct {
    const char *name;
    size_t offset;
    int add;
} parts[] = {
    {"year", offsetof(struct tm, tm_year), 1900}, {"month", offsetof(struct tm, tm_mon), 1},
    {"day", offsetof(struct tm, tm_mday), 0},     {"hour", offsetof(struct tm, tm_hour), 0},
    {"minute", offsetof(struct tm, tm_min), 0},   {"second", offsetof(struct tm, tm_sec), 0},
};

/* gw.time(): seconds since 1970. gw.time("utc"), gw.time("local"): a table. */
static int tell_time(lua_State *lua)
{
    static const char *const days[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};
    static const char *const zones[] = {"utc", "local", NULL};
    uint64_t wall_ms = call_of(lua)->wall_ms;
    if (lua_isnoneornil(lua, 1)) {
        lua_pushnumber(lua, (lua_Number)wall_ms / 1000);
        return 1;
    }
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm tm;
    bool is_utc = luaL_checkoption(lua, 1, NULL, zones) == 0;
    ASSERT(is_utc ? gmtime_r(&seconds, &tm) : localtime_r(&seconds, &tm));
    lua_createtable(lua, 0, COUNT_OF(parts) + 1);
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        lua_pushinteger(lua, *(const int *)(const void *)((const char *)&tm + parts[i].offset) +
                                 parts[i].add);
        lua_setfield(lua, -2, parts[i].name);
    }
    lua_pushstring(lua, days[tm.tm_wday]);
    lua_setfield(lua, -2, "weekday");
    return 1;
}

/* gw.random(n): from 1 to n; without n from 0 up to 1. */
static int draw(lua_State *lua)
{
    if (lua_isnoneornil(lua, 1)) {
        lua_pushnumber(lua, (lua_Number)(random_u64() >> 11) * 0x1p-53);
        return 1;
    }
    lua_Integer bound = luaL_checkinteger(lua, 1);
    luaL_argcheck(lua, bound >= 1, 1, "must be at least 1");
    lua_pushinteger(lua, 1 + (lua_Integer)random_below((uint64_t)bound));
    return 1;
}

static int read_env(lua_State *lua)
{
    const struct script_source *source = running_of(lua)->source;
    struct span name = check_text(lua, 1);
    for (size_t i = 0; source && i < source->env_count; i++) {
        if (!span_equal(name, source->env[i]))
            continue;
        lua_pushstring(lua, getenv(name.at));
        return 1;
    }
    return luaL_error(lua, "%s is not among the names in `env` of this filter", name.at);
}

/* --- JSON --- */

static int array(lua_State *lua)
{
    if (lua_isnoneornil(lua, 1)) {
        lua_newtable(lua);
    } else {
        luaL_checktype(lua, 1, LUA_TTABLE);
        lua_settop(lua, 1);
    }
    script_json_mark_array(lua);
    return 1;
}

static int json_decode(lua_State *lua)
{
    script_json_push(lua, check_text(lua, 1));
    return 1;
}

static int json_encode(lua_State *lua)
{
    struct buffer *made = script_call_room(call_of(lua));
    luaL_checkany(lua, 1);
    script_json_write(lua, 1, made);
    lua_pushlstring(lua, made->len ? made->at : "", made->len);
    return 1;
}

/* --- The table --- */

static const struct luaL_Reg functions[] = {
    {"respond", respond},      {"log", script_log},
    {"metric", script_metric}, {"time", tell_time},
    {"random", draw},          {"env", read_env},
    {"array", array},          {"regex", script_regex_make},
    {"sha256", script_sha256}, {"hmac", script_hmac},
};
static const struct luaL_Reg cache_functions[] = {
    {"ttl", cache_ttl}, {"bypass", cache_bypass}, {"tag", cache_tag}};
static const struct luaL_Reg limit_functions[] = {{"cost", limit_cost}};
static const struct luaL_Reg dict_functions[] = {{"get", script_dict_get},
                                                 {"set", script_dict_set},
                                                 {"add", script_dict_add},
                                                 {"incr", script_dict_incr},
                                                 {"delete", script_dict_delete}};
static const struct luaL_Reg base64_functions[] = {{"encode", script_base64_encode},
                                                   {"decode", script_base64_decode}};
static const struct luaL_Reg json_functions[] = {{"decode", json_decode}, {"encode", json_encode}};

static void add(lua_State *lua, struct script_running *running, const struct luaL_Reg *rows,
                size_t count)
{
    for (size_t i = 0; i < count; i++) {
        lua_pushlightuserdata(lua, running);
        lua_pushcclosure(lua, rows[i].func, 1);
        lua_setfield(lua, -2, rows[i].name);
    }
}

static void add_group(lua_State *lua, struct script_running *running, const char *name,
                      const struct luaL_Reg *rows, size_t count)
{
    lua_newtable(lua);
    add(lua, running, rows, count);
    script_sandbox_freeze(lua, "gw");
    lua_setfield(lua, -2, name);
}

void script_api_open(lua_State *lua, struct script_running *running)
{
    script_regex_open(lua);
    lua_newtable(lua);
    add(lua, running, functions, COUNT_OF(functions));
    add_group(lua, running, "cache", cache_functions, COUNT_OF(cache_functions));
    add_group(lua, running, "limit", limit_functions, COUNT_OF(limit_functions));
    add_group(lua, running, "dict", dict_functions, COUNT_OF(dict_functions));
    add_group(lua, running, "base64", base64_functions, COUNT_OF(base64_functions));
    add_group(lua, running, "json", json_functions, COUNT_OF(json_functions));
    script_json_null(lua);
    lua_setfield(lua, -2, "null");
}

void script_api_for(lua_State *lua, struct span options)
{
    lua_newtable(lua);
    if (options.len > 0)
        script_json_push(lua, options);
    else
        lua_newtable(lua);
    lua_setfield(lua, -2, "options");
    lua_createtable(lua, 0, 1);
    lua_pushvalue(lua, -3);
    lua_setfield(lua, -2, "__index");
    lua_setmetatable(lua, -2);
    script_sandbox_freeze(lua, "gw");
    lua_remove(lua, -2);
}
