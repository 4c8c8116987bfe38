/* config_filters.h - filters: whom they are for, and their scripts, which are read and compiled once to see
 * that they can be. */
#ifndef CONFIG_CONFIG_FILTERS_H
#define CONFIG_CONFIG_FILTERS_H

#include "config/draft.h"

/* Fills options->filter_rules but for the scripts. */
void config_filters_build(const struct draft *draft, struct snapshot_options *options,
                          struct arena *arena, struct config_errors *errors);

/* Reads the files into the arena, and compiles them. */
void config_filters_load(const struct draft *draft, struct snapshot_options *options,
                         struct arena *arena, struct config_errors *errors);

#endif
