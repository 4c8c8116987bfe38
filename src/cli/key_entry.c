#include "cli/key_entry.h"

#include <stdlib.h>

#include "base/json_writer.h"
#include "base/text.h"

/* Texts come from a file of at most 1 MiB; an escape may double them. */
enum { JSON_SIZE = 4 * MIB };

void key_entry_make_key(struct key_entry *entry, struct span id)
{
    struct gateway_key key;
    unsigned char hash[KEY_HASH_SIZE];
    if (id.len > 0)
        gateway_key_make_again(id, entry->key);
    else
        gateway_key_make(entry->key);
    ASSERT(gateway_key_parse(span_of(entry->key), &key) == KEY_FORM_GOOD);
    gateway_key_hash(key.secret, hash);
    for (size_t i = 0; i < sizeof(hash); i++)
        snprintf(entry->hashes[0].sha256 + 2 * i, 3, "%02x", hash[i]);
    entry->hash_count = 1;
}

static struct span id_of(const struct key_entry *entry)
{
    struct gateway_key key;
    ASSERT(gateway_key_parse(span_of(entry->key), &key) == KEY_FORM_GOOD);
    return key.id;
}

/* Letters, digits and what has no meaning in YAML inside a word; everything else is quoted. */
static bool is_plain(struct span text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = ascii_lower(text.at[i]);
        bool is_letter = c >= 'a' && c <= 'z';
        bool is_inner = (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
        if (!is_letter && !(is_inner && i > 0))
            return false;
    }
    return text.len > 0 && !span_equal_nocase(text, SPAN("null"));
}

/* Double-quoted where needed; a JSON string is one of YAML too. */
static void write_word(FILE *file, struct span text)
{
    if (is_plain(text)) {
        fprintf(file, "%.*s", (int)text.len, text.at);
        return;
    }
    fputc('"', file);
    for (size_t i = 0; i < text.len; i++)
        fprintf(file, "%s%c", text.at[i] == '"' || text.at[i] == '\\' ? "\\" : "", text.at[i]);
    fputc('"', file);
}

static void write_line(FILE *file, const char *name, struct span value)
{
    fprintf(file, "    %s: ", name);
    write_word(file, value);
    fputc('\n', file);
}

static void write_list(FILE *file, const char *name, const struct id_list *list)
{
    if (!list->at)
        return;
    fprintf(file, "    %s: [", name);
    for (size_t i = 0; i < list->count; i++) {
        fputs(i > 0 ? ", " : "", file);
        write_word(file, list->at[i]);
    }
    fputs("]\n", file);
}

void key_entry_write_yaml(FILE *file, const struct key_entry *entry)
{
    struct span id = id_of(entry);
    fprintf(file, "  - id: \"%.*s\"\n", (int)id.len, id.at);
    write_line(file, "name", entry->name);
    fputs("    hashes:\n", file);
    for (size_t i = 0; i < entry->hash_count; i++) {
        fprintf(file, "      - sha256: \"%s\"\n", entry->hashes[i].sha256);
        if (entry->hashes[i].not_after[0])
            fprintf(file, "        not_after: \"%s\"\n", entry->hashes[i].not_after);
    }
    write_list(file, "certificates", &entry->certificates);
    write_line(file, "profile", entry->profile);
    write_list(file, "operations", &entry->operations);
    write_list(file, "bots", &entry->bots);
    write_list(file, "cidrs", &entry->cidrs);
    if (entry->expires.len > 0)
        fprintf(file, "    expires: \"%.*s\"\n", (int)entry->expires.len, entry->expires.at);
    if (entry->is_disabled)
        fputs("    disabled: true\n", file);
}

static void add_list(struct json_writer *json, struct span name, const struct id_list *list)
{
    if (!list->at)
        return;
    json_array_in(json, name);
    for (size_t i = 0; i < list->count; i++)
        json_element(json, list->at[i]);
    json_close(json);
}

static void add_hashes(struct json_writer *json, const struct key_entry *entry)
{
    json_array_in(json, SPAN("hashes"));
    for (size_t i = 0; i < entry->hash_count; i++) {
        json_object(json);
        json_text(json, SPAN("sha256"), span_of(entry->hashes[i].sha256));
        if (entry->hashes[i].not_after[0])
            json_text(json, SPAN("not_after"), span_of(entry->hashes[i].not_after));
        json_close(json);
    }
    json_close(json);
}

void key_entry_write_json(FILE *file, const struct key_entry *entry)
{
    struct json_writer json;
    char *text = xmalloc(JSON_SIZE);
    json_init(&json, text, JSON_SIZE);
    json_object(&json);
    json_text(&json, SPAN("key"), span_of(entry->key));
    json_object_in(&json, SPAN("entry"));
    json_text(&json, SPAN("id"), id_of(entry));
    json_text(&json, SPAN("name"), entry->name);
    add_hashes(&json, entry);
    add_list(&json, SPAN("certificates"), &entry->certificates);
    json_text(&json, SPAN("profile"), entry->profile);
    add_list(&json, SPAN("operations"), &entry->operations);
    add_list(&json, SPAN("bots"), &entry->bots);
    add_list(&json, SPAN("cidrs"), &entry->cidrs);
    if (entry->expires.len > 0)
        json_text(&json, SPAN("expires"), entry->expires);
    if (entry->is_disabled)
        json_bool(&json, SPAN("disabled"), true);
    struct span line = json_finish(&json);
    fprintf(file, "%.*s\n", (int)line.len, line.at);
    free(text);
}
