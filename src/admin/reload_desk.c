#include "admin/reload_desk.h"

#include "admin/admin_call.h"
#include "base/json_writer.h"
#include "base/text.h"

enum { ANSWER_SIZE = 4 * RELOAD_TEXT_SIZE };
enum { GOOD = 200, REFUSED = 422 };

static struct admin_call *call_of(struct list *link)
{
    return container_of(link, struct admin_call, waiting);
}

void reload_desk_init(struct reload_desk *desk, void (*ask)(void *owner, uint64_t number),
                      void *owner)
{
    *desk = (struct reload_desk){.ask = ask, .owner = owner};
    list_init(&desk->waiting);
}

static void answer(struct admin_call *call, const struct reload_news *news)
{
    struct json_writer json;
    struct span rest = span_of(news->text);
    json_init(&json, arena_alloc(call->arena, ANSWER_SIZE), ANSWER_SIZE);
    json_object(&json);
    json_bool(&json, SPAN("reloaded"), news->is_good);
    json_array_in(&json, news->is_good ? SPAN("notes") : SPAN("problems"));
    while (rest.len > 0)
        json_element(&json, span_cut(&rest, '\n'));
    json_close(&json);
    json_close(&json);
    admin_answer(call, news->is_good ? GOOD : REFUSED, json_finish(&json));
}

void reload_desk_tell(struct reload_desk *desk, const struct reload_news *news)
{
    desk->last = *news;
    for (struct list *link = desk->waiting.next, *next; link != &desk->waiting; link = next) {
        struct admin_call *call = call_of(link);
        next = link->next;
        if (call->reload_number > news->covers)
            continue;
        list_remove(link);
        answer(call, news);
    }
}

/* Its client has left. */
static void forget(void *operation)
{
    struct admin_call *call = operation;
    list_remove(&call->waiting);
}

void answer_reload(struct admin_call *call)
{
    struct reload_desk *desk = &call->services->reloads;
    call->reload_number = ++desk->asked;
    list_push_back(&desk->waiting, &call->waiting);
    admin_wait(call, call, forget);
    desk->ask(desk->owner, call->reload_number);
}
