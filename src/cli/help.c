#include "cli/help.h"

#include "base/text.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "config/nearest.h"

enum { LINE_LEN = 96, PART_SIZE = 128, NAME_WIDTH = 14 };

/* Parts of a usage, broken where the line would be too long. */
struct usage {
    FILE *file;
    size_t indent, at;
};

static void put_part(struct usage *usage, const char *part)
{
    size_t len = strlen(part);
    if (usage->at + 1 + len > LINE_LEN) {
        fprintf(usage->file, "\n%*s", (int)usage->indent, "");
        usage->at = usage->indent;
    }
    fprintf(usage->file, " %s", part);
    usage->at += len + 1;
}

static void write_usage(FILE *file, const struct command *command)
{
    char part[PART_SIZE];
    int len = fprintf(file, "usage: bpgate %s", command->name);
    struct usage usage = {file, (size_t)len, (size_t)len};
    for (size_t i = 0; i < command->option_count; i++) {
        const struct option *option = &command->options[i];
        snprintf(part, sizeof(part), option->is_needed ? "%s%s%s%s" : "[%s%s%s]%s", option->name,
                 option->value ? " " : "", option->value ? option->value : "",
                 option->may_repeat ? "..." : "");
        put_part(&usage, part);
    }
    if (command->word) {
        const char *word = command->choices ? command->choices : command->word;
        snprintf(part, sizeof(part), command->is_word_needed ? "%s" : "[%s]", word);
        put_part(&usage, part);
    }
    fputc('\n', file);
}

static size_t option_text(const struct option *option, char text[PART_SIZE])
{
    const char letter[] = {'-', option->letter, ',', ' ', '\0'};
    int len = snprintf(text, PART_SIZE, "%s%s%s%s", option->letter ? letter : "", option->name,
                       option->value ? " " : "", option->value ? option->value : "");
    return (size_t)len;
}

static void write_options(FILE *file, const struct command *command)
{
    char text[PART_SIZE];
    size_t width = 0;
    for (size_t i = 0; i < command->option_count; i++) {
        size_t len = option_text(&command->options[i], text);
        width = len > width ? len : width;
    }
    fputs(command->option_count > 0 ? "\n" : "", file);
    for (size_t i = 0; i < command->option_count; i++) {
        const struct option *option = &command->options[i];
        option_text(option, text);
        fprintf(file, "  %-*s  %s\n", (int)width, text, option->help);
        if (option->choices)
            fprintf(file, "  %-*s  %s\n", (int)width, "", option->choices);
    }
}

void help_write_command(FILE *file, const struct command *command)
{
    struct emphasis emphasis = output_emphasis(file);
    fprintf(file, "%sbpgate %s%s - %s\n\n", emphasis.on, command->name, emphasis.off,
            command->summary);
    write_usage(file, command);
    fputs(command->about[0] ? "\n" : "", file);
    fputs(command->about, file);
    write_options(file, command);
}

bool help_write_group(FILE *file, struct span first)
{
    bool has_any = false;
    for (size_t i = 0; i < command_count(); i++) {
        if (!span_equal(first, command_first(command_at(i))))
            continue;
        fputs(has_any ? "\n" : "", file);
        help_write_command(file, command_at(i));
        has_any = true;
    }
    return has_any;
}

void help_write_overview(FILE *file)
{
    struct emphasis emphasis = output_emphasis(file);
    fprintf(file,
            "bpgate %s - a gateway in front of the Botpress Cloud API\n"
            "\n"
            "usage: bpgate COMMAND [OPTIONS]\n"
            "\n",
            BPGATE_VERSION);
    for (size_t i = 0; i < command_count(); i++)
        fprintf(file, "  %s%-*s%s%s\n", emphasis.on, NAME_WIDTH, command_at(i)->name, emphasis.off,
                command_at(i)->summary);
    fputs("\n"
          "`bpgate help COMMAND` says more, and so does `bpgate COMMAND --help`.\n"
          "\n"
          "Exit codes: 0 success; 1 trouble while running, or the answer is no; 2 wrong usage or\n"
          "wrong settings, which no second start will mend.\n",
          file);
}

/* The second words of a group: "new, check or rotate". */
static void write_seconds(struct span first, char *text, size_t size)
{
    size_t len = 0, left = 0;
    for (size_t i = 0; i < command_count(); i++)
        left += span_equal(first, command_first(command_at(i)));
    for (size_t i = 0; i < command_count() && len < size; i++) {
        struct span second = command_second(command_at(i));
        if (!span_equal(first, command_first(command_at(i))))
            continue;
        left--;
        len += (size_t)snprintf(text + len, size - len, "%.*s%s", (int)second.len, second.at,
                                left > 1 ? ", " : (left == 1 ? " or " : ""));
    }
}

static struct span find_nearest(struct span first, struct span second, bool is_group)
{
    struct nearest nearest = nearest_to(is_group ? second : first);
    for (size_t i = 0; i < command_count(); i++) {
        if (!is_group)
            nearest_consider(&nearest, command_first(command_at(i)));
        else if (span_equal(first, command_first(command_at(i))))
            nearest_consider(&nearest, command_second(command_at(i)));
    }
    return nearest.best;
}

void help_refuse_unknown(struct span first, struct span second)
{
    char seconds[PART_SIZE] = "";
    write_seconds(first, seconds, sizeof(seconds));
    bool is_group = seconds[0] != '\0';
    struct span best = find_nearest(first, second, is_group);
    if (is_group && best.len > 0)
        output_error("%.*s takes %s, not \"%.*s\"; did you mean \"%.*s\"?", (int)first.len,
                     first.at, seconds, (int)second.len, second.at, (int)best.len, best.at);
    else if (is_group)
        output_error("%.*s needs %s behind it; see `bpgate help %.*s`", (int)first.len, first.at,
                     seconds, (int)first.len, first.at);
    else if (best.len > 0)
        output_error("there is no command \"%.*s\"; did you mean \"%.*s\"?", (int)first.len,
                     first.at, (int)best.len, best.at);
    else
        output_error("there is no command \"%.*s\"; `bpgate help` lists them", (int)first.len,
                     first.at);
}

int help_command(const struct arguments *arguments)
{
    struct span first = span_of(arguments->words[0]), second = span_of(arguments->words[1]);
    if (arguments->word_count == 0) {
        help_write_overview(stdout);
        return EXIT_OK;
    }
    const struct command *command = command_find(first, second);
    bool takes_second = command && command_second(command).len > 0;
    if (command && (takes_second || second.len == 0)) {
        help_write_command(stdout, command);
        return EXIT_OK;
    }
    if (second.len == 0 && help_write_group(stdout, first))
        return EXIT_OK;
    if (command)
        output_error("%s is one word; see `bpgate help %s`", command->name, command->name);
    else
        help_refuse_unknown(first, second);
    return EXIT_USAGE;
}
