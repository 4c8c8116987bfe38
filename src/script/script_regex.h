/* script_regex.h - gw.regex: regular expressions of PCRE2, for texts that Lua's patterns are refused on.
 *
 * Over bytes, with bounds of steps, depth and memory for each match. An expression is made once and kept; a
 * state has at most 64. One thread.
 */
#ifndef SCRIPT_SCRIPT_REGEX_H
#define SCRIPT_SCRIPT_REGEX_H

#include <lua.h>

#include "base/buffer.h"

/* Makes the type, once a state. */
void script_regex_open(lua_State *lua);

/* gw.regex(pattern [, "i"]). */
int script_regex_make(lua_State *lua);

struct script_regex;

/* The one at index, or an error. */
struct script_regex *script_regex_at(lua_State *lua, int index);

enum regex_end { REGEX_NONE, REGEX_FOUND, REGEX_TOO_MUCH };

/* Appends the text with every match replaced; nothing when there is none. */
enum regex_end script_regex_replace(struct script_regex *regex, struct span text,
                                    struct span replacement, struct buffer *out);

#endif
