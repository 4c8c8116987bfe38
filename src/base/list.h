/* list.h - intrusive doubly linked list, a ring with a head. No allocation. */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include "base/base.h"

/* A head, or a member's link. A member's next is NULL while it is in no list. */
struct list {
    struct list *next, *prev;
};

static inline void list_init(struct list *head)
{
    head->next = head->prev = head;
}

static inline bool list_is_empty(const struct list *head)
{
    return head->next == head;
}

static inline bool list_has(const struct list *link)
{
    return link->next != NULL;
}

static inline void list_insert_between(struct list *link, struct list *prev, struct list *next)
{
    ASSERT(!link->next);
    link->prev = prev;
    link->next = next;
    prev->next = next->prev = link;
}

static inline void list_push_front(struct list *head, struct list *link)
{
    list_insert_between(link, head, head->next);
}

static inline void list_push_back(struct list *head, struct list *link)
{
    list_insert_between(link, head->prev, head);
}

/* Does nothing when link is in no list. */
static inline void list_remove(struct list *link)
{
    if (!link->next)
        return;
    link->prev->next = link->next;
    link->next->prev = link->prev;
    link->next = link->prev = NULL;
}

/* The first member, removed, or NULL. */
static inline struct list *list_pop_front(struct list *head)
{
    if (list_is_empty(head))
        return NULL;
    struct list *link = head->next;
    list_remove(link);
    return link;
}

#endif
