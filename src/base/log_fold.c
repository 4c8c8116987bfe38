#include "base/log_fold.h"

uint64_t log_fold_count(struct log_fold *fold, uint64_t now_ms)
{
    fold->untold++;
    if (now_ms < fold->next_ms)
        return 0;
    uint64_t count = fold->untold;
    fold->untold = 0;
    fold->next_ms = now_ms + LOG_FOLD_MS;
    return count;
}
