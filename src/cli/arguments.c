#include "cli/arguments.h"

#include "base/text.h"
#include "cli/output.h"
#include "config/nearest.h"
#include "config/setting.h"

/* Its place, or option_count. */
static size_t find_option(const struct command *command, struct span name)
{
    size_t i = 0;
    while (i < command->option_count && !span_equal(name, span_of(command->options[i].name)))
        i++;
    return i;
}

/* "-H": its place, or option_count. */
static size_t find_letter(const struct command *command, char letter)
{
    size_t i = 0;
    while (i < command->option_count && command->options[i].letter != letter)
        i++;
    return i;
}

static bool refuse_unknown(const struct command *command, struct span name)
{
    struct nearest nearest = nearest_to(name);
    for (size_t i = 0; i < command->option_count; i++)
        nearest_consider(&nearest, span_of(command->options[i].name));
    if (nearest.best.len > 0)
        output_error("%s has no option %.*s; did you mean %s?", command->name, (int)name.len,
                     name.at, nearest.best.at);
    else
        output_error("%s has no option %.*s; see `bpgate help %s`", command->name, (int)name.len,
                     name.at, command->name);
    return false;
}

/* what: "--service" or "SHELL". */
static bool is_choice(const char *what, const char *choices, const char *text)
{
    struct span rest = span_of(choices), choice;
    struct nearest nearest = nearest_to(span_of(text));
    while (words_next(&rest, &choice)) {
        if (span_equal(choice, span_of(text)))
            return true;
        nearest_consider(&nearest, choice);
    }
    if (nearest.best.len > 0)
        output_error("%s must be one of %s; \"%s\" is not; did you mean %.*s?", what, choices, text,
                     (int)nearest.best.len, nearest.best.at);
    else
        output_error("%s must be one of %s; \"%s\" is not", what, choices, text);
    return false;
}

static bool put_repeat(struct arguments *arguments, size_t place, const char *value)
{
    const struct option *option = &arguments->command->options[place];
    if (arguments->repeat_count == ARGUMENTS_MAX_REPEATS) {
        output_error("%s is one too many: there may be %d of such options", option->name,
                     ARGUMENTS_MAX_REPEATS);
        return false;
    }
    if (!arguments->values[place])
        arguments->values[place] = value;
    arguments->repeats[arguments->repeat_count++] = (struct repeat){option, value};
    return true;
}

static bool put_value(struct arguments *arguments, size_t place, const char *value)
{
    const struct option *option = &arguments->command->options[place];
    if (!value) {
        output_error("%s needs a value behind it: %s %s", option->name, option->name,
                     option->value);
        return false;
    }
    if (option->may_repeat)
        return put_repeat(arguments, place, value);
    /* The last one silently taking all would drop what a list of operations was to keep out. */
    if (arguments->values[place]) {
        output_error("%s is given twice; leave one", option->name);
        return false;
    }
    if (option->choices && !is_choice(option->name, option->choices, value))
        return false;
    arguments->values[place] = value;
    return true;
}

/* "-HLINE" or "-H LINE": how many of argv it took; 0 when it is wrong. */
static int take_letter(struct arguments *arguments, size_t place, char **argv)
{
    const struct option *option = &arguments->command->options[place];
    bool is_joined = argv[0][2] != '\0';
    if (!option->value && is_joined) {
        output_error("-%c takes no value", option->letter);
        return 0;
    }
    if (!option->value)
        return put_value(arguments, place, option->name) ? 1 : 0;
    if (!put_value(arguments, place, is_joined ? argv[0] + 2 : argv[1]))
        return 0;
    return is_joined ? 1 : 2;
}

static int take_name(struct arguments *arguments, char **argv)
{
    struct span rest = span_of(argv[0]);
    bool has_value = strchr(argv[0], '=') != NULL;
    struct span name = span_cut(&rest, '=');
    size_t place = find_option(arguments->command, name);
    if (place == arguments->command->option_count) {
        refuse_unknown(arguments->command, name);
        return 0;
    }
    const struct option *option = &arguments->command->options[place];
    if (!option->value && has_value) {
        output_error("%s takes no value", option->name);
        return 0;
    }
    if (!option->value)
        return put_value(arguments, place, option->name) ? 1 : 0;
    if (!put_value(arguments, place, has_value ? rest.at : argv[1]))
        return 0;
    return has_value ? 1 : 2;
}

/* How many of argv the option took, 0 when it is wrong. */
static int take_option(struct arguments *arguments, char **argv)
{
    size_t place = find_letter(arguments->command, argv[0][1]);
    return place < arguments->command->option_count ? take_letter(arguments, place, argv)
                                                    : take_name(arguments, argv);
}

static bool take_word(struct arguments *arguments, const char *word)
{
    const struct command *command = arguments->command;
    if (arguments->word_count == command->most_words) {
        output_error("%s takes no \"%s\"; see `bpgate help %s`", command->name, word,
                     command->name);
        return false;
    }
    if (command->choices && !is_choice(command->word, command->choices, word))
        return false;
    arguments->words[arguments->word_count++] = word;
    return true;
}

static bool is_complete(const struct arguments *arguments)
{
    const struct command *command = arguments->command;
    for (size_t i = 0; i < command->option_count; i++) {
        if (command->options[i].is_needed && !arguments->values[i]) {
            output_error("%s needs %s %s; see `bpgate help %s`", command->name,
                         command->options[i].name, command->options[i].value, command->name);
            return false;
        }
    }
    if (!command->is_word_needed || arguments->word_count > 0)
        return true;
    output_error("%s needs %s; see `bpgate help %s`", command->name, command->word, command->name);
    return false;
}

bool arguments_parse(struct arguments *arguments, const struct command *command, int argc,
                     char **argv)
{
    bool only_words = false;
    int i = 0;
    ASSERT(command->option_count <= COMMAND_MAX_OPTIONS &&
           command->most_words <= COMMAND_MAX_WORDS);
    *arguments = (struct arguments){.command = command};
    while (i < argc) {
        bool is_option = !only_words && argv[i][0] == '-' && argv[i][1] != '\0';
        if (is_option && strcmp(argv[i], "--") == 0) {
            only_words = true;
            i++;
        } else if (is_option) {
            int taken = take_option(arguments, argv + i);
            if (taken == 0)
                return false;
            i += taken;
        } else if (!take_word(arguments, argv[i++])) {
            return false;
        }
    }
    return is_complete(arguments);
}

const char *arguments_value(const struct arguments *arguments, const char *option)
{
    size_t place = find_option(arguments->command, span_of(option));
    ASSERT(place < arguments->command->option_count);
    return arguments->values[place];
}

const char *arguments_next(const struct arguments *arguments, const char *option, size_t *at)
{
    size_t place = find_option(arguments->command, span_of(option));
    ASSERT(place < arguments->command->option_count);
    while (*at < arguments->repeat_count) {
        const struct repeat *repeat = &arguments->repeats[(*at)++];
        if (repeat->option == &arguments->command->options[place])
            return repeat->value;
    }
    return NULL;
}

bool arguments_has(const struct arguments *arguments, const char *flag)
{
    return arguments_value(arguments, flag) != NULL;
}
