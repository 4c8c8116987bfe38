#include "cli/arguments.h"

#include "base/text.h"
#include "cli/output.h"
#include "config/nearest.h"

static const struct option_row *find_option(const struct arguments *arguments, struct span name)
{
    for (size_t i = 0; i < arguments->option_count; i++) {
        if (span_equal(name, span_of(arguments->options[i].name)))
            return &arguments->options[i];
    }
    return NULL;
}

static void say_unknown(const char *command, const struct arguments *arguments, struct span name)
{
    struct nearest nearest = nearest_to(name);
    for (size_t i = 0; i < arguments->option_count; i++)
        nearest_consider(&nearest, span_of(arguments->options[i].name));
    if (nearest.best.len > 0)
        output_error("%s has no option %.*s; did you mean %s?", command, (int)name.len, name.at,
                     nearest.best.at);
    else
        output_error("%s has no option %.*s; see `bpgate help %s`", command, (int)name.len, name.at,
                     command);
}

/* How many arguments the option took, 0 when it is wrong. */
static int take_option(const char *command, char **argv, const struct arguments *arguments)
{
    struct span rest = span_of(argv[0]);
    bool has_value = strchr(argv[0], '=') != NULL;
    struct span name = span_cut(&rest, '=');
    const struct option_row *option = find_option(arguments, name);
    if (!option) {
        say_unknown(command, arguments, name);
        return 0;
    }
    if (!option->value) {
        if (has_value)
            output_error("%s takes no value", option->name);
        *option->flag = true;
        return has_value ? 0 : 1;
    }
    *option->value = has_value ? rest.at : argv[1];
    if (!*option->value)
        output_error("%s needs a value behind it", option->name);
    return *option->value ? (has_value ? 1 : 2) : 0;
}

bool arguments_parse(int argc, char **argv, const struct arguments *arguments)
{
    size_t word_count = 0;
    bool only_words = false;
    int i = 1;
    while (i < argc) {
        bool is_option = !only_words && argv[i][0] == '-' && argv[i][1] != '\0';
        if (is_option && strcmp(argv[i], "--") == 0) {
            only_words = true;
            i++;
        } else if (is_option) {
            int taken = take_option(argv[0], argv + i, arguments);
            if (taken == 0)
                return false;
            i += taken;
        } else if (word_count == arguments->most_words) {
            output_error("%s takes no \"%s\"; see `bpgate help %s`", argv[0], argv[i], argv[0]);
            return false;
        } else {
            arguments->words[word_count++] = argv[i++];
        }
    }
    return true;
}
