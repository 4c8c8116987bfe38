/* short_lock.h - a mutex that is held for far less than a microsecond.
 *
 * Who finds it taken looks again for a moment before it sleeps in the kernel (glibc's adaptive mutex): the other
 * thread is nearly always through by then. A mutex like any other otherwise.
 */
#ifndef BASE_SHORT_LOCK_H
#define BASE_SHORT_LOCK_H

#include <pthread.h>

#include "base/base.h"

static inline void short_lock_init(pthread_mutex_t *lock)
{
    pthread_mutexattr_t kind;
    ASSERT(pthread_mutexattr_init(&kind) == 0);
    ASSERT(pthread_mutexattr_settype(&kind, PTHREAD_MUTEX_ADAPTIVE_NP) == 0);
    ASSERT(pthread_mutex_init(lock, &kind) == 0);
    ASSERT(pthread_mutexattr_destroy(&kind) == 0);
}

#endif
