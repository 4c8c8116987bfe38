#include "cli/completion.h"

#include "base/text.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "config/setting.h"

/* Calls do for each command whose name has this first word. */
typedef void (*each_fn)(FILE *file, const struct command *command);

static void for_group(FILE *file, struct span first, each_fn each)
{
    for (size_t i = 0; i < command_count(); i++) {
        if (span_equal(first, command_first(command_at(i))))
            each(file, command_at(i));
    }
}

static void for_all(FILE *file, each_fn each)
{
    for (size_t i = 0; i < command_count(); i++)
        each(file, command_at(i));
}

static bool takes_file(const struct option *option)
{
    return option->value && strcmp(option->value, "FILE") == 0;
}

/* `help` takes the names of commands. */
static bool takes_command(const struct command *command)
{
    return command->word && strcmp(command->word, "COMMAND") == 0;
}

/* "a|b" with another separator. */
static void write_choices(FILE *file, const char *choices, const char *separator)
{
    struct span rest = span_of(choices), choice;
    bool is_first = true;
    while (words_next(&rest, &choice)) {
        fprintf(file, "%s%.*s", is_first ? "" : separator, (int)choice.len, choice.at);
        is_first = false;
    }
}

static void write_firsts(FILE *file)
{
    for (size_t i = 0; i < command_count(); i++) {
        struct span first = command_first(command_at(i));
        if (command_begins_group(i))
            fprintf(file, "%s%.*s", i > 0 ? " " : "", (int)first.len, first.at);
    }
}

static void write_second(FILE *file, const struct command *command)
{
    struct span second = command_second(command);
    fprintf(file, "%.*s ", (int)second.len, second.at);
}

/* --- bash --- */

static void write_bash_values(FILE *file, const struct command *command)
{
    for (size_t i = 0; i < command->option_count; i++) {
        const struct option *option = &command->options[i];
        if (!option->value)
            continue;
        fprintf(file, "    '%s %s') ", command->name, option->name);
        if (option->choices) {
            fputs("words='", file);
            write_choices(file, option->choices, " ");
            fputs("' ;;\n", file);
        } else {
            fprintf(file, "%s ;;\n", takes_file(option) ? "_bpgate_files; return" : "return");
        }
    }
}

static void write_bash_words(FILE *file, const struct command *command)
{
    fprintf(file, "    '%s') words='", command->name);
    for (size_t i = 0; i < command->option_count; i++)
        fprintf(file, "%s ", command->options[i].name);
    fputs("--help", file);
    if (command->choices) {
        fputc(' ', file);
        write_choices(file, command->choices, " ");
    } else if (takes_command(command)) {
        fputc(' ', file);
        write_firsts(file);
    }
    fputs("' ;;\n", file);
}

static void write_bash_groups(FILE *file)
{
    for (size_t i = 0; i < command_count(); i++) {
        struct span first = command_first(command_at(i));
        if (!command_begins_group(i) || command_second(command_at(i)).len == 0)
            continue;
        fprintf(file, "    %.*s)\n        seconds='", (int)first.len, first.at);
        for_group(file, first, write_second);
        fputs("--help'\n        ;;\n", file);
    }
}

void completion_write_bash(FILE *file)
{
    fputs("# Completion of bpgate for bash: the output of `bpgate completion bash`.\n"
          "_bpgate_files() {\n"
          "    local IFS=$'\\n'\n"
          "    compopt -o filenames 2>/dev/null\n"
          "    COMPREPLY=($(compgen -f -- \"$current\"))\n"
          "}\n"
          "\n"
          "_bpgate() {\n"
          "    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}\n"
          "    local command=${COMP_WORDS[1]} seconds= words=\n"
          "    COMPREPLY=()\n"
          "    # readline takes --config=FILE for three words.\n"
          "    if [ \"$current\" = = ]; then\n"
          "        current=\n"
          "    elif [ \"$previous\" = = ] && [ \"$COMP_CWORD\" -gt 2 ]; then\n"
          "        previous=${COMP_WORDS[COMP_CWORD - 2]}\n"
          "    fi\n"
          "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
          "        COMPREPLY=($(compgen -W '",
          file);
    write_firsts(file);
    fputs(" --help --version' -- \"$current\"))\n"
          "        return\n"
          "    fi\n"
          "    case $command in\n",
          file);
    write_bash_groups(file);
    fputs("    esac\n"
          "    if [ -n \"$seconds\" ] && [ \"$COMP_CWORD\" -eq 2 ]; then\n"
          "        COMPREPLY=($(compgen -W \"$seconds\" -- \"$current\"))\n"
          "        return\n"
          "    fi\n"
          "    [ -z \"$seconds\" ] || command=\"$command ${COMP_WORDS[2]}\"\n"
          "    case \"$command\" in\n",
          file);
    for_all(file, write_bash_words);
    fputs("    esac\n"
          "    case \"$command $previous\" in\n",
          file);
    for_all(file, write_bash_values);
    fputs("    esac\n"
          "    COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
          "}\n"
          "\n"
          "complete -F _bpgate bpgate\n",
          file);
}

