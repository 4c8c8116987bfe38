#include <stdio.h>

#include <openssl/crypto.h>

#include "base/clock.h"
#include "base/text.h"
#include "botpress/route_catalogue.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/key_entry.h"
#include "cli/output.h"
#include "config/config_text.h"
#include "config/text_form.h"
#include "gateway/operation_list.h"

enum { LIST_ARENA_LIMIT = MIB, MAX_OPERATIONS = 64 };

static bool has_name_form(const char *option, const char *value)
{
    const char *fault = text_form_fault(FORM_NAME, span_of(value));
    if (fault)
        output_error("%s %s", option, fault);
    return !fault;
}

static bool is_future(const char *expires)
{
    uint64_t ms = 0;
    if (!expires)
        return true;
    if (!date_parse(span_of(expires), &ms)) {
        output_error("--expires must be a date such as 2027-01-31 or 2027-01-31T12:00:00Z");
        return false;
    }
    if (ms <= clock_wall_ms()) {
        output_error("--expires is in the past: the key would never work; name a later date");
        return false;
    }
    return true;
}

static bool are_operations(const struct id_list *list)
{
    struct arena arena;
    struct scope scope;
    struct scope_error error;
    arena_init(&arena, LIST_ARENA_LIMIT);
    enum status status = scope_compile(&scope, list->at, list->count, operation_list(&arena),
                                       operation_count(), &error);
    arena_clear(&arena);
    if (status != OK)
        output_error("--operations: %s", error.text);
    return status == OK;
}

static bool take_operations(const char *text, struct span elements[MAX_OPERATIONS],
                            struct id_list *list)
{
    struct span rest = span_of(text ? text : "all"), element;
    *list = (struct id_list){elements, 0};
    while (span_next_element(&rest, &element)) {
        if (list->count == MAX_OPERATIONS) {
            output_error("--operations takes at most %d; write more into the entry",
                         MAX_OPERATIONS);
            return false;
        }
        elements[list->count++] = element;
    }
    if (list->count == 0)
        output_error("--operations is empty; leave it out for all");
    return list->count > 0 && are_operations(list);
}

static void show_entry(const struct key_entry *entry)
{
    printf("# The key, for the program that calls. It is not shown again.\n%s\n\n", entry->key);
    puts("# Its entry, for the settings file, under `keys:`.");
    key_entry_write_yaml(stdout, entry);
}

int key_new_command(const struct arguments *arguments)
{
    struct key_entry entry = {.hash_count = 0};
    struct span operations[MAX_OPERATIONS];
    const char *name = arguments_value(arguments, "--name");
    const char *profile = arguments_value(arguments, "--profile");
    const char *expires = arguments_value(arguments, "--expires");
    if (!has_name_form("--name", name) || !has_name_form("--profile", profile) ||
        !is_future(expires) ||
        !take_operations(arguments_value(arguments, "--operations"), operations, &entry.operations))
        return EXIT_USAGE;
    entry.name = span_of(name);
    entry.profile = span_of(profile);
    entry.expires = span_of(expires);
    key_entry_make_key(&entry, SPAN(""));
    if (arguments_has(arguments, "--json"))
        key_entry_write_json(stdout, &entry);
    else
        show_entry(&entry);
    OPENSSL_cleanse(entry.key, sizeof(entry.key));
    return EXIT_OK;
}
