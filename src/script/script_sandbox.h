/* script_sandbox.h - the libraries that a script has: what cannot reach outside, each function bounded.
 *
 * Of the standard ones: most of base, math, string, table and utf8. Not coroutine, debug, io, os and
 * package, nothing that loads code, collects garbage or handles errors in Lua (an xpcall handler runs
 * where no bound is heeded). Nothing can be written to but what a script has made itself. One thread.
 */
#ifndef SCRIPT_SCRIPT_SANDBOX_H
#define SCRIPT_SCRIPT_SANDBOX_H

#include <lua.h>

/* Pushes the table of globals, to be read through script_sandbox_environment alone. */
void script_sandbox_open(lua_State *lua);

/* Replaces the table on top by one that reads from it, in which nothing can be written. what: its name
 * in the error, which must live as long as the state. */
void script_sandbox_freeze(lua_State *lua, const char *what);

/* Replaces the C function on top by one that is charged for each call and for its string arguments. */
void script_sandbox_guard(lua_State *lua);

#endif
