#include "cli/output.h"

#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/text.h"

enum { MAX_COLUMNS = 16, GAP = 2 };

void output_error(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("bpgate: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
}

struct emphasis output_emphasis(FILE *file)
{
    const char *no_color = getenv("NO_COLOR"), *terminal = getenv("TERM");
    bool is_plain =
        (no_color && no_color[0]) || !terminal || span_equal(span_of(terminal), SPAN("dumb"));
    if (is_plain || !isatty(fileno(file)))
        return (struct emphasis){"", ""};
    return (struct emphasis){"\033[1m", "\033[0m"};
}

static size_t width_of(const struct text_table *table, size_t column)
{
    size_t width = 0;
    for (size_t row = 0; row < table->rows; row++) {
        size_t len = table->cells[row * table->columns + column].len;
        width = len > width ? len : width;
    }
    return width;
}

static void write_row(FILE *file, const struct text_table *table, const size_t *widths, size_t row)
{
    const struct span *cells = table->cells + row * table->columns;
    size_t last = table->columns;
    while (last > 1 && cells[last - 1].len == 0)
        last--;
    for (size_t i = 0; i < last; i++) {
        int width = i + 1 < last ? (int)widths[i] + GAP : 0;
        int pad = width > (int)cells[i].len ? width - (int)cells[i].len : 0;
        fprintf(file, "%.*s%*s", (int)cells[i].len, cells[i].at, pad, "");
    }
}

void output_table(FILE *file, const struct text_table *table)
{
    size_t widths[MAX_COLUMNS];
    struct emphasis emphasis = output_emphasis(file);
    ASSERT(table->columns <= MAX_COLUMNS);
    for (size_t i = 0; i < table->columns; i++)
        widths[i] = width_of(table, i);
    for (size_t row = 0; row < table->rows; row++) {
        fputs(row == 0 ? emphasis.on : "", file);
        write_row(file, table, widths, row);
        fputs(row == 0 ? emphasis.off : "", file);
        fputc('\n', file);
    }
}
