/* mailbox.h - messages to a loop from other threads: the only way in.
 *
 * A letter is embedded in what it carries; the sender gives it away until deliver is called on the
 * receiving thread. Order of one sender is kept.
 */
#ifndef NET_MAILBOX_H
#define NET_MAILBOX_H

#include <uv.h>

#include "base/list.h"

struct letter {
    struct list link;
    void (*deliver)(struct letter *letter); /* on the receiving thread; may free the letter */
};

struct mailbox {
    uv_async_t wake;
    uv_mutex_t lock;
    struct list letters; /* guarded by lock */
};

/* Does not keep the loop alive. */
void mailbox_init(struct mailbox *mailbox, uv_loop_t *loop);

/* Any thread. */
void mailbox_post(struct mailbox *mailbox, struct letter *letter,
                  void (*deliver)(struct letter *letter));

/* Delivers what is there and closes the handle; no post may follow. */
void mailbox_close(struct mailbox *mailbox);

#endif
