#include "script/script_dict.h"

#include <lauxlib.h>

#include "base/text.h"
#include "script/script_budget.h"
#include "script/script_handles.h"
#include "store/shared_dict.h"

enum { LIFE_MAX_S = 30 * 86400, MS = 1000, WORK = 256 };

static struct script_call *call_of(lua_State *lua)
{
    const struct script_running *running = lua_touserdata(lua, lua_upvalueindex(1));
    if (!running->call)
        luaL_error(lua, "nothing is asked yet: this is for the functions of a filter");
    else if (!running->call->dict)
        luaL_error(lua, "there is no gw.dict here");
    script_charge(lua, WORK);
    return running->call;
}

static struct span check_key(lua_State *lua)
{
    struct span key;
    key.at = luaL_checklstring(lua, 1, &key.len);
    luaL_argcheck(lua, key.len > 0 && key.len <= DICT_KEY_MAX, 1, "must be 1 to 256 bytes");
    return key;
}

/* 0: none is given. */
static uint64_t check_life_ms(lua_State *lua, int index)
{
    if (lua_isnoneornil(lua, index))
        return 0;
    lua_Number seconds = luaL_checknumber(lua, index);
    luaL_argcheck(lua, seconds >= 0.001 && seconds <= LIFE_MAX_S, index,
                  "must be from 0.001 s to 30 days");
    return (uint64_t)(seconds * MS);
}

static struct dict_value check_value(lua_State *lua, int index)
{
    struct dict_value value = {.kind = DICT_TEXT};
    switch (lua_type(lua, index)) {
    case LUA_TBOOLEAN:
        value.kind = DICT_BOOLEAN;
        value.boolean = lua_toboolean(lua, index);
        return value;
    case LUA_TNUMBER:
        value.kind = lua_isinteger(lua, index) ? DICT_INTEGER : DICT_NUMBER;
        value.integer = lua_tointeger(lua, index);
        value.number = lua_tonumber(lua, index);
        return value;
    case LUA_TSTRING:
        value.text.at = lua_tolstring(lua, index, &value.text.len);
        luaL_argcheck(lua, value.text.len <= DICT_TEXT_MAX, index, "longer than 8 KiB");
        script_charge(lua, value.text.len);
        return value;
    default:
        luaL_argerror(lua, index, "must be a text, a number or a boolean; gw.json.encode tables");
        return value;
    }
}

int script_dict_get(lua_State *lua)
{
    char room[DICT_TEXT_MAX];
    struct dict_value value;
    const struct script_call *call = call_of(lua);
    struct span key = check_key(lua);
    if (!shared_dict_get(call->dict, key, call->now_ms, room, &value)) {
        lua_pushnil(lua);
        return 1;
    }
    switch (value.kind) {
    case DICT_TEXT:
        script_charge(lua, value.text.len);
        lua_pushlstring(lua, value.text.at, value.text.len);
        break;
    case DICT_INTEGER:
        lua_pushinteger(lua, value.integer);
        break;
    case DICT_NUMBER:
        lua_pushnumber(lua, value.number);
        break;
    case DICT_BOOLEAN:
        lua_pushboolean(lua, value.boolean);
        break;
    }
    return 1;
}

int script_dict_set(lua_State *lua)
{
    const struct script_call *call = call_of(lua);
    struct span key = check_key(lua);
    luaL_checkany(lua, 2);
    uint64_t life_ms = check_life_ms(lua, 3);
    if (lua_isnil(lua, 2)) {
        shared_dict_delete(call->dict, key);
        return 0;
    }
    const struct dict_value value = check_value(lua, 2);
    shared_dict_set(call->dict, key, &value, life_ms, call->now_ms);
    return 0;
}

int script_dict_add(lua_State *lua)
{
    const struct script_call *call = call_of(lua);
    struct span key = check_key(lua);
    uint64_t life_ms = check_life_ms(lua, 3);
    const struct dict_value value = check_value(lua, 2);
    lua_pushboolean(lua, shared_dict_add(call->dict, key, &value, life_ms, call->now_ms));
    return 1;
}

int script_dict_incr(lua_State *lua)
{
    const struct script_call *call = call_of(lua);
    struct span key = check_key(lua);
    lua_Integer by = luaL_optinteger(lua, 2, 1);
    uint64_t life_ms = check_life_ms(lua, 3);
    int64_t sum;
    if (!shared_dict_count(call->dict, key, by, life_ms, call->now_ms, &sum))
        return luaL_error(lua, "what is there is no integer, or the sum would be none");
    lua_pushinteger(lua, sum);
    return 1;
}

int script_dict_delete(lua_State *lua)
{
    const struct script_call *call = call_of(lua);
    shared_dict_delete(call->dict, check_key(lua));
    return 0;
}
