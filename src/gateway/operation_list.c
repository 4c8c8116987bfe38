#include "gateway/operation_list.h"

static const struct scope_operation *make_list(struct arena *arena, bool guards_minting)
{
    size_t count = operation_count();
    struct scope_operation *list = arena_alloc(arena, count * sizeof(list[0]));
    for (size_t i = 0; i < count; i++) {
        const struct operation *operation = operation_at(i);
        list[i] = (struct scope_operation){
            .name = operation->name,
            .service = service_name(operation->service),
            .mints = guards_minting && operation->flags & OP_MINTS,
            .reads = operation->flags & OP_READS,
        };
    }
    return list;
}

const struct scope_operation *operation_list(struct arena *arena)
{
    return make_list(arena, true);
}

const struct scope_operation *operation_list_of_rules(struct arena *arena)
{
    return make_list(arena, false);
}

bool rule_has_operation(const struct scope *operations, const struct operation *operation)
{
    return operation ? scope_allows(operations, operation_index(operation))
                     : scope_allows_unknown(operations, true, true);
}
