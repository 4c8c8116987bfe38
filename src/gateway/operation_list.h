/* operation_list.h - the catalogue's operations as a scope wants to know them. */
#ifndef GATEWAY_OPERATION_LIST_H
#define GATEWAY_OPERATION_LIST_H

#include "auth/scope.h"
#include "base/arena.h"
#include "botpress/route_catalogue.h"

/* operation_count() of them, in the catalogue's order. */
const struct scope_operation *operation_list(struct arena *arena);

/* For lists that say what a rule is about and grant nothing: their `all` and `*` mean the operations that
 * mint credentials too, which a rule that guards something must not miss. */
const struct scope_operation *operation_list_of_rules(struct arena *arena);

/* Whether such a rule is about the operation; NULL: one that the catalogue does not know. */
bool rule_has_operation(const struct scope *operations, const struct operation *operation);

#endif
