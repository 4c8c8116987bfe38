#include "cli/commands.h"

#include "base/text.h"
#include "config/config.h"

#define CONFIG_OPTION                                                                              \
    {                                                                                              \
        .name = "--config", .value = "FILE",                                                       \
        .help = "the settings file; default " CONFIG_DEFAULT_PATH                                  \
    }

static const struct option config_options[] = {CONFIG_OPTION};

static const struct option routes_options[] = {
    {.name = "--service",
     .value = "NAME",
     .choices = "runtime|admin|hub|files|tables|billing|cognitive",
     .help = "only those of one service"},
    {.name = "--json", .help = "one array of objects"},
};

static const struct option key_new_options[] = {
    {.name = "--name", .value = "NAME", .is_needed = true, .help = "what the log calls the key"},
    {.name = "--profile",
     .value = "PROFILE",
     .is_needed = true,
     .help = "the profile that it acts with"},
    {.name = "--operations",
     .value = "LIST",
     .help = "what it may call, with commas: read,createMessage; default: all"},
    {.name = "--expires",
     .value = "DATE",
     .help = "2027-01-31 (its first moment in UTC) or 2027-01-31T12:00:00Z"},
    {.name = "--json", .help = "one line: {\"key\": ..., \"entry\": {...}}"},
};

static const struct option key_rotate_options[] = {
    CONFIG_OPTION,
    {.name = "--overlap",
     .value = "DURATION",
     .help = "how long the old secret goes on working: 24h (the default), 30m, 0s"},
    {.name = "--json", .help = "one line: {\"key\": ..., \"entry\": {...}}"},
};

static const struct option purge_options[] = {
    {.name = "--tag",
     .value = "TAG",
     .may_repeat = true,
     .help = "what carries this tag: bot:BOT, bots:WORKSPACE"},
    {.name = "--url",
     .value = "URL",
     .may_repeat = true,
     .help = "the answer to this path and query"},
    {.name = "--operation",
     .value = "OPERATION",
     .may_repeat = true,
     .help = "the answers of these: getBot, \"hub.*\", hub"},
    {.name = "--all", .help = "everything"},
    {.name = "--hard", .help = "what is purged does not help either while the upstream fails"},
    CONFIG_OPTION,
    {.name = "--admin",
     .value = "URL",
     .help = "its admin listener, in place of a file: http://127.0.0.1:9901"},
    {.name = "--token-from",
     .value = "SOURCE",
     .help = "where its token is: env:NAME; default: admin.token of the file"},
};

static const struct option reload_options[] = {
    CONFIG_OPTION,
    {.name = "--admin",
     .value = "URL",
     .help = "its admin listener, in place of a file: http://127.0.0.1:9901"},
    {.name = "--token-from",
     .value = "SOURCE",
     .help = "where its token is: env:NAME; default: admin.token of the file"},
};

static const struct option explain_options[] = {
    {.name = "--key",
     .value = "NAME",
     .help = "whose request it is, by name or id; default: what its own fields show"},
    {.name = "--header",
     .letter = 'H',
     .value = "LINE",
     .may_repeat = true,
     .help = "a field of the request: \"x-bot-id: bot_1\""},
    {.name = "--address",
     .value = "ADDRESS",
     .help = "from where it comes; default: from where it is asked"},
    {.name = "--json", .help = "one object"},
    CONFIG_OPTION,
    {.name = "--admin",
     .value = "URL",
     .help = "its admin listener, in place of a file: http://127.0.0.1:9901"},
    {.name = "--token-from",
     .value = "SOURCE",
     .help = "where its token is: env:NAME; default: admin.token of the file"},
};

static const struct option filter_check_options[] = {
    {.name = "--options", .value = "JSON", .help = "gw.options of the filter: an object"},
};

static const struct option settings_options[] = {
    {.name = "--markdown", .help = "as a table, which is conf/settings.md"},
    {.name = "--man", .help = "as the manual page bpgate.yaml(5)"},
};

#define OPTIONS(rows) .options = (rows), .option_count = COUNT_OF(rows)

