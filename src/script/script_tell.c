#include "script/script_tell.h"

#include <lauxlib.h>

#include "base/log.h"
#include "base/text.h"
#include "script/script_budget.h"
#include "script/script_handles.h"

enum { MESSAGE_MAX = KIB, NAME_MAX_LEN = 64, SECOND_MS = 1000, MOST = 1000000000 };

static const char words[] =
    "bpgate.metric_words"; /* in the registry: places of the label's words, by name */

static const struct script_running *running_of(lua_State *lua)
{
    const struct script_running *running = lua_touserdata(lua, lua_upvalueindex(1));
    if (!running->call)
        luaL_error(lua, "nothing is asked yet: this is for the functions of a filter");
    return running;
}

/* --- gw.log --- */

static bool may_write(struct script_call *call, struct script_pace *pace)
{
    if (call->now_ms - pace->since_ms >= SECOND_MS) {
        pace->since_ms = call->now_ms;
        pace->lines = 0;
    }
    if (++call->log_lines <= SCRIPT_LINES_A_CALL && ++pace->lines <= SCRIPT_LINES_A_SECOND)
        return true;
    pace->left_out++;
    return false;
}

static void write_line(const struct script_running *running, enum log_level level,
                       struct span message)
{
    struct script_pace *pace = running->pace;
    const struct script_call *call = running->call;
    const struct log_field fields[] = {
        field_text("filter", running->name),
        field_text("message", message),
        field_text("request_id", call->hides_caller ? SPAN("") : call->request_id),
        field_number("left_out", (int64_t)pace->left_out),
    };
    log_event(level, "filter", fields, COUNT_OF(fields) - (pace->left_out == 0 ? 1 : 0));
    pace->left_out = 0;
}

int script_log(lua_State *lua)
{
    struct span message;
    enum log_level level;
    const struct script_running *running = running_of(lua);
    message.at = luaL_checklstring(lua, 1, &message.len);
    if (!log_level_parse(span_of(luaL_optstring(lua, 2, "info")), &level))
        return luaL_argerror(lua, 2, "must be debug, info, warn or error");
    if (message.len > MESSAGE_MAX)
        message.len = MESSAGE_MAX;
    script_charge(lua, message.len);
    if (running->call->notes)
        script_note(running->call, SCRIPT_NOTE_LOG, message, 1);
    else if (level >= log_get_level() && may_write(running->call, running->pace))
        write_line(running, level, message);
    return 0;
}

/* --- gw.metric --- */

static struct span check_name(lua_State *lua)
{
    struct span name;
    name.at = luaL_checklstring(lua, 1, &name.len);
    bool is_good = name.len > 0 && name.len <= NAME_MAX_LEN;
    for (size_t i = 0; i < name.len && is_good; i++) {
        char c = name.at[i], lower = ascii_lower(c);
        is_good = (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') ||
                  (c != '\0' && strchr("_.:-", c));
    }
    luaL_argcheck(lua, is_good, 1, "must be 1 to 64 letters, digits, _ . : or -");
    return name;
}

/* Registering takes a lock; what is known is looked up here. Names beyond the label's room are not kept. */
static unsigned word_of(lua_State *lua, const struct script_call *call, struct span name)
{
    if (!luaL_getsubtable(lua, LUA_REGISTRYINDEX, words))
        script_charge(lua, NAME_MAX_LEN);
    lua_pushvalue(lua, 1);
    if (lua_rawget(lua, -2) != LUA_TNIL)
        return (unsigned)lua_tointeger(lua, -1);
    script_charge(lua, KIB);
    unsigned word = metrics_word(call->metrics, LABEL_FILTER_EVENT, name);
    if (word != WORD_OTHER) {
        lua_pushvalue(lua, 1);
        lua_pushinteger(lua, word);
        lua_rawset(lua, -4);
    }
    return word;
}

int script_metric(lua_State *lua)
{
    const struct script_call *call = running_of(lua)->call;
    struct span name = check_name(lua);
    lua_Integer n = luaL_optinteger(lua, 2, 1);
    luaL_argcheck(lua, n >= 0 && n <= MOST, 2, "must be from 0 to 1000000000");
    script_charge(lua, 0);
    if (call->notes)
        script_note(call, SCRIPT_NOTE_METRIC, name, n);
    else if (call->metrics)
        metrics_add(call->cells, METRIC_FILTER_EVENTS, AT(word_of(lua, call, name)), (uint64_t)n);
    return 0;
}
