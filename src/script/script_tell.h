/* script_tell.h - gw.log and gw.metric: what a filter tells the operator. Both are bounded, and what is beyond
 * the bounds is left out, not an error: telling must not fail a request. One thread. */
#ifndef SCRIPT_SCRIPT_TELL_H
#define SCRIPT_SCRIPT_TELL_H

#include <lua.h>

#include "base/base.h"

enum { SCRIPT_LINES_A_CALL = 10, SCRIPT_LINES_A_SECOND = 100 };

/* Lines of the log, of all filters of a worker. */
struct script_pace {
    uint64_t since_ms; /* the second that lines is of */
    unsigned lines;
    uint64_t left_out; /* since a line was written */
};

int script_log(lua_State *lua);    /* (message [, level]) */
int script_metric(lua_State *lua); /* (name [, n]) */

#endif
