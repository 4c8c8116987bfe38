/* script_tables.h - the library `table`, on plain tables of bounded length alone.
 *
 * A metatable could say that a table is as long as it likes, or do anything at each step of a loop in C,
 * where no bound is heeded. One thread.
 */
#ifndef SCRIPT_SCRIPT_TABLES_H
#define SCRIPT_SCRIPT_TABLES_H

#include "script/script_sandbox.h"

/* Pushes it, frozen. */
void script_tables_open(lua_State *lua);

#endif
