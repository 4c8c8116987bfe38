#include "script/script_budget.h"

#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
    HOOK_EVERY = 500,
    BLOCK_MAX = 2 * MIB,       /* of one string or array: what one instruction can touch */
    BIG_BLOCK = 4 * KIB,       /* from here on making it is work */
    CALL_WORK = 2 * KIB,       /* of calling a C function at all */
    LOOK_EVERY = 64 * KIB,     /* as much work is done between two looks at the clock */
    BYTES_AN_INSTRUCTION = 16, /* as they count in the budget of instructions */
};

static uint64_t thread_us(void)
{
    struct timespec now;
    ASSERT(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now) == 0);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000 + 1;
}

struct script_budget *script_budget_of(lua_State *lua)
{
    return *(struct script_budget **)lua_getextraspace(lua);
}

/* --- The hook --- */

static void on_count(lua_State *lua, lua_Debug *debug);

static void set_step(struct script_budget *budget, int step)
{
    budget->step = step;
    lua_sethook(budget->lua, on_count, LUA_MASKCOUNT, step);
}

const char *script_overrun_text(const struct script_budget *budget)
{
    switch (budget->overrun) {
    case OVERRUN_NONE:
        break;
    case OVERRUN_INSTRUCTIONS:
        return "the call took more instructions than it may";
    case OVERRUN_TIME:
        return "the call took more time than it may";
    case OVERRUN_MEMORY:
        return "the filters took more memory than they may";
    }
    return "";
}

static bool is_over(const struct script_budget *budget)
{
    return budget->used > budget->limits.memory_bytes;
}

static void look(lua_State *lua, struct script_budget *budget)
{
    budget->work = 0;
    if (budget->overrun == OVERRUN_NONE && is_over(budget)) {
        (void)lua_gc(lua, LUA_GCCOLLECT);
        if (is_over(budget))
            budget->overrun = OVERRUN_MEMORY;
    }
    if (budget->overrun == OVERRUN_NONE) {
        uint64_t now_us = thread_us();
        if (budget->began_us == 0)
            budget->began_us = now_us;
        if (budget->left < 0)
            budget->overrun = OVERRUN_INSTRUCTIONS;
        else if (now_us - budget->began_us > budget->limits.time_us)
            budget->overrun = OVERRUN_TIME;
    }
    if (budget->overrun == OVERRUN_NONE) {
        if (budget->step != HOOK_EVERY)
            set_step(budget, HOOK_EVERY);
        return;
    }
    if (budget->step != 1)
        set_step(budget, 1);
    luaL_where(lua, 0);
    if (lua_rawlen(lua, -1) == 0)
        luaL_where(lua, 1);
    lua_pushstring(lua, script_overrun_text(budget));
    lua_concat(lua, 2);
    (void)lua_error(lua);
}

bool script_budget_is_late(struct script_budget *budget)
{
    uint64_t now_us = thread_us();
    if (budget->began_us == 0)
        budget->began_us = now_us;
    return now_us - budget->began_us > budget->limits.time_us;
}

static void on_count(lua_State *lua, lua_Debug *debug)
{
    (void)debug;
    struct script_budget *budget = script_budget_of(lua);
    budget->left -= budget->step;
    look(lua, budget);
}

void script_charge(lua_State *lua, size_t bytes)
{
    struct script_budget *budget = script_budget_of(lua);
    budget->left -= (int64_t)(bytes / BYTES_AN_INSTRUCTION) + 1;
    budget->work = bytes > LOOK_EVERY ? LOOK_EVERY : budget->work + CALL_WORK + bytes;
    if (budget->left < 0 || budget->work >= LOOK_EVERY)
        look(lua, budget);
}

void script_look(lua_State *lua)
{
    look(lua, script_budget_of(lua));
}

/* --- Memory --- */

/* Inside an allocation nothing may be raised; the next instruction can. */
static void look_soon(struct script_budget *budget)
{
    if (budget->lua && budget->step != 1)
        set_step(budget, 1);
}

void script_budget_note_place(struct script_budget *budget)
{
    lua_Debug debug;
    budget->where[0] = '\0';
    for (int level = 0; lua_getstack(budget->lua, level, &debug); level++) {
        (void)lua_getinfo(budget->lua, "Sl", &debug);
        if (debug.currentline <= 0)
            continue;
        (void)snprintf(budget->where, SCRIPT_PLACE_SIZE, "%s:%d: ", debug.short_src,
                       debug.currentline);
        return;
    }
}

/* No handler of errors will be asked for the place. A new block, unlike one that grows, is none that Lua is
 * moving its stack to: nobody may look at the stack then. */
static void *refuse(struct script_budget *budget, bool is_new)
{
    if (is_new && budget->lua && budget->overrun == OVERRUN_NONE)
        script_budget_note_place(budget);
    budget->overrun = OVERRUN_MEMORY;
    look_soon(budget);
    return NULL;
}

/* What passes the bound is given still, and the next instruction collects what is garbage or ends the call,
 * where its place is known; up to one block more, as a C function may ask for many before that. */
static void *allocate(void *context, void *block, size_t old, size_t size)
{
    struct script_budget *budget = context;
    size_t was = block ? old : 0;
    if (size == 0) {
        budget->used -= was;
        free(block);
        return NULL;
    }
    size_t used = budget->used - was + size;
    if (size > was && (size > BLOCK_MAX || used > budget->limits.memory_bytes + BLOCK_MAX))
        return refuse(budget, was == 0);
    if (size > was && used > budget->limits.memory_bytes)
        look_soon(budget);
    if (size > BIG_BLOCK) {
        budget->left -= (int64_t)(size / BYTES_AN_INSTRUCTION);
        budget->work += size;
        if (budget->work >= LOOK_EVERY)
            look_soon(budget);
    }
    budget->used = used;
    return xrealloc(block, size);
}

lua_State *script_budget_open(struct script_budget *budget, const struct script_limits *limits)
{
    *budget = (struct script_budget){.limits = *limits, .step = HOOK_EVERY};
    lua_State *lua = lua_newstate(allocate, budget);
    if (!lua)
        return NULL;
    *(struct script_budget **)lua_getextraspace(lua) = budget;
    budget->lua = lua;
    script_budget_begin(budget);
    return lua;
}

void script_budget_begin(struct script_budget *budget)
{
    budget->left = (int64_t)budget->limits.instructions;
    budget->work = 0;
    budget->began_us = 0;
    budget->overrun = OVERRUN_NONE;
    budget->where[0] = '\0';
    set_step(budget, is_over(budget) ? 1 : HOOK_EVERY);
}
