/* record_names.h - the names by which the records of a draft call each other. */
#ifndef CONFIG_RECORD_NAMES_H
#define CONFIG_RECORD_NAMES_H

#include "config/draft.h"

/* The names of one kind of record: a struct located at the same offset of each. */
struct record_names {
    const struct record_list *list; /* borrowed */
    size_t record_size;
    size_t offset;
    const char *what; /* "profile" */
};

/* A name that two records have is a problem. */
void record_names_require_different(const struct record_names *names, struct config_errors *errors);

/* The index of the record that is named, or -1: then nothing was named, or a problem is added. who:
 * the setting that names it. */
int record_names_resolve(const struct record_names *names, const struct located *wanted,
                         const char *who, struct config_errors *errors);

#endif
