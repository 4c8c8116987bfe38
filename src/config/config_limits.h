/* config_limits.h - the limits of a draft: their rules, and the policies that the options get.
 */
#ifndef CONFIG_CONFIG_LIMITS_H
#define CONFIG_CONFIG_LIMITS_H

#include "config/draft.h"

/* Fills limit_rules of options, with memory from arena. What breaks a rule is
 * added to errors; the options are then not to be used. */
void config_limits_build(const struct draft *draft, struct snapshot_options *options,
                         struct arena *arena, struct config_errors *errors);

#endif
