#include "script/script_tables.h"

#include <lauxlib.h>
#include <lualib.h>

#include "script/script_budget.h"

enum { RANGE_MAX = 100000, SORT_MAX = 20000, ELEMENT_WORK = 16 };

static int call_original(lua_State *lua)
{
    return lua_tocfunction(lua, lua_upvalueindex(1))(lua);
}

/* Whether reading, writing or measuring it may run a function; arrays of JSON have a metatable too. */
static bool has_metamethods(lua_State *lua, int index)
{
    static const char *const names[] = {"__index", "__newindex", "__len"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (luaL_getmetafield(lua, index, names[i]) != LUA_TNIL)
            return true;
    }
    return false;
}

/* Returns its length. */
static lua_Integer check_plain(lua_State *lua, int index)
{
    luaL_checktype(lua, index, LUA_TTABLE);
    if (has_metamethods(lua, index))
        luaL_argerror(lua, index, "the table functions take plain tables alone");
    return (lua_Integer)lua_rawlen(lua, index);
}

/* How many there are from first to last; refused when too many. */
static void charge_range(lua_State *lua, lua_Integer first, lua_Integer last)
{
    uint64_t count = last < first ? 0 : (uint64_t)last - (uint64_t)first;
    if (count >= RANGE_MAX)
        luaL_error(lua, "more than 100000 elements at once");
    script_charge(lua, (size_t)(count + 1) * ELEMENT_WORK);
}

static int insert(lua_State *lua)
{
    lua_Integer len = check_plain(lua, 1);
    lua_Integer place = lua_gettop(lua) >= 3 ? luaL_checkinteger(lua, 2) : len;
    charge_range(lua, place < 1 ? 1 : place, len);
    return call_original(lua);
}

static int take_out(lua_State *lua)
{
    lua_Integer len = check_plain(lua, 1), place = luaL_optinteger(lua, 2, len);
    charge_range(lua, place < 1 ? 1 : place, len);
    return call_original(lua);
}

static int concat(lua_State *lua)
{
    lua_Integer len = check_plain(lua, 1);
    charge_range(lua, luaL_optinteger(lua, 3, 1), luaL_optinteger(lua, 4, len));
    return call_original(lua);
}

static int unpack(lua_State *lua)
{
    lua_Integer len = check_plain(lua, 1);
    charge_range(lua, luaL_optinteger(lua, 2, 1), luaL_optinteger(lua, 3, len));
    return call_original(lua);
}

static int move(lua_State *lua)
{
    (void)check_plain(lua, 1);
    if (!lua_isnoneornil(lua, 5))
        (void)check_plain(lua, 5);
    charge_range(lua, luaL_checkinteger(lua, 2), luaL_checkinteger(lua, 3));
    return call_original(lua);
}

static int pack(lua_State *lua)
{
    script_charge(lua, (size_t)lua_gettop(lua) * ELEMENT_WORK);
    return call_original(lua);
}

/* Comparing long texts is work, and sorting compares often. */
static int is_less(lua_State *lua)
{
    size_t bytes = ELEMENT_WORK;
    for (int i = 1; i <= 2; i++)
        bytes += lua_type(lua, i) == LUA_TSTRING ? lua_rawlen(lua, i) : 0;
    script_charge(lua, bytes);
    lua_pushboolean(lua, lua_compare(lua, 1, 2, LUA_OPLT));
    return 1;
}

static int sort(lua_State *lua)
{
    if (check_plain(lua, 1) > SORT_MAX)
        return luaL_error(lua, "table.sort takes at most 20000 elements");
    lua_settop(lua, 2);
    if (lua_isnil(lua, 2)) {
        lua_pushcfunction(lua, is_less);
        lua_replace(lua, 2);
    }
    return call_original(lua);
}

static const struct luaL_Reg functions[] = {
    {"concat", concat},   {"insert", insert}, {"move", move},     {"pack", pack},
    {"remove", take_out}, {"sort", sort},     {"unpack", unpack},
};

void script_tables_open(lua_State *lua)
{
    lua_newtable(lua);
    luaL_requiref(lua, LUA_TABLIBNAME, luaopen_table, 0);
    for (size_t i = 0; i < COUNT_OF(functions); i++) {
        lua_getfield(lua, -1, functions[i].name);
        lua_pushcclosure(lua, functions[i].func, 1);
        lua_setfield(lua, -3, functions[i].name);
    }
    lua_pop(lua, 1);
    script_sandbox_freeze(lua, "table");
}
