/* script_dict.h - gw.dict: values that all workers share, for a while. Its functions find the call that runs
 * by their first upvalue, as those of script_api.c. One thread. */
#ifndef SCRIPT_SCRIPT_DICT_H
#define SCRIPT_SCRIPT_DICT_H

#include <lua.h>

int script_dict_get(lua_State *lua);    /* (key): nil for what there is not */
int script_dict_set(lua_State *lua);    /* (key, value [, seconds]); nil deletes */
int script_dict_add(lua_State *lua);    /* (key, value [, seconds]): whether it was not there */
int script_dict_incr(lua_State *lua);   /* (key [, by [, seconds]]): the sum */
int script_dict_delete(lua_State *lua); /* (key) */

#endif
