/* config_cache.h - the cache of a draft and the Redis behind it: their rules, and the rule of each
 * operation that the options get.
 */
#ifndef CONFIG_CONFIG_CACHE_H
#define CONFIG_CONFIG_CACHE_H

#include "config/draft.h"

/* Fills cache_rules of options, with memory from arena. What breaks a rule is added to errors; the
 * options are then not to be used. */
void config_cache_build(const struct draft *draft, struct snapshot_options *options,
                        struct arena *arena, struct config_errors *errors);

#endif
