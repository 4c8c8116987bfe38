#include "script/script_body.h"

#include "base/text.h"
#include "script/json_edit.h"
#include "script/script_budget.h"
#include "script/script_handles.h"
#include "script/script_json.h"
#include "script/script_regex.h"

static struct script_call *call_with_body(lua_State *lua)
{
    struct script_call *call = script_handle_call(lua);
    if (!call->has_body)
        luaL_error(lua, "there is no body here: a filter gets one that says needs = {\"body\"}, "
                        "where there is one");
    return call;
}

static int json(lua_State *lua)
{
    struct script_call *call = call_with_body(lua);
    call->is_no_json = true;
    script_json_push(lua, call->body);
    call->is_no_json = false;
    return 1;
}

static int set_json(lua_State *lua)
{
    struct script_call *call = call_with_body(lua);
    struct buffer *made = script_call_room(call);
    luaL_checkany(lua, 2);
    script_json_write(lua, 2, made);
    script_call_take(call, made);
    return 0;
}

static int text(lua_State *lua)
{
    struct span body = call_with_body(lua)->body;
    script_charge(lua, body.len);
    lua_pushlstring(lua, body.len ? body.at : "", body.len);
    return 1;
}

static int set_text(lua_State *lua)
{
    struct script_call *call = call_with_body(lua);
    struct buffer *made = script_call_room(call);
    struct span body;
    body.at = luaL_checklstring(lua, 2, &body.len);
    script_charge(lua, body.len);
    if (buffer_append(made, body) != OK)
        return luaL_argerror(lua, 2, "larger than a body may be");
    script_call_take(call, made);
    return 0;
}

/* --- edit --- */

static size_t read_paths(lua_State *lua, struct json_path paths[JSON_PATHS_MAX])
{
    size_t count = 0;
    if (lua_getfield(lua, 2, "paths") == LUA_TNIL) {
        lua_pop(lua, 1);
        return 0;
    }
    luaL_checktype(lua, -1, LUA_TTABLE);
    int list = lua_gettop(lua);
    for (lua_Integer i = 1; lua_rawgeti(lua, list, i) != LUA_TNIL; i++) {
        struct span path = {.at = ""};
        if (lua_type(lua, -1) == LUA_TSTRING)
            path.at = lua_tolstring(lua, -1, &path.len);
        if (count == JSON_PATHS_MAX || !json_path_parse(path, &paths[count]))
            luaL_error(lua, "edit takes at most 32 paths such as \"name\", \".name\" or \"a.*.b\"");
        count++;
        lua_pop(lua, 1); /* the list keeps the text */
    }
    lua_pop(lua, 1);
    return count;
}

/* --- edit: strings that match --- */

struct rewriting {
    lua_State *lua;
    struct script_regex *regex;
    struct span replacement;
    unsigned count; /* of strings so far */
    bool has_failed;
};

/* It does not stop the walk, which is short without it. */
static bool rewrite(void *owner, struct span meaning, struct buffer *out)
{
    enum { LOOK_EVERY = 64 };
    struct rewriting *rewriting = owner;
    if (rewriting->has_failed)
        return false;
    if (++rewriting->count % LOOK_EVERY == 0 &&
        script_budget_is_late(script_budget_of(rewriting->lua))) {
        rewriting->has_failed = true;
        return false;
    }
    enum regex_end end =
        script_regex_replace(rewriting->regex, meaning, rewriting->replacement, out);
    rewriting->has_failed = end == REGEX_TOO_MUCH;
    return end == REGEX_FOUND;
}

static void read_strings(lua_State *lua, struct rewriting *rewriting, struct json_edit *edit)
{
    if (lua_getfield(lua, 2, "strings") == LUA_TNIL)
        return;
    *rewriting = (struct rewriting){
        .lua = lua, .regex = script_regex_at(lua, -1), .replacement = edit->replacement};
    edit->rewrite = rewrite;
    edit->owner = rewriting;
}

static int edit(lua_State *lua)
{
    struct script_call *call = call_with_body(lua);
    struct json_path paths[JSON_PATHS_MAX];
    struct buffer *made = script_call_room(call);
    struct rewriting rewriting = {.count = 0};
    size_t count = 0;
    luaL_checktype(lua, 2, LUA_TTABLE);
    struct json_edit edit = {.paths = paths, .path_count = read_paths(lua, paths)};
    if (lua_getfield(lua, 2, "with") != LUA_TSTRING)
        return luaL_error(lua, "edit needs `with`: the text that stands for what was there");
    edit.replacement.at = lua_tolstring(lua, -1, &edit.replacement.len);
    read_strings(lua, &rewriting, &edit);
    script_charge(lua, call->body.len);
    switch (json_edit(call->body, &edit, made, &count)) {
    case OK:
        break;
    case ERR_LIMIT:
        return luaL_error(lua, "the body would be larger than it may be");
    default:
        call->is_no_json = true;
        return luaL_error(lua, "this body is not JSON");
    }
    script_charge(lua, call->body.len);
    if (rewriting.has_failed)
        return luaL_error(lua, "the strings of this body take too long, or are too many");
    if (count > 0)
        script_call_take(call, made);
    lua_pushinteger(lua, (lua_Integer)count);
    return 1;
}

const struct luaL_Reg script_body_methods[] = {
    {"json", json}, {"set_json", set_json}, {"text", text}, {"set_text", set_text}, {"edit", edit},
};
const size_t script_body_method_count = COUNT_OF(script_body_methods);
