#include "net/mailbox.h"

static void deliver_all(struct mailbox *mailbox)
{
    struct list letters, *link;
    list_init(&letters);
    uv_mutex_lock(&mailbox->lock);
    while ((link = list_pop_front(&mailbox->letters)) != NULL)
        list_push_back(&letters, link);
    uv_mutex_unlock(&mailbox->lock);
    while ((link = list_pop_front(&letters)) != NULL) {
        struct letter *letter = container_of(link, struct letter, link);
        letter->deliver(letter);
    }
}

static void on_wake(uv_async_t *wake)
{
    deliver_all(wake->data);
}

void mailbox_init(struct mailbox *mailbox, uv_loop_t *loop)
{
    list_init(&mailbox->letters);
    ASSERT(uv_mutex_init(&mailbox->lock) == 0);
    ASSERT(uv_async_init(loop, &mailbox->wake, on_wake) == 0);
    mailbox->wake.data = mailbox;
    uv_unref((uv_handle_t *)&mailbox->wake);
}

void mailbox_post(struct mailbox *mailbox, struct letter *letter,
                  void (*deliver)(struct letter *letter))
{
    letter->link = (struct list){0};
    letter->deliver = deliver;
    uv_mutex_lock(&mailbox->lock);
    list_push_back(&mailbox->letters, &letter->link);
    uv_mutex_unlock(&mailbox->lock);
    ASSERT(uv_async_send(&mailbox->wake) == 0);
}

void mailbox_close(struct mailbox *mailbox)
{
    deliver_all(mailbox);
    uv_close((uv_handle_t *)&mailbox->wake, NULL);
    uv_mutex_destroy(&mailbox->lock);
}
