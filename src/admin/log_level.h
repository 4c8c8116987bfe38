/* log_level.h - what a body of POST /log-level asks for: {"level": "debug"}. Pure. */
#ifndef ADMIN_LOG_LEVEL_H
#define ADMIN_LOG_LEVEL_H

#include "base/log.h"

/* False when it is no such body. */
bool log_level_read(struct span body, enum log_level *level);

#endif
