#include "metrics/refusals.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct refusals {
    pthread_mutex_t lock; /* held for the copy of one, or of all when somebody reads */
    uint64_t count;       /* ever */
    struct refusal kept[REFUSALS_KEPT];
};

struct refusals *refusals_create(void)
{
    struct refusals *refusals = xcalloc(1, sizeof(*refusals));
    ASSERT(pthread_mutex_init(&refusals->lock, NULL) == 0);
    return refusals;
}

void refusals_destroy(struct refusals *refusals)
{
    if (!refusals)
        return;
    pthread_mutex_destroy(&refusals->lock);
    free(refusals);
}

void refusal_text(char to[REFUSAL_TEXT], struct span text)
{
    size_t len = text.len < REFUSAL_TEXT ? text.len : REFUSAL_TEXT - 1;
    if (len > 0)
        memcpy(to, text.at, len);
    to[len] = '\0';
}

void refusals_note(struct refusals *refusals, const struct refusal *refusal)
{
    if (pthread_mutex_trylock(&refusals->lock) != 0)
        return;
    refusals->kept[refusals->count++ % REFUSALS_KEPT] = *refusal;
    pthread_mutex_unlock(&refusals->lock);
}

size_t refusals_read(struct refusals *refusals, struct refusal to[REFUSALS_KEPT])
{
    pthread_mutex_lock(&refusals->lock);
    size_t count = refusals->count < REFUSALS_KEPT ? (size_t)refusals->count : REFUSALS_KEPT;
    for (size_t i = 0; i < count; i++)
        to[i] = refusals->kept[(refusals->count - 1 - i) % REFUSALS_KEPT];
    pthread_mutex_unlock(&refusals->lock);
    return count;
}
