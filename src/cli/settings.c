#include <stdio.h>

#include "base/text.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "config/config.h"
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

static void write_markdown(void)
{
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
}

/* The code point of a UTF-8 character and its length. The texts are our own. */
static unsigned code_point(const char *at, size_t *len)
{
    unsigned char first = (unsigned char)at[0];
    *len = first >= 0xf0 ? 4 : (first >= 0xe0 ? 3 : 2);
    unsigned code = first & (0xffU >> (*len + 1));
    for (size_t i = 1; i < *len; i++)
        code = code << 6 | ((unsigned char)at[i] & 0x3f);
    return code;
}

/* What roff would take for its own, or some device for another character, is escaped. */
static void write_roff(const char *text)
{
    static const char *const escapes[128] = {
        ['\\'] = "\\e",  ['`'] = "\\(ga", ['\''] = "\\(aq", ['"'] = "\\(dq",
        ['^'] = "\\(ha", ['~'] = "\\(ti", ['-'] = "\\-",
    };
    size_t len = 1;
    if (text[0] == '.')
        fputs("\\&", stdout);
    for (const char *at = text; *at; at += len) {
        unsigned char byte = (unsigned char)*at;
        len = 1;
        if (byte >= 128)
            printf("\\[u%04X]", code_point(at, &len));
        else if (escapes[byte])
            fputs(escapes[byte], stdout);
        else
            putchar(byte);
    }
}

static void write_man_row(const struct setting_table *table, const struct setting *row)
{
    struct description description = describe(row);
    printf(".It Cm %s%s\n", table->prefix, row->path);
    write_roff(description.kind);
    if (description.bounds[0]) {
        fputs(": ", stdout);
        write_roff(description.bounds);
    }
    if (row->is_needed) {
        fputs("; needed", stdout);
    } else if (description.initial[0]) {
        fputs("; default ", stdout);
        write_roff(description.initial);
    }
    fputs(".\n.br\n", stdout);
    write_roff(row->help);
    putchar('\n');
}

/* mdoc(7). */
static void write_man(void)
{
    fputs(".\\\" The output of `bpgate settings --man`.\n"
          ".Dd November 25, 2026\n"
          ".Dt BPGATE.YAML 5\n"
          ".Os bpgate\n"
          ".Sh NAME\n"
          ".Nm bpgate.yaml\n"
          ".Nd settings of bpgate\n"
          ".Sh DESCRIPTION\n"
          "A file in YAML, read by\n"
          ".Xr bpgate 1 ,\n"
          "by default from\n"
          ".Pa " CONFIG_DEFAULT_PATH " .\n"
          "Below, a dot stands for a map inside a map, and\n"
          ".Ql []\n"
          "for each entry of a list.\n"
          "Durations are whole numbers with ms, s, m, h or d behind them, sizes with B, KB, MB,\n"
          "GB, KiB, MiB or GiB.\n"
          "A name that is no setting is an error, as is a value out of its bounds;\n"
          ".Ql bpgate check\n"
          "tells all that is wrong in a file at once.\n"
          ".Sh SETTINGS\n"
          ".Bl -tag -width Ds\n",
          stdout);
    write_table(settings_table(), write_man_row);
    fputs(".El\n"
          ".Sh FILES\n"
          ".Bl -tag -width Ds -compact\n"
          ".It Pa " CONFIG_DEFAULT_PATH "\n"
          "the settings where\n"
          ".Fl \\-config\n"
          "names no other file.\n"
          ".El\n"
          ".Sh EXAMPLES\n"
          ".Bd -literal -offset indent\n"
          "listen:\n"
          "  \\- address: 127.0.0.1:8080\n"
          "credentials:\n"
          "  \\- {name: team, token: env:BOTPRESS_TOKEN}\n"
          "profiles:\n"
          "  \\- {name: support, credential: team, bot_id: bot_1}\n"
          "keys:    # the output of bpgate key new\n"
          ".Ed\n"
          ".Sh SEE ALSO\n"
          ".Xr bpgate 1\n",
          stdout);
}

int settings_command(const struct arguments *arguments)
{
    bool wants_markdown = arguments_has(arguments, "--markdown");
    bool wants_man = arguments_has(arguments, "--man");
    if (wants_markdown && wants_man) {
        output_error("settings takes --markdown or --man, not both; leave one");
        return EXIT_USAGE;
    }
    if (wants_man)
        write_man();
    else if (wants_markdown)
        write_markdown();
    else
        write_table(settings_table(), write_text_row);
    return EXIT_OK;
}
