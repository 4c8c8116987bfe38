#include "script/script_json.h"

#include <lauxlib.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "script/json_scan.h"
#include "script/script_budget.h"

static const char array_mark[] = "bpgate.array";

void script_json_null(lua_State *lua)
{
    lua_pushlightuserdata(lua, NULL);
}

void script_json_mark_array(lua_State *lua)
{
    if (luaL_newmetatable(lua, array_mark)) {
        lua_pushboolean(lua, false);
        lua_setfield(lua, -2, "__metatable");
    }
    lua_setmetatable(lua, -2);
}

/* --- Reading --- */

static void push_string(lua_State *lua, struct span token)
{
    luaL_Buffer buffer;
    if (!memchr(token.at, '\\', token.len)) {
        lua_pushlstring(lua, token.at, token.len);
        return;
    }
    char *bytes = luaL_buffinitsize(lua, &buffer, token.len);
    luaL_pushresultsize(&buffer, json_unescape(token, bytes));
}

/* As an integer where it is one and fits. */
static void push_number(lua_State *lua, struct span token)
{
    enum { LONGEST = 400 };
    char text[LONGEST + 1];
    if (token.len > LONGEST) {
        luaL_error(lua, "a number in this JSON is too long");
        return; /* which the compiler cannot know */
    }
    memcpy(text, token.at, token.len);
    text[token.len] = '\0';
    if (lua_stringtonumber(lua, text) == 0)
        luaL_error(lua, "a number in this JSON cannot be read");
}

static void push_value(lua_State *lua, struct json_scan *scan, enum json_token token);

static void push_array(lua_State *lua, struct json_scan *scan)
{
    lua_newtable(lua);
    script_json_mark_array(lua);
    enum json_token token;
    for (lua_Integer i = 1; (token = json_scan_next(scan)) != TOKEN_ARRAY_END; i++) {
        push_value(lua, scan, token);
        lua_rawseti(lua, -2, i);
    }
}

static void push_object(lua_State *lua, struct json_scan *scan)
{
    lua_newtable(lua);
    enum json_token token;
    while ((token = json_scan_next(scan)) == TOKEN_NAME) {
        push_string(lua, scan->token);
        push_value(lua, scan, json_scan_next(scan));
        lua_rawset(lua, -3);
    }
    if (token != TOKEN_OBJECT_END)
        luaL_error(lua, "this body is not JSON");
}

static void push_value(lua_State *lua, struct json_scan *scan, enum json_token token)
{
    luaL_checkstack(lua, 4, "this JSON is too deep");
    switch (token) {
    case TOKEN_OBJECT:
        push_object(lua, scan);
        return;
    case TOKEN_ARRAY:
        push_array(lua, scan);
        return;
    case TOKEN_STRING:
        push_string(lua, scan->token);
        return;
    case TOKEN_NUMBER:
        push_number(lua, scan->token);
        return;
    case TOKEN_TRUE:
    case TOKEN_FALSE:
        lua_pushboolean(lua, token == TOKEN_TRUE);
        return;
    case TOKEN_NULL:
        script_json_null(lua);
        return;
    case TOKEN_END:
    case TOKEN_BAD:
    case TOKEN_OBJECT_END:
    case TOKEN_ARRAY_END:
    case TOKEN_NAME:
        break;
    }
    luaL_error(lua, "this body is not JSON");
}

void script_json_push(lua_State *lua, struct span text)
{
    struct json_scan scan;
    script_charge(lua, text.len);
    json_scan_init(&scan, text);
    push_value(lua, &scan, json_scan_next(&scan));
    if (json_scan_next(&scan) != TOKEN_END)
        luaL_error(lua, "this body is not JSON");
    script_charge(lua, text.len);
}

/* --- Writing --- */

static void append(lua_State *lua, struct buffer *out, struct span bytes)
{
    if (buffer_append(out, bytes) != OK)
        luaL_error(lua, "the body would be larger than %I bytes", (lua_Integer)out->limit);
}

