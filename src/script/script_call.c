#include "script/script_call.h"

void script_note(const struct script_call *call, enum script_note_kind kind, struct span text,
                 int64_t n)
{
    struct script_notes *notes = call->notes;
    if (notes->count < SCRIPT_NOTES_MAX)
        notes->at[notes->count++] = (struct script_note){kind, arena_copy(call->arena, text), n};
}

struct buffer *script_call_room(struct script_call *call)
{
    size_t at = 0;
    while ((call->changed_body && at == call->made_at) || at == call->kept_at)
        at++;
    ASSERT(at < COUNT_OF(call->made));
    call->made[at].len = 0;
    return &call->made[at];
}

void script_call_take(struct script_call *call, const struct buffer *made)
{
    call->made_at = (size_t)(made - call->made);
    call->body = buffer_bytes(made);
    call->changed_body = true;
}

void script_call_clear(struct script_call *call)
{
    for (size_t i = 0; i < COUNT_OF(call->made); i++)
        buffer_clear(&call->made[i]);
}
