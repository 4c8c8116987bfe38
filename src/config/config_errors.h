/* config_errors.h - everything that is wrong with a configuration, each with its place.
 *
 * All problems are collected, so that a file is mended in one go; bounded. Warnings do not keep a
 * configuration from being used.
 */
#ifndef CONFIG_CONFIG_ERRORS_H
#define CONFIG_CONFIG_ERRORS_H

#include <stdio.h>

#include "base/base.h"

/* In the file, from 1; line 0: nowhere in it. */
struct place {
    unsigned line, column;
};

enum { CONFIG_MAX_PROBLEMS = 50, CONFIG_PROBLEM_SIZE = 400, CONFIG_LINE_SIZE = 1024 };

struct config_problem {
    struct place place;
    bool is_warning;
    char text[CONFIG_PROBLEM_SIZE]; /* what is wrong; what to write instead */
};

struct config_errors {
    const char *file; /* as messages name it; borrowed; NULL when there is none */
    size_t count;     /* of problems kept, warnings included */
    size_t errors;    /* that are no warnings, those not kept included */
    bool has_more;    /* there were more than fit */
    struct config_problem at[CONFIG_MAX_PROBLEMS];
};

void config_errors_init(struct config_errors *errors, const char *file);

void config_errors_add(struct config_errors *errors, struct place place, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void config_errors_warn(struct config_errors *errors, struct place place, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Nothing more is kept: whoever looks for problems may stop. */
bool config_errors_are_full(const struct config_errors *errors);

/* In the order of the file; of equal places in the order in which they were found. */
void config_errors_sort(struct config_errors *errors);

/* "bpgate.yaml:3:7: warning: …". */
void config_problem_write(const struct config_errors *errors, size_t index,
                          char line[CONFIG_LINE_SIZE]);

/* All of them, a line each. */
void config_errors_print(const struct config_errors *errors, FILE *file);

/* What a message may show of a text from outside: cut, without control bytes. */
enum { SHOWN_SIZE = 64 };
struct shown {
    char text[SHOWN_SIZE];
};
struct shown show(struct span text);

#endif
