#include "script/script_strings.h"

#include <lauxlib.h>
#include <lualib.h>
#include <string.h>

#include "script/script_budget.h"

enum {
    REP_MAX = MIB,
    STEPS_MAX = 1000000,
    WORK_MAX = 8000000, /* steps by the pattern's bytes, all of which one step may look at */
    PATTERN_MAX = 256,
    WORK_A_BYTE = 32, /* as it is charged */
    MATCH_WORK = 64,
};

/* --- Patterns --- */

/* Behind the set that begins at text[at], where everything means itself; as Lua reads it. */
static size_t behind_set(struct span pattern, size_t at)
{
    at++;
    if (at < pattern.len && pattern.at[at] == '^')
        at++;
    do { /* what stands first is never the end */
        at += at < pattern.len && pattern.at[at] == '%' ? 2 : 1;
    } while (at < pattern.len && pattern.at[at] != ']');
    return at + 1;
}

/* What is repeated, or found again: items that a match may try in many ways. */
static unsigned repetitions(struct span pattern)
{
    enum { BALANCE_LEN = 4 /* %bxy */ };
    unsigned count = 0;
    for (size_t i = 0; i < pattern.len;) {
        char c = pattern.at[i], next = '\0';
        if (i + 1 < pattern.len)
            next = pattern.at[i + 1];
        if (c == '[') {
            i = behind_set(pattern, i);
        } else if (c == '%') {
            count += next == 'b' || (next >= '0' && next <= '9');
            i += next == 'b' ? BALANCE_LEN : 2;
        } else {
            count += c == '*' || c == '+' || c == '-' || c == '?';
            i++;
        }
    }
    return count;
}

uint64_t script_pattern_steps(struct span pattern, size_t len)
{
    bool is_anchored = pattern.len > 0 && pattern.at[0] == '^';
    unsigned exponent = repetitions(pattern) + (is_anchored ? 0 : 1);
    uint64_t base = len < 2 ? 2 : len, steps = base;
    for (unsigned i = 1; i < exponent; i++) {
        if (steps > UINT64_MAX / base)
            return UINT64_MAX;
        steps *= base;
    }
    return steps;
}

/* Of the pattern function whose subject and pattern are the first arguments. */
static void check_pattern(lua_State *lua)
{
    struct span text, pattern;
    text.at = luaL_checklstring(lua, 1, &text.len);
    pattern.at = luaL_checklstring(lua, 2, &pattern.len);
    uint64_t steps = script_pattern_steps(pattern, text.len);
    if (pattern.len > PATTERN_MAX || steps > STEPS_MAX || steps * pattern.len > WORK_MAX)
        luaL_error(lua,
                   "this pattern could take too long on a text of %I bytes; use gw.regex, or cut "
                   "the text",
                   (lua_Integer)text.len);
    script_charge(lua, (size_t)steps * pattern.len / WORK_A_BYTE + text.len);
}

static int call_original(lua_State *lua)
{
    return lua_tocfunction(lua, lua_upvalueindex(1))(lua);
}

static int with_pattern(lua_State *lua)
{
    check_pattern(lua);
    return call_original(lua);
}

/* What gmatch hands out; upvalue: the library's function. One call may do as much work as all of them should,
 * or next to none: the clock tells. */
static int next_match(lua_State *lua)
{
    script_charge(lua, MATCH_WORK);
    script_look(lua);
    lua_settop(lua, 0);
    lua_pushvalue(lua, lua_upvalueindex(1));
    lua_call(lua, 0, LUA_MULTRET);
    return lua_gettop(lua);
}

static int each_match(lua_State *lua)
{
    check_pattern(lua);
    (void)call_original(lua);
    lua_pushcclosure(lua, next_match, 1);
    return 1;
}

/* --- find --- */

static bool has_specials(struct span pattern)
{
    for (size_t i = 0; i < pattern.len; i++) {
        if (pattern.at[i] != '\0' && strchr("^$*+?.([%-", pattern.at[i]))
            return true;
    }
    return false;
}

/* Where a search begins: as string.find counts, from 1 or from the end. */
static size_t start_of(lua_Integer init, size_t len)
{
    if (init > 0)
        return (size_t)init - 1;
    if (init == 0 || init < -(lua_Integer)len)
        return 0;
    return (size_t)((lua_Integer)len + init);
}

static int find_plain(lua_State *lua, struct span text, struct span wanted)
{
    size_t start = start_of(luaL_optinteger(lua, 3, 1), text.len);
    const char *found =
        start <= text.len ? memmem(text.at + start, text.len - start, wanted.at, wanted.len) : NULL;
    script_charge(lua, text.len + wanted.len);
    if (!found) {
        lua_pushnil(lua);
        return 1;
    }
    lua_pushinteger(lua, found - text.at + 1);
    lua_pushinteger(lua, found - text.at + (lua_Integer)wanted.len);
    return 2;
}

static int find(lua_State *lua)
{
    struct span text, pattern;
    text.at = luaL_checklstring(lua, 1, &text.len);
    pattern.at = luaL_checklstring(lua, 2, &pattern.len);
    if (lua_toboolean(lua, 4) || !has_specials(pattern))
        return find_plain(lua, text, pattern);
    return with_pattern(lua);
}

/* --- rep --- */

static int rep(lua_State *lua)
{
    size_t len, separator;
    (void)luaL_checklstring(lua, 1, &len);
    (void)luaL_optlstring(lua, 3, "", &separator);
    lua_Integer count = luaL_checkinteger(lua, 2);
    size_t one = len + separator;
    if (count > 0 && (uint64_t)count > REP_MAX / (one > 0 ? one : 1))
        return luaL_error(lua, "string.rep would make more than 1 MiB");
    script_charge(lua, count > 0 ? one * (size_t)count : 0);
    return call_original(lua);
}

/* --- The library --- */

static const struct {
    const char *name;
    lua_CFunction bounded; /* NULL: it is enough to be charged */
} functions[] = {
    {"byte", NULL},          {"char", NULL}, {"find", find},         {"format", NULL},
    {"gmatch", each_match},  {"len", NULL},  {"gsub", with_pattern}, {"lower", NULL},
    {"match", with_pattern}, {"rep", rep},   {"reverse", NULL},      {"sub", NULL},
    {"upper", NULL},
};

void script_strings_open(lua_State *lua)
{
    lua_newtable(lua);
    luaL_requiref(lua, LUA_STRLIBNAME, luaopen_string, 0);
    for (size_t i = 0; i < COUNT_OF(functions); i++) {
        lua_getfield(lua, -1, functions[i].name);
        if (functions[i].bounded)
            lua_pushcclosure(lua, functions[i].bounded, 1);
        else
            script_sandbox_guard(lua);
        lua_setfield(lua, -3, functions[i].name);
    }
    lua_pop(lua, 1);
    /* luaopen_string has given strings a metatable of its own: the unbounded functions go from it. */
    lua_pushliteral(lua, "");
    (void)lua_getmetatable(lua, -1);
    lua_pushvalue(lua, -3);
    lua_setfield(lua, -2, "__index");
    lua_pushboolean(lua, false);
    lua_setfield(lua, -2, "__metatable");
    lua_pop(lua, 2);
    script_sandbox_freeze(lua, "string");
}
