/* config_check.h - rules between settings. Those of credentials, profiles and keys are in
 * config_identity.h. */
#ifndef CONFIG_CONFIG_CHECK_H
#define CONFIG_CONFIG_CHECK_H

#include "config/draft.h"

/* Adds what breaks a rule to errors. */
void config_check(const struct draft *draft, struct config_errors *errors);

#endif
