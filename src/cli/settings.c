#include <inttypes.h>
#include <stdio.h>

#include "base/text.h"
#include "cli/arguments.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "config/setting.h"

/* A row's texts. */
struct description {
    char kind[SETTING_DESCRIPTION_SIZE];
    char initial[SETTING_DESCRIPTION_SIZE];
    char bounds[SETTING_DESCRIPTION_SIZE];
};

typedef void (*write_row_fn)(const struct setting_table *table, const struct setting *row);

static struct description describe(const struct setting *row)
{
    struct description description;
    setting_describe_kind(row, description.kind);
    setting_describe_initial(row, description.initial);
    setting_describe_bounds(row, description.bounds);
    if (row->is_needed)
        snprintf(description.initial, sizeof(description.initial), "needed");
    return description;
}

static void write_text_row(const struct setting_table *table, const struct setting *row)
{
    struct emphasis emphasis = output_emphasis(stdout);
    struct description description = describe(row);
    printf("%s%s%s%s\n    %s", emphasis.on, table->prefix, row->path, emphasis.off,
           description.kind);
    if (description.bounds[0])
        printf(", %s", description.bounds);
    if (row->is_needed)
        printf(", needed");
    else if (description.initial[0])
        printf("; default %s", description.initial);
    printf("\n    %s\n\n", row->help);
}

/* A bar would end the cell. */
static void write_cell(const char *text)
{
    fputs(" ", stdout);
    for (const char *c = text; *c; c++)
        printf("%s%c", *c == '|' ? "\\" : "", *c);
    fputs(" |", stdout);
}

static void write_markdown_row(const struct setting_table *table, const struct setting *row)
{
    struct description description = describe(row);
    printf("| `%s%s` |", table->prefix, row->path);
    write_cell(description.kind);
    write_cell(description.initial);
    write_cell(description.bounds);
    write_cell(row->help);
    fputc('\n', stdout);
}

/* The rows, then the tables of the lists in them. */
static void write_table(const struct setting_table *table, write_row_fn write_row)
{
    for (size_t i = 0; i < table->count; i++)
        write_row(table, &table->rows[i]);
    for (size_t i = 0; i < table->count; i++) {
        if (table->rows[i].records)
            write_table(table->rows[i].records, write_row);
    }
}

int settings_command(int argc, char **argv)
{
    bool wants_markdown = false;
    const struct option_row options[] = {{.name = "--markdown", .flag = &wants_markdown}};
    const struct arguments arguments = {.options = options, .option_count = COUNT_OF(options)};
    if (!arguments_parse(argc, argv, &arguments))
        return EXIT_USAGE;
    if (wants_markdown) {
        fputs("# Settings\n"
              "\n"
              "A dot stands for a map inside a map, `[]` for each entry of a list. Durations are\n"
              "whole numbers with ms, s, m, h or d; sizes with B, KB, MB, GB, KiB, MiB or GiB.\n"
              "This page is the output of `bpgate settings --markdown`.\n"
              "\n"
              "| Setting | Takes | Default | Bounds | Meaning |\n"
              "|---|---|---|---|---|\n",
              stdout);
        write_table(settings_table(), write_markdown_row);
    } else {
        write_table(settings_table(), write_text_row);
    }
    return EXIT_OK;
}
