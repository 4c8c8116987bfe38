/* Bodies of a purge: what is taken names something, and as much as it says; the rest is told why. */
#include "admin/purge.h"
#include "base/text.h"
#include "botpress/route_catalogue.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { BODY_MAX = 64 * KIB, ARENA_OF_A_REQUEST = 4 * MIB };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct purge purge;
    struct arena arena;
    if (size > BODY_MAX)
        return 0;
    arena_init(&arena, ARENA_OF_A_REQUEST);
    struct span fault = purge_read((struct span){(const char *)data, size}, &arena, &purge);
    if (fault.len == 0) {
        ASSERT(purge.is_all || purge.slot_count > 0);
        ASSERT(purge.slot_count == purge.tags + purge.urls + purge.operations);
        ASSERT(purge.operations <= operation_count());
    }
    arena_clear(&arena);
    return 0;
}
