/* wrong_files.h - settings files with one thing wrong each, and what is said of it. Tests only. */
#ifndef UNIT_CONFIG_WRONG_FILES_H
#define UNIT_CONFIG_WRONG_FILES_H

#include "base/text.h"
#include "config/config.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define HASH64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789ABCDEF"

struct wrong_file {
    const char *yaml;
    const char *problem; /* behind the name of the file */
};

static inline void assert_wrong(const struct wrong_file *file)
{
    static struct config_errors errors;
    char expected[CONFIG_LINE_SIZE], line[CONFIG_LINE_SIZE] = "nothing is wrong";
    struct snapshot *snapshot = config_parse(span_of(file->yaml), "f", &errors);
    snprintf(expected, sizeof(expected), "f:%s", file->problem);
    if (errors.count > 0)
        config_problem_write(&errors, 0, line);
    assert_string_equal(line, expected);
    assert_null(snapshot);
    assert_int_equal(errors.errors, 1);
}

static inline void assert_all_wrong(const struct wrong_file *files, size_t count)
{
    for (size_t i = 0; i < count; i++)
        assert_wrong(&files[i]);
}

/* The snapshot of a file without errors; release it. */
static inline struct snapshot *load_good(const char *yaml)
{
    static struct config_errors errors;
    struct snapshot *snapshot = config_parse(span_of(yaml), "f", &errors);
    if (errors.errors > 0)
        config_errors_print(&errors, stderr);
    assert_int_equal(errors.errors, 0);
    assert_non_null(snapshot);
    return snapshot;
}

/* How many warnings a file without errors brings; the first is copied to line. */
static inline size_t count_warnings(const char *yaml, char line[CONFIG_LINE_SIZE])
{
    static struct config_errors errors;
    struct snapshot *snapshot = config_parse(span_of(yaml), "f", &errors);
    line[0] = '\0';
    if (errors.count > 0)
        config_problem_write(&errors, 0, line);
    assert_non_null(snapshot);
    snapshot_release(snapshot);
    return errors.count;
}

#endif
