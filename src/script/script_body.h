/* script_body.h - the methods of handles that read and change a body: json, set_json, text, set_text, edit.
 *
 * Only where the filter has declared that it needs the body; the bound is the call's. One thread.
 */
#ifndef SCRIPT_SCRIPT_BODY_H
#define SCRIPT_SCRIPT_BODY_H

#include <lauxlib.h>

#include "base/base.h"

extern const struct luaL_Reg script_body_methods[];
extern const size_t script_body_method_count;

#endif
