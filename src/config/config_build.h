/* config_build.h - a draft that keeps the rules into the options of a snapshot. */
#ifndef CONFIG_CONFIG_BUILD_H
#define CONFIG_CONFIG_BUILD_H

#include "config/draft.h"

/* All but credentials, profiles and keys (config_identity.h) and the rules of the cache
 * (config_cache.h). Memory comes from arena. */
void config_build(const struct draft *draft, struct snapshot_options *options, struct arena *arena);

#endif
