/* script_json.h - JSON text as Lua values, and back.
 *
 * Objects and arrays are tables; an array has a metatable that says so, because an empty one could not be
 * told from an object otherwise. null is script_json_null, since nil would drop the member. One thread.
 */
#ifndef SCRIPT_SCRIPT_JSON_H
#define SCRIPT_SCRIPT_JSON_H

#include <lua.h>

#include "base/buffer.h"

/* Pushes the value; raises an error when it is no JSON. */
void script_json_push(lua_State *lua, struct span text);

/* Appends the value at index; raises an error for what JSON cannot say, or what does not fit. A table with
 * the keys 1 to n, or marked as an array, is one; every other is an object. */
void script_json_write(lua_State *lua, int index, struct buffer *out);

/* Pushes what stands for null. */
void script_json_null(lua_State *lua);

/* Marks the table on top as an array. */
void script_json_mark_array(lua_State *lua);

#endif
