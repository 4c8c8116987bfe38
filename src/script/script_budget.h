/* script_budget.h - what one call of a script may use of memory, instructions and time.
 *
 * Everything that runs in a state is charged: memory by the allocator, instructions by a hook, and what
 * the hook does not see, long work inside one C function, by script_charge and by the allocator, which
 * let the clock be looked at soon. Once a bound is passed every further instruction raises the error
 * again, so that no pcall outlives it. Time is the thread's own: a machine that is busy elsewhere lets
 * no call fail.
 *
 * Embedded in what owns the state; found again from any lua_State of it. One thread.
 */
#ifndef SCRIPT_SCRIPT_BUDGET_H
#define SCRIPT_SCRIPT_BUDGET_H

#include <lua.h>

#include "base/base.h"

struct script_limits {
    size_t memory_bytes;            /* of a state; inside one C function, 2 MiB more */
    uint64_t instructions, time_us; /* of a call */
};

enum script_overrun { OVERRUN_NONE, OVERRUN_INSTRUCTIONS, OVERRUN_TIME, OVERRUN_MEMORY };

enum { SCRIPT_PLACE_SIZE = 96 };

struct script_budget {
    struct script_limits limits;
    lua_State *lua;    /* borrowed; NULL while it is made */
    size_t used;       /* bytes of the state */
    int64_t left;      /* instructions of this call */
    int step;          /* after how many of them the hook comes */
    size_t work;       /* done in C since the clock was looked at */
    uint64_t began_us; /* of the thread's time, as it was first looked at; 0: not yet */
    enum script_overrun overrun;
    unsigned regexes;              /* of the state, which are not in its memory */
    char where[SCRIPT_PLACE_SIZE]; /* "file:line: " of the last error; empty: not known */
};

/* A state that is charged to the budget, without any library. NULL: there is no memory for it. */
lua_State *script_budget_open(struct script_budget *budget, const struct script_limits *limits);

/* A call begins: all of its bounds are there again. */
void script_budget_begin(struct script_budget *budget);

/* Work of a C function on so many bytes; raises the error when it was too much. */
void script_charge(lua_State *lua, size_t bytes);

/* Looks at the clock at once; raises the error when a bound is passed. */
void script_look(lua_State *lua);

/* Whether it is out of time, for work in C that can end early; the error is the caller's to raise. */
bool script_budget_is_late(struct script_budget *budget);

/* "ran out of time …" for an overrun; the error of a call that passed its bounds says so. */
const char *script_overrun_text(const struct script_budget *budget);

/* Notes where in a script the state is at this moment; allocates nothing. */
void script_budget_note_place(struct script_budget *budget);

/* Of the state that lua belongs to. */
struct script_budget *script_budget_of(lua_State *lua);

#endif
