/* script_api.h - `gw`: what a filter may ask of the gateway.
 *
 * One table for all filters of a state, and one of each filter's own above it, with its options. The
 * functions act on the call that runs; while a file is loaded there is none. One thread.
 */
#ifndef SCRIPT_SCRIPT_API_H
#define SCRIPT_SCRIPT_API_H

#include "script/script_handles.h"

/* Pushes the table of all; running outlives the state. */
void script_api_open(lua_State *lua, struct script_running *running);

/* Replaces it, on top, by that of one filter, with these options. */
void script_api_for(lua_State *lua, struct span options);

#endif