/* --- zsh and fish --- */

/* Inside '…' of the shell; the characters of special are given a backslash first. */
static void write_quoted(FILE *file, const char *text, const char *quote, const char *special)
{
    for (const char *at = text; *at; at++) {
        if (*at == '\'')
            fputs(quote, file);
        else
            fprintf(file, "%s%c", strchr(special, *at) ? "\\" : "", *at);
    }
}

/* Of a word that others follow no row says what it is for. */
static const char *group_summary(const struct command *command)
{
    return command_second(command).len > 0 ? "several commands: see its --help" : command->summary;
}

/* 'name:what it does', where the name is the given word of it. */
static void write_zsh_described(FILE *file, struct span word, const char *summary)
{
    fprintf(file, "        '%.*s:", (int)word.len, word.at);
    write_quoted(file, summary, "'\\''", "");
    fputs("'\n", file);
}

static void write_zsh_second(FILE *file, const struct command *command)
{
    fputs("    ", file);
    write_zsh_described(file, command_second(command), command->summary);
}

static void write_zsh_groups(FILE *file)
{
    for (size_t i = 0; i < command_count(); i++) {
        struct span first = command_first(command_at(i));
        if (!command_begins_group(i) || command_second(command_at(i)).len == 0)
            continue;
        fprintf(file, "    %.*s)\n        commands=(\n", (int)first.len, first.at);
        for_group(file, first, write_zsh_second);
        fputs("        )\n"
              "        if (( CURRENT == 3 )); then\n"
              "            _describe command commands\n"
              "            return\n"
              "        fi\n"
              "        command=\"$command $words[3]\"\n"
              "        shift words\n"
              "        (( CURRENT-- ))\n"
              "        ;;\n",
              file);
    }
}

static void write_zsh_option(FILE *file, const struct option *option)
{
    fputs(" \\\n            ", file);
    if (option->letter)
        fprintf(file, "'%s'{-%c,%s}'[", option->may_repeat ? "*" : "", option->letter,
                option->name);
    else
        fprintf(file, "'%s%s[", option->may_repeat ? "*" : "", option->name);
    write_quoted(file, option->help, "'\\''", "[]:\\");
    fputc(']', file);
    if (option->value)
        fprintf(file, ":%s:", option->value);
    if (option->choices) {
        fputc('(', file);
        write_choices(file, option->choices, " ");
        fputc(')', file);
    } else if (option->value) {
        fputs(takes_file(option) ? "_files" : " ", file);
    }
    fputc('\'', file);
}

static void write_zsh_command(FILE *file, const struct command *command)
{
    fprintf(file, "    '%s')\n        _arguments", command->name);
    for (size_t i = 0; i < command->option_count; i++)
        write_zsh_option(file, &command->options[i]);
    fputs(" \\\n            '--help[explain the command]'", file);
    if (command->word) {
        fprintf(file, " \\\n            '1:%s:(", command->word);
        if (takes_command(command))
            write_firsts(file);
        else
            write_choices(file, command->choices, " ");
        fputs(")'", file);
    }
    fputs("\n        ;;\n", file);
}

