/* script_strings.h - the library `string`, with bounds: lengths, and the steps a pattern may take.
 *
 * Lua's patterns go back over their text for each repetition, len^(q+1) steps at worst; what could take
 * more than a million, or eight million by the pattern's bytes, which one step may have to look at (a long
 * set took 360 ms), is refused, and gw.regex named instead. Texts without a pattern are found in time
 * that their length bounds. Without pack, unpack and dump. One thread.
 */
#ifndef SCRIPT_SCRIPT_STRINGS_H
#define SCRIPT_SCRIPT_STRINGS_H

#include "base/base.h"
#include "script/script_sandbox.h"

/* Pushes it, frozen, and makes it what methods of strings are looked up in. */
void script_strings_open(lua_State *lua);

/* How many steps a match may take at worst; UINT64_MAX: more than can be told. */
uint64_t script_pattern_steps(struct span pattern, size_t len);

#endif
