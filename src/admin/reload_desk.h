/* reload_desk.h - POST /reload: loads the settings anew and answers how that went.
 *
 * The main thread does it. Requests wait here for a reload that began after they came; those whose client
 * leaves are forgotten. Lives on the loop of the admin listener.
 */
#ifndef ADMIN_RELOAD_DESK_H
#define ADMIN_RELOAD_DESK_H

#include "base/list.h"

enum { RELOAD_TEXT_SIZE = 8 * KIB };

/* How a reload went. */
struct reload_news {
    uint64_t wall_ms; /* 0: there was none */
    uint64_t covers;  /* those asked for up to this number */
    bool is_good;
    char text
        [RELOAD_TEXT_SIZE]; /* lines: what is wrong, or what to know all the same; may be empty */
};

struct reload_desk {
    /* Has it done; number: counted up by the desk. From the loop. */
    void (*ask)(void *owner, uint64_t number);
    void *owner;
    uint64_t asked;
    struct list waiting; /* calls */
    struct reload_news last;
};

struct admin_call;

void reload_desk_init(struct reload_desk *desk, void (*ask)(void *owner, uint64_t number),
                      void *owner);

/* A reload has ended: remembers it and answers who waited for it. */
void reload_desk_tell(struct reload_desk *desk, const struct reload_news *news);

void answer_reload(struct admin_call *call);

#endif
