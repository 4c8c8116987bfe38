#include "config/config_errors.h"

#include <stdarg.h>
#include <string.h>

void config_errors_init(struct config_errors *errors, const char *file)
{
    errors->file = file;
    errors->count = errors->errors = 0;
    errors->has_more = false;
}

__attribute__((format(printf, 4, 0))) static void keep(struct config_errors *errors,
                                                       struct place place, bool is_warning,
                                                       const char *format, va_list args)
{
    errors->errors += !is_warning;
    if (config_errors_are_full(errors)) {
        errors->has_more = true;
        return;
    }
    struct config_problem *problem = &errors->at[errors->count++];
    problem->place = place;
    problem->is_warning = is_warning;
    vsnprintf(problem->text, sizeof(problem->text), format, args);
}

void config_errors_add(struct config_errors *errors, struct place place, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    keep(errors, place, false, format, args);
    va_end(args);
}

void config_errors_warn(struct config_errors *errors, struct place place, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    keep(errors, place, true, format, args);
    va_end(args);
}

bool config_errors_are_full(const struct config_errors *errors)
{
    return errors->count == CONFIG_MAX_PROBLEMS;
}

static bool is_before(struct place a, struct place b)
{
    return a.line < b.line || (a.line == b.line && a.column < b.column);
}

/* By insertion: stable, and there are few. */
void config_errors_sort(struct config_errors *errors)
{
    for (size_t i = 1; i < errors->count; i++) {
        struct config_problem moved = errors->at[i];
        size_t to = i;
        for (; to > 0 && is_before(moved.place, errors->at[to - 1].place); to--)
            errors->at[to] = errors->at[to - 1];
        errors->at[to] = moved;
    }
}

void config_problem_write(const struct config_errors *errors, size_t index,
                          char line[CONFIG_LINE_SIZE])
{
    ASSERT(index < errors->count);
    const struct config_problem *problem = &errors->at[index];
    const char *mark = problem->is_warning ? "warning: " : "";
    const char *file = errors->file;
    struct place place = problem->place;
    if (!file)
        snprintf(line, CONFIG_LINE_SIZE, "%s%s", mark, problem->text);
    else if (place.line == 0)
        snprintf(line, CONFIG_LINE_SIZE, "%.512s: %s%s", file, mark, problem->text);
    else
        snprintf(line, CONFIG_LINE_SIZE, "%.512s:%u:%u: %s%s", file, place.line, place.column, mark,
                 problem->text);
}

void config_errors_print(const struct config_errors *errors, FILE *file)
{
    char line[CONFIG_LINE_SIZE];
    for (size_t i = 0; i < errors->count; i++) {
        /* What has a place begins with it, as editors want it. */
        config_problem_write(errors, i, line);
        fprintf(file, "%s%s\n", errors->at[i].place.line == 0 ? "bpgate: " : "", line);
    }
    if (errors->has_more)
        fputs("bpgate: and more; only the first are shown\n", file);
}

struct shown show(struct span text)
{
    static const char ellipsis[] = "...";
    struct shown shown;
    size_t most = sizeof(shown.text) - sizeof(ellipsis);
    size_t len = text.len < most ? text.len : most;
    /* Do not cut a UTF-8 character in two. */
    while (len > 0 && len < text.len && ((unsigned char)text.at[len] & 0xc0) == 0x80)
        len--;
    for (size_t i = 0; i < len; i++) {
        unsigned char byte = (unsigned char)text.at[i];
        shown.text[i] = (char)(byte < 0x20 || byte == 0x7f ? '?' : byte);
    }
    memcpy(shown.text + len, ellipsis, sizeof(ellipsis));
    if (len == text.len)
        shown.text[len] = '\0';
    return shown;
}
