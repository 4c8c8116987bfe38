/* log_fold.h - one line for many equal events: strangers decide how often they happen.
 *
 * The first is told at once; what follows within ten seconds is counted and told with the next one
 * after that. One for each kind of event; not thread-safe. Time is an argument.
 */
#ifndef BASE_LOG_FOLD_H
#define BASE_LOG_FOLD_H

#include "base/base.h"

enum { LOG_FOLD_MS = 10000 };

struct log_fold {
    uint64_t next_ms; /* nothing is told before */
    uint64_t untold;
};

/* It has happened again. How many a line is to tell now, this one included; 0: no line. */
uint64_t log_fold_count(struct log_fold *fold, uint64_t now_ms);

#endif
