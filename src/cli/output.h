/* output.h - what the subcommands write: errors, emphasis, tables. */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include <stdio.h>

#include "base/base.h"

/* "bpgate: …" on standard error. */
void output_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The codes around emphasised text; empty where the file is no terminal or NO_COLOR is set. */
struct emphasis {
    const char *on, *off;
};
struct emphasis output_emphasis(FILE *file);

/* Rows of cells, one after another, in aligned columns; the first row is their names. */
struct text_table {
    const struct span *cells;
    size_t columns, rows;
};
void output_table(FILE *file, const struct text_table *table);

#endif
