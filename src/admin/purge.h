/* purge.h - what a body of POST /cache/purge asks to be made old. Pure.
 *
 *     {"tags": ["bot:b1"], "urls": ["/v1/admin/hub/integrations?limit=5"],
 *      "operations": ["listPublicIntegrations", "hub.get*"], "all": false, "hard": false}
 *
 * Tags are those of the catalogue with their values filled in. A URL is path and query as they go
 * upstream; of a whole URL only these count. Operations are named as in the scope of a key. Soft, as
 * it is unless "hard" says otherwise: what is purged is validated before it is given again, and
 * still helps while the upstream fails.
 */
#ifndef ADMIN_PURGE_H
#define ADMIN_PURGE_H

#include "base/arena.h"

struct purge {
    const uint16_t *slots; /* of cache/tags.h; the arena's */
    size_t slot_count;
    size_t tags, urls, operations; /* how many of each these are */
    bool is_all, is_hard;
};

/* Empty, or a sentence about what is wrong with the body and what to write, in the arena. body is at
 * most as long as a request's may be; the arena gets a few times that. */
struct span purge_read(struct span body, struct arena *arena, struct purge *purge);

#endif