static const struct command commands[] = {
    {.name = "run",
     .run = run_command,
     .summary = "serve, until SIGTERM or SIGINT; SIGHUP loads the settings anew",
     OPTIONS(config_options),
     .about = "Serves with the settings of FILE. Without one, where the default is not there\n"
              "either, BOTPRESS_TOKEN is enough: it listens on 127.0.0.1:8080, and one key is\n"
              "made and shown once.\n"},
    {.name = "check",
     .run = check_command,
     .summary = "look for everything that is wrong with a settings file",
     OPTIONS(config_options),
     .about = "Reads FILE as run would, the tokens and certificates that it names included, and\n"
              "tells all that is wrong, with line, column and what to write instead.\n"},
    {.name = "routes",
     .run = routes_command,
     .summary = "list the operations of the Botpress API",
     OPTIONS(routes_options),
     .about = "Method, path, name and service of each operation, how long its answers may be\n"
              "kept, the ids that it needs, and what else is known of it.\n"},
    {.name = "explain",
     .run = explain_command,
     .summary = "tell what would become of a request",
     .word = "METHOD PATH",
     .most_words = 2,
     .is_word_needed = true,
     OPTIONS(explain_options),
     .about =
         "Asks the running gateway whose admin.address is in FILE. Tells the operation, what\n"
         "the key's scope says, each limit and what is left, what the cache holds, for how\n"
         "long and for whom, and the head that would go upstream, without secrets. Nothing is\n"
         "sent and nothing spent. Where no gateway answers it tells what FILE and its Redis\n"
         "say, and what it then cannot know.\n"},
    {.name = "key new",
     .run = key_new_command,
     .summary = "make a gateway key",
     OPTIONS(key_new_options),
     .about =
         "Shows a new key, once, and the entry to paste under `keys:` of the settings file.\n"},
    {.name = "key check",
     .run = key_check_command,
     .summary = "tell whether a key is well-formed, and whose it is",
     .word = "KEY",
     .most_words = 1,
     .is_word_needed = true,
     OPTIONS(config_options),
     .about =
         "Tells a typing error from a key that is not in the settings file, and, of a key that\n"
         "is, whose it is and whether it works. With - for KEY it reads the key from standard\n"
         "input. It never shows the secret. Exit code 1: the key does not work.\n"},
    {.name = "key rotate",
     .run = key_rotate_command,
     .summary = "make a new secret for a key of the settings file",
     .word = "KEY",
     .most_words = 1,
     .is_word_needed = true,
     OPTIONS(key_rotate_options),
     .about = "KEY is the name or the id of a key in the settings file. Shows a new key, once,\n"
              "with the same id, and the entry to put in the place of the one that is there. It\n"
              "holds both secrets, the old one until the overlap is over, so that programs can be\n"
              "moved over one by one. The file itself is not changed.\n"},
    {.name = "filter check",
     .run = filter_check_command,
     .summary = "compile a Lua filter and tell what is wrong with it",
     .word = "FILE",
     .most_words = 1,
     .is_word_needed = true,
     OPTIONS(filter_check_options),
     .about = "Compiles FILE as the gateway would, and tells its name and its functions, or file\n"
              "and line of what is wrong. `check` does so for all filters of a settings file.\n"},
    {.name = "filter test",
     .run = filter_test_command,
     .summary = "run the tests of Lua filters",
     .word = "DIR",
     .most_words = 1,
     .is_word_needed = true,
     .about = "Runs each *_test.lua in DIR: a table of functions, which load filters beside them\n"
              "and show them requests and answers. Exit code 1: one has failed.\n"},
    {.name = "purge",
     .run = purge_command,
     .summary = "make answers in the cache of the running gateway old",
     OPTIONS(purge_options),
     .about = "Asks the gateway whose admin.address is in FILE. What is purged is asked for anew\n"
              "before it is given again; while the upstream fails it still helps, unless --hard\n"
              "is given. Gateways that share a Redis all hear of it.\n"},
    {.name = "reload",
     .run = reload_command,
     .summary = "have the running gateway load its settings anew",
     OPTIONS(reload_options),
     .about =
         "Asks the gateway whose admin.address is in FILE to read its own settings file again, as\n"
         "SIGHUP does, and tells how that went. With anything wrong in it, all stays as it is\n"
         "(exit code 2). Requests that are under way keep the settings they began with.\n"},
    {.name = "settings",
     .run = settings_command,
     .summary = "print the reference of all settings",
     OPTIONS(settings_options),
     .about = "Each setting with what it takes, its bounds, its default and its meaning.\n"},
    {.name = "completion",
     .run = completion_command,
     .summary = "print the completion of bpgate for a shell",
     .word = "SHELL",
     .choices = "bash|zsh|fish",
     .most_words = 1,
     .is_word_needed = true,
     .about = "bash: source <(bpgate completion bash)\n"
              "zsh:  source <(bpgate completion zsh), or as _bpgate in a folder of $fpath\n"
              "fish: bpgate completion fish >~/.config/fish/completions/bpgate.fish\n"},
    {.name = "version",
     .run = version_command,
     .summary = "print the version, and those of the libraries",
     .about = ""},
    {.name = "help",
     .run = help_command,
     .summary = "explain a command",
     .word = "COMMAND",
     .most_words = 2,
     .about = "Without COMMAND it lists them all.\n"},
};

struct span command_first(const struct command *command)
{
    struct span rest = span_of(command->name);
    return span_cut(&rest, ' ');
}

struct span command_second(const struct command *command)
{
    struct span rest = span_of(command->name);
    (void)span_cut(&rest, ' ');
    return rest;
}

size_t command_count(void)
{
    return COUNT_OF(commands);
}

const struct command *command_at(size_t index)
{
    ASSERT(index < COUNT_OF(commands));
    return &commands[index];
}

bool command_begins_group(size_t index)
{
    return index == 0 ||
           !span_equal(command_first(command_at(index)), command_first(command_at(index - 1)));
}

const struct command *command_find(struct span first, struct span second)
{
    for (size_t i = 0; i < COUNT_OF(commands); i++) {
        struct span own = command_second(&commands[i]);
        if (span_equal(first, command_first(&commands[i])) &&
            (own.len == 0 || span_equal(second, own)))
            return &commands[i];
    }
    return NULL;
}
