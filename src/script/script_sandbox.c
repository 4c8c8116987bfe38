#include "script/script_sandbox.h"

#include <lauxlib.h>
#include <lualib.h>

#include "script/script_budget.h"
#include "script/script_strings.h"
#include "script/script_tables.h"

/* --- Guards --- */

static int guarded(lua_State *lua)
{
    enum { ARGUMENTS_LOOKED_AT = 16 };
    size_t bytes = 0;
    int count = lua_gettop(lua);
    for (int i = 1; i <= count && i <= ARGUMENTS_LOOKED_AT; i++) {
        if (lua_type(lua, i) == LUA_TSTRING)
            bytes += lua_rawlen(lua, i);
    }
    script_charge(lua, bytes);
    return lua_tocfunction(lua, lua_upvalueindex(1))(lua);
}

void script_sandbox_guard(lua_State *lua)
{
    lua_pushcclosure(lua, guarded, 1);
}

static int refuse_write(lua_State *lua)
{
    const char *what = lua_touserdata(lua, lua_upvalueindex(1));
    if (lua_type(lua, 2) == LUA_TSTRING)
        return luaL_error(lua, "%s cannot be written to (\"%s\"); declare it local", what,
                          lua_tostring(lua, 2));
    return luaL_error(lua, "%s cannot be written to", what);
}

void script_sandbox_freeze(lua_State *lua, const char *what)
{
    union {
        const char *constant;
        void *plain;
    } name = {.constant = what};
    lua_newtable(lua);
    lua_createtable(lua, 0, 3);
    lua_pushvalue(lua, -3);
    lua_setfield(lua, -2, "__index");
    lua_pushlightuserdata(lua, name.plain);
    lua_pushcclosure(lua, refuse_write, 1);
    lua_setfield(lua, -2, "__newindex");
    lua_pushboolean(lua, false);
    lua_setfield(lua, -2, "__metatable");
    lua_setmetatable(lua, -2);
    lua_remove(lua, -2);
}

/* --- base --- */

/* A finaliser would run where no bound is heeded. */
static int set_metatable(lua_State *lua)
{
    luaL_checktype(lua, 1, LUA_TTABLE);
    if (lua_type(lua, 2) == LUA_TTABLE) {
        lua_pushliteral(lua, "__gc");
        if (lua_rawget(lua, 2) != LUA_TNIL)
            return luaL_error(lua, "a metatable may not have __gc");
        lua_pop(lua, 1);
    }
    return lua_tocfunction(lua, lua_upvalueindex(1))(lua);
}

/* Those of the library give the bare `next`. */
static int pairs(lua_State *lua)
{
    luaL_checkany(lua, 1);
    if (luaL_getmetafield(lua, 1, "__pairs") != LUA_TNIL) {
        lua_pushvalue(lua, 1);
        lua_call(lua, 1, 3);
        return 3;
    }
    lua_pushvalue(lua, lua_upvalueindex(1));
    lua_pushvalue(lua, 1);
    lua_pushnil(lua);
    return 3;
}

static const char *const base_names[] = {"assert",   "error",    "getmetatable", "ipairs", "next",
                                         "pcall",    "rawequal", "rawget",       "rawlen", "select",
                                         "tonumber", "tostring", "type"};

/* From the library on top into the table below it. */
static void take(lua_State *lua, const char *name)
{
    lua_getfield(lua, -1, name);
    script_sandbox_guard(lua);
    lua_setfield(lua, -3, name);
}

static void open_base(lua_State *lua)
{
    luaL_requiref(lua, LUA_GNAME, luaopen_base, 0);
    for (size_t i = 0; i < COUNT_OF(base_names); i++)
        take(lua, base_names[i]);
    lua_getfield(lua, -1, "setmetatable");
    lua_pushcclosure(lua, set_metatable, 1);
    lua_setfield(lua, -3, "setmetatable");
    lua_pop(lua, 1);
    lua_getfield(lua, -1, "next");
    lua_pushcclosure(lua, pairs, 1);
    lua_setfield(lua, -2, "pairs");
    lua_pushliteral(lua, LUA_VERSION);
    lua_setfield(lua, -2, "_VERSION");
}

/* --- The others --- */

static void open_math(lua_State *lua)
{
    luaL_requiref(lua, LUA_MATHLIBNAME, luaopen_math, 0);
    script_sandbox_freeze(lua, "math");
    lua_setfield(lua, -2, LUA_MATHLIBNAME);
}

/* utf8.codes hands out a function that can be made to scan a long text again and again. */
static void open_utf8(lua_State *lua)
{
    static const char *const names[] = {"char", "codepoint", "len", "offset"};
    lua_newtable(lua);
    luaL_requiref(lua, LUA_UTF8LIBNAME, luaopen_utf8, 0);
    for (size_t i = 0; i < COUNT_OF(names); i++)
        take(lua, names[i]);
    lua_getfield(lua, -1, "charpattern");
    lua_setfield(lua, -3, "charpattern");
    lua_pop(lua, 1);
    script_sandbox_freeze(lua, "utf8");
    lua_setfield(lua, -2, LUA_UTF8LIBNAME);
}

void script_sandbox_open(lua_State *lua)
{
    lua_newtable(lua);
    open_base(lua);
    open_math(lua);
    open_utf8(lua);
    script_strings_open(lua);
    lua_setfield(lua, -2, LUA_STRLIBNAME);
    script_tables_open(lua);
    lua_setfield(lua, -2, LUA_TABLIBNAME);
}
