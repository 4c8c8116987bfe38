#include "gateway/operation_list.h"

#include "botpress/route_catalogue.h"

const struct scope_operation *operation_list(struct arena *arena)
{
    size_t count = operation_count();
    struct scope_operation *list = arena_alloc(arena, count * sizeof(list[0]));
    for (size_t i = 0; i < count; i++) {
        const struct operation *operation = operation_at(i);
        list[i] = (struct scope_operation){
            .name = operation->name,
            .service = service_name(operation->service),
            .mints = operation->flags & OP_MINTS,
            .reads = operation->flags & OP_READS,
        };
    }
    return list;
}
