/* filter_trial.h - `t` of a filter's test: loads a filter, and shows it requests and answers as the gateway
 * would. What it made of them comes back as tables.
 *
 *     local filter = t.load("read_only_key.lua", {but = {"findTableRows"}})
 *     local r = filter:request{method = "POST", path = "/v1/chat/users", key = "qa", json = {…}}
 *     t.equal(r.status, 403)
 *
 * The test's own state; one thread.
 */
#ifndef CLI_FILTER_TRIAL_H
#define CLI_FILTER_TRIAL_H

#include <lua.h>

#include "base/arena.h"
#include "botpress/route_catalogue.h"
#include "store/shared_dict.h"

struct trials {
    const struct route_catalogue *catalogue; /* borrowed */
    const char *folder;                      /* of the test: where t.load looks */
    struct shared_dict *dict;                /* owned by who runs the test: its gw.dict */
    struct arena arena;                      /* of what one test has read and asked */
};

/* Pushes t; trials outlive the state. */
void filter_trial_open(lua_State *lua, struct trials *trials);

#endif