static void write_string(lua_State *lua, int index, struct buffer *out)
{
    struct span text;
    text.at = lua_tolstring(lua, index, &text.len);
    script_charge(lua, text.len);
    if (json_append_string(out, text) != OK)
        luaL_error(lua, "the body would be larger than %I bytes", (lua_Integer)out->limit);
}

/* The shortest text that is read as the same number. */
static void write_number(lua_State *lua, int index, struct buffer *out)
{
    enum { SIZE = 40, LEAST_DIGITS = 15, MOST_DIGITS = 17 };
    char text[SIZE];
    if (lua_isinteger(lua, index)) {
        (void)snprintf(text, SIZE, "%lld", (long long)lua_tointeger(lua, index));
    } else {
        double value = lua_tonumber(lua, index);
        if (!isfinite(value))
            luaL_error(lua, "JSON has no number for infinity and for what is none");
        for (int digits = LEAST_DIGITS; digits <= MOST_DIGITS; digits++) {
            (void)snprintf(text, SIZE, "%.*g", digits, value);
            if (strtod(text, NULL) == value)
                break;
        }
    }
    append(lua, out, span_of(text));
}

static bool is_array(lua_State *lua, int index)
{
    size_t len = lua_rawlen(lua, index), count = 0;
    bool is_marked = false;
    if (lua_getmetatable(lua, index)) {
        luaL_getmetatable(lua, array_mark);
        is_marked = lua_rawequal(lua, -1, -2);
        lua_pop(lua, 2);
    }
    if (is_marked || len == 0)
        return is_marked;
    for (lua_pushnil(lua); lua_next(lua, index); lua_pop(lua, 1))
        count++;
    script_charge(lua, count);
    return count == len;
}

static void write_value(lua_State *lua, int index, struct buffer *out, unsigned depth);

static void write_array(lua_State *lua, int index, struct buffer *out, unsigned depth)
{
    lua_Integer len = (lua_Integer)lua_rawlen(lua, index);
    append(lua, out, SPAN("["));
    for (lua_Integer i = 1; i <= len; i++) {
        if (i > 1)
            append(lua, out, SPAN(","));
        lua_rawgeti(lua, index, i);
        write_value(lua, lua_gettop(lua), out, depth);
        lua_pop(lua, 1);
    }
    append(lua, out, SPAN("]"));
}

static void write_object(lua_State *lua, int index, struct buffer *out, unsigned depth)
{
    bool is_first = true;
    append(lua, out, SPAN("{"));
    for (lua_pushnil(lua); lua_next(lua, index); lua_pop(lua, 1)) {
        if (lua_type(lua, -2) != LUA_TSTRING)
            luaL_error(lua, "an object of JSON has texts as its names, and no %s",
                       luaL_typename(lua, -2));
        if (!is_first)
            append(lua, out, SPAN(","));
        is_first = false;
        write_string(lua, lua_gettop(lua) - 1, out);
        append(lua, out, SPAN(":"));
        write_value(lua, lua_gettop(lua), out, depth);
    }
    append(lua, out, SPAN("}"));
}

static void write_value(lua_State *lua, int index, struct buffer *out, unsigned depth)
{
    if (depth == JSON_DEPTH_MAX)
        luaL_error(lua, "this table is too deep for JSON, or holds itself");
    luaL_checkstack(lua, 6, "this table is too deep for JSON");
    script_charge(lua, 1);
    switch (lua_type(lua, index)) {
    case LUA_TSTRING:
        write_string(lua, index, out);
        return;
    case LUA_TNUMBER:
        write_number(lua, index, out);
        return;
    case LUA_TBOOLEAN:
        append(lua, out, lua_toboolean(lua, index) ? SPAN("true") : SPAN("false"));
        return;
    case LUA_TTABLE:
        if (is_array(lua, index))
            write_array(lua, index, out, depth + 1);
        else
            write_object(lua, index, out, depth + 1);
        return;
    case LUA_TLIGHTUSERDATA:
        append(lua, out, SPAN("null"));
        return;
    default:
        luaL_error(lua, "JSON cannot say a %s", luaL_typename(lua, index));
    }
}

void script_json_write(lua_State *lua, int index, struct buffer *out)
{
    write_value(lua, lua_absindex(lua, index), out, 0);
}