void completion_write_zsh(FILE *file)
{
    fputs("#compdef bpgate\n"
          "# Completion of bpgate for zsh: the output of `bpgate completion zsh`.\n"
          "_bpgate() {\n"
          "    local command=$words[2]\n"
          "    local -a commands\n"
          "    commands=(\n",
          file);
    for (size_t i = 0; i < command_count(); i++) {
        const struct command *command = command_at(i);
        if (command_begins_group(i))
            write_zsh_described(file, command_first(command), group_summary(command));
    }
    fputs("    )\n"
          "    if (( CURRENT == 2 )); then\n"
          "        _describe command commands\n"
          "        return\n"
          "    fi\n"
          "    case $command in\n",
          file);
    write_zsh_groups(file);
    fputs("    esac\n"
          "    shift words\n"
          "    (( CURRENT-- ))\n"
          "    case $command in\n",
          file);
    for_all(file, write_zsh_command);
    fputs("    esac\n"
          "}\n"
          "\n"
          "# As a file in $fpath it is called, as a text that was read it is made known.\n"
          "if [[ $funcstack[1] == _bpgate ]]; then\n"
          "    _bpgate \"$@\"\n"
          "else\n"
          "    compdef _bpgate bpgate\n"
          "fi\n",
          file);
}

/* The condition under which a word or option of the command is offered. */
static void write_fish_where(FILE *file, const struct command *command)
{
    struct span first = command_first(command), second = command_second(command);
    fprintf(file, "complete -c bpgate -n '__fish_seen_subcommand_from %.*s", (int)first.len,
            first.at);
    if (second.len > 0)
        fprintf(file, "; and __fish_seen_subcommand_from %.*s", (int)second.len, second.at);
    fputs("'", file);
}

static void write_fish_help(FILE *file, const char *help)
{
    fputs(" -d '", file);
    write_quoted(file, help, "\\'", "\\");
    fputs("'\n", file);
}

static void write_fish_first(FILE *file, size_t index)
{
    const struct command *command = command_at(index);
    struct span first = command_first(command);
    if (!command_begins_group(index))
        return;
    fprintf(file, "complete -c bpgate -n __fish_use_subcommand -a %.*s", (int)first.len, first.at);
    write_fish_help(file, group_summary(command));
}

static void write_fish_second(FILE *file, const struct command *command)
{
    struct span first = command_first(command), second = command_second(command);
    if (second.len > 0) {
        fprintf(file,
                "complete -c bpgate -n '__fish_seen_subcommand_from %.*s; and not "
                "__fish_seen_subcommand_from ",
                (int)first.len, first.at);
        for_group(file, first, write_second);
        fprintf(file, "' -a %.*s", (int)second.len, second.at);
        write_fish_help(file, command->summary);
    }
}

static void write_fish_options(FILE *file, const struct command *command)
{
    for (size_t i = 0; i < command->option_count; i++) {
        const struct option *option = &command->options[i];
        write_fish_where(file, command);
        if (option->letter)
            fprintf(file, " -s %c", option->letter);
        fprintf(file, " -l %s", option->name + strlen("--"));
        if (takes_file(option))
            fputs(" -r -F", file);
        else if (option->value)
            fputs(" -x", file);
        if (option->choices) {
            fputs(" -a '", file);
            write_choices(file, option->choices, " ");
            fputc('\'', file);
        }
        write_fish_help(file, option->help);
    }
    if (!command->choices && !takes_command(command))
        return;
    write_fish_where(file, command);
    fputs(" -a '", file);
    if (command->choices)
        write_choices(file, command->choices, " ");
    else
        write_firsts(file);
    fputs("'\n", file);
}

void completion_write_fish(FILE *file)
{
    fputs("# Completion of bpgate for fish: the output of `bpgate completion fish`.\n"
          "complete -c bpgate -f\n"
          "complete -c bpgate -s h -l help -d 'explain the command'\n",
          file);
    for (size_t i = 0; i < command_count(); i++)
        write_fish_first(file, i);
    for_all(file, write_fish_second);
    for_all(file, write_fish_options);
}

int completion_command(const struct arguments *arguments)
{
    const char *shell = arguments->words[0];
    if (strcmp(shell, "bash") == 0)
        completion_write_bash(stdout);
    else if (strcmp(shell, "zsh") == 0)
        completion_write_zsh(stdout);
    else
        completion_write_fish(stdout);
    return EXIT_OK;
}
