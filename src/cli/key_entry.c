#include "cli/key_entry.h"

#include "base/json_writer.h"
#include "base/text.h"

enum { HEX_SIZE = 2 * KEY_HASH_SIZE + 1, JSON_SIZE = 64 * KIB };

static struct span id_of(const struct key_entry *entry, char hex[HEX_SIZE])
{
    struct gateway_key key;
    unsigned char hash[KEY_HASH_SIZE];
    ASSERT(gateway_key_parse(span_of(entry->key), &key) == KEY_FORM_GOOD);
    gateway_key_hash(key.secret, hash);
    for (size_t i = 0; i < sizeof(hash); i++)
        snprintf(hex + 2 * i, 3, "%02x", hash[i]);
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

void key_entry_write_yaml(FILE *file, const struct key_entry *entry)
{
    char hex[HEX_SIZE];
    struct span id = id_of(entry, hex);
    fprintf(file, "# The key, for the program that calls. It is not shown again.\n%s\n\n",
            entry->key);
    fputs("# Its entry, for the configuration, under `keys:`.\n", file);
    fprintf(file, "  - id: \"%.*s\"\n", (int)id.len, id.at);
    write_line(file, "name", span_of(entry->name));
    fprintf(file, "    hashes:\n      - sha256: \"%s\"\n", hex);
    write_line(file, "profile", span_of(entry->profile));
    fputs("    operations: [", file);
    for (size_t i = 0; i < entry->operation_count; i++) {
        fputs(i > 0 ? ", " : "", file);
        write_word(file, entry->operations[i]);
    }
    fputs("]\n", file);
    if (entry->expires)
        fprintf(file, "    expires: \"%s\"\n", entry->expires);
}

void key_entry_write_json(FILE *file, const struct key_entry *entry)
{
    char text[JSON_SIZE], hex[HEX_SIZE];
    struct json_writer json;
    struct span id = id_of(entry, hex);
    json_init(&json, text, sizeof(text));
    json_object(&json);
    json_text(&json, SPAN("key"), span_of(entry->key));
    json_object_in(&json, SPAN("entry"));
    json_text(&json, SPAN("id"), id);
    json_text(&json, SPAN("name"), span_of(entry->name));
    json_array_in(&json, SPAN("hashes"));
    json_object(&json);
    json_text(&json, SPAN("sha256"), span_of(hex));
    json_close(&json);
    json_close(&json);
    json_text(&json, SPAN("profile"), span_of(entry->profile));
    json_array_in(&json, SPAN("operations"));
    for (size_t i = 0; i < entry->operation_count; i++)
        json_element(&json, entry->operations[i]);
    json_close(&json);
    if (entry->expires)
        json_text(&json, SPAN("expires"), span_of(entry->expires));
    struct span line = json_finish(&json);
    fprintf(file, "%.*s\n", (int)line.len, line.at);
}
