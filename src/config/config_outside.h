/* config_outside.h - what a configuration names outside of its file: tokens and certificates. */
#ifndef CONFIG_CONFIG_OUTSIDE_H
#define CONFIG_CONFIG_OUTSIDE_H

#include "config/draft.h"

/* Tries to read all of it, as the workers will; what fails is added to errors. The draft has passed
 * its checks. */
void config_outside_check(const struct draft *draft, struct config_errors *errors);

#endif
