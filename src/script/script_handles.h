/* script_handles.h - `req` and `res`: what a filter sees of a request and of its response.
 *
 * A handle is good for the call that it was made for, and dead once that has ended. Credentials
 * cannot be read through it; framing, credentials and what the gateway itself writes cannot be written.
 * One thread.
 */
#ifndef SCRIPT_SCRIPT_HANDLES_H
#define SCRIPT_SCRIPT_HANDLES_H

#include <lua.h>

#include "script/script_call.h"
#include "script/script_tell.h"

/* What runs at the moment; outlives the state, is found by its functions. */
struct script_running {
    struct script_call *call; /* NULL while a file is loaded, and between calls */
    uint64_t generation;      /* of the call: a handle of another is dead */
    enum script_phase phase;
    const struct script_source *source; /* of the filter */
    struct span name;
    bool (*is_error_type)(struct span name);
    struct script_pace *pace; /* borrowed */
};

/* Makes their metatables, once a state. */
void script_handles_open(lua_State *lua);

/* Pushes one for the call that runs. */
void script_handles_push(lua_State *lua, struct script_running *running, enum script_phase phase);

/* The call of the handle that is the first argument; raises an error when it has ended. */
struct script_call *script_handle_call(lua_State *lua);

#endif
