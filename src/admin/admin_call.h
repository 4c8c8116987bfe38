/* admin_call.h - one request to the admin listener, and what its routes answer with.
 *
 * Lives in the arena of its request. A route answers once, at once or after admin_wait; nothing may be
 * touched after that.
 */
#ifndef ADMIN_ADMIN_CALL_H
#define ADMIN_ADMIN_CALL_H

#include "admin/admin.h"
#include "base/buffer.h"
#include "botpress/problem.h"

struct admin_route;

struct admin_call {
    struct admin_services *services;  /* borrowed */
    struct client_connection *client; /* borrowed until it has answered */
    struct arena *arena;              /* borrowed, likewise */
    const struct request *request;    /* borrowed; NULL when its head was refused */
    const struct admin_route *route;  /* NULL when it was refused */
    struct buffer body;               /* whole when the route is asked */
    void *operation;                  /* borrowed, set while it waits */
    void (*call_off)(void *operation);
    struct list waiting;    /* in the reload desk's list */
    uint64_t reload_number; /* what it waits for there */
};

/* A row of the table in admin.c. */
struct admin_route {
    enum method method;
    struct span path;
    bool is_open; /* for everybody: no token is asked for */
    void (*answer)(struct admin_call *call);
    struct span about; /* what it tells, or what it takes */
};

/* The answer comes later, from the loop; if the client leaves before, call_off is called. */
void admin_wait(struct admin_call *call, void *operation, void (*call_off)(void *operation));

/* The answer: JSON, or a problem in the shape that the gateway gives its callers. */
void admin_answer(struct admin_call *call, unsigned status, struct span json);
void admin_answer_as(struct admin_call *call, struct span type, struct span body); /* 200 */

/* A file of the dashboard: it may load nothing but from here, and run nothing that is written into the
 * page (Content Security Policy, level 3). */
void admin_answer_page(struct admin_call *call, struct span type, struct span body);
void admin_refuse(struct admin_call *call, const struct problem *problem);

/* The problem's row with this message. */
void admin_say(struct admin_call *call, enum problem_id id, struct span message);

#endif
