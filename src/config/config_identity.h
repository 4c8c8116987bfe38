/* config_identity.h - credentials, profiles and keys of a draft: their rules, and the options made of
 * them.
 */
#ifndef CONFIG_CONFIG_IDENTITY_H
#define CONFIG_CONFIG_IDENTITY_H

#include "config/draft.h"

/* Fills credentials, profiles, keys and anonymous of options; all memory from arena. What breaks a
 * rule is added to errors; the options are then not to be used. */
void config_identity_build(struct draft *draft, struct snapshot_options *options,
                           struct arena *arena, struct config_errors *errors);

#endif
