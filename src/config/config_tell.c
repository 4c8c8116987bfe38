#include "config/config_tell.h"

#include <stdlib.h>

#include "base/json_writer.h"
#include "base/text.h"
#include "config/config_text.h"
#include "config/proxy_url.h"
#include "config/setting_value.h"

enum { FIRST_SIZE = 32 * KIB, MOST_SIZE = 8 * MIB, MS_IN_SECOND = 1000 };

static const struct span masked = SPAN_INIT("***");

/* --- Texts --- */

/* Without what stands before the @: a user alone may be a token. Of two @ the last one counts, so that
 * rather too much is hidden. */
static struct span without_userinfo(struct span url, struct arena *arena)
{
    size_t begin = 0, end = url.len;
    while (begin + 3 <= url.len && memcmp(url.at + begin, "://", 3) != 0)
        begin++;
    while (end > begin && url.at[end - 1] != '@')
        end--;
    if (begin + 3 > url.len || end <= begin + 3)
        return url;
    struct span rest = span_skip(url, end - 1);
    return arena_format(arena, "%.*s***%.*s", (int)begin + 3, url.at, (int)rest.len, rest.at);
}

static struct span shown_text(const struct setting *row, struct span text, struct arena *arena)
{
    if (row->form == FORM_HASH || row->form == FORM_MAP) /* a script's own: it may hold anything */
        return masked;
    bool is_url = row->form == FORM_URL || row->form == FORM_PROXY || row->form == FORM_REDIS;
    return is_url ? without_userinfo(text, arena) : text;
}

/* --- Values --- */

static bool has_value(const struct setting *row, const void *base)
{
    const void *place = (const char *)base + row->offset;
    switch (row->kind) {
    case KIND_TEXT:
        return ((const struct located *)place)->text.len > 0;
    case KIND_TEXTS:
        return ((const struct located_list *)place)->count > 0;
    case KIND_RECORDS:
        return ((const struct record_list *)place)->count > 0;
    case KIND_DATE:
    case KIND_WORDS:
        return setting_read_number(row, base) > 0;
    case KIND_AUTO:
    case KIND_WORD:
        return true;
    case KIND_COUNT:
    case KIND_PERCENT:
    case KIND_SIZE:
    case KIND_MS:
    case KIND_SECONDS:
        break;
    }
    return row->initial >= row->least || setting_read_number(row, base) > 0;
}

static void write_number(struct json_writer *json, struct span name, const struct setting *row,
                         uint64_t value)
{
    char text[SETTING_DESCRIPTION_SIZE], date[DATE_TEXT_SIZE];
    switch (row->kind) {
    case KIND_AUTO:
    case KIND_COUNT:
    case KIND_PERCENT:
        json_number(json, name, (int64_t)value);
        return;
    case KIND_DATE:
        date_write(value, date);
        json_text(json, name, span_of(date));
        return;
    default:
        break;
    }
    setting_write_value(row, row->kind == KIND_SECONDS ? value * MS_IN_SECOND : value, text);
    if (row->kind == KIND_WORD && strcmp(row->words, "false|true") == 0)
        json_bool(json, name, value != 0);
    else
        json_text(json, name, span_of(text));
}

static void write_words(struct json_writer *json, struct span name, const struct setting *row,
                        uint64_t bits)
{
    struct span rest = span_of(row->words), word;
    json_array_in(json, name);
    for (unsigned i = 0; words_next(&rest, &word); i++) {
        if (bits >> i & 1)
            json_element(json, word);
    }
    json_close(json);
}

static void write_texts(struct json_writer *json, struct span name, const struct setting *row,
                        const struct located_list *list, struct arena *arena)
{
    json_array_in(json, name);
    for (size_t i = 0; i < list->count; i++)
        json_element(json, shown_text(row, list->at[i].text, arena));
    json_close(json);
}

static void write_value(struct json_writer *json, struct span name, const struct setting *row,
                        const void *base, struct arena *arena);

static void write_records(struct json_writer *json, struct span name, const struct setting *row,
                          const struct record_list *list, struct arena *arena)
{
    const struct setting_table *table = row->records;
    json_array_in(json, name);
    for (size_t i = 0; i < list->count && !json->is_full; i++) {
        const char *record = (const char *)list->at + i * table->record_size;
        json_object(json);
        for (size_t field = 0; field < table->count; field++) {
            const struct setting *own = &table->rows[field];
            if (has_value(own, record))
                write_value(json, span_of(own->path), own, record, arena);
        }
        json_close(json);
    }
    json_close(json);
}

static void write_value(struct json_writer *json, struct span name, const struct setting *row,
                        const void *base, struct arena *arena)
{
    const void *place = (const char *)base + row->offset;
    if (row->kind == KIND_RECORDS)
        write_records(json, name, row, place, arena);
    else if (row->kind == KIND_TEXTS)
        write_texts(json, name, row, place, arena);
    else if (row->kind == KIND_WORDS)
        write_words(json, name, row, setting_read_number(row, base));
    else if (row->kind == KIND_TEXT)
        json_text(json, name, shown_text(row, ((const struct located *)place)->text, arena));
    else
        write_number(json, name, row, setting_read_number(row, base));
}

/* --- Where they come from --- */

/* Without a file there are a profile and a key made of the environment; and a proxy may be. */
static struct span source_of(const struct setting *row, const struct draft *draft,
                             struct place place)
{
    if (place.line > 0)
        return SPAN("file");
    const void *at = (const char *)draft + row->offset;
    bool is_list = row->kind == KIND_RECORDS && ((const struct record_list *)at)->is_written;
    bool is_proxy = at == &draft->proxy && draft->proxy.text.len > 0;
    return is_list || is_proxy ? SPAN("environment") : SPAN("default");
}

static void write_row(struct json_writer *json, const struct setting *row,
                      const struct draft *draft, struct arena *arena)
{
    struct place place = draft_place(draft, row->path);
    json_object_in(json, span_of(row->path));
    if (has_value(row, draft))
        write_value(json, SPAN("value"), row, draft, arena);
    else
        json_null(json, SPAN("value"));
    json_text(json, SPAN("source"), source_of(row, draft, place));
    if (place.line > 0) {
        json_number(json, SPAN("line"), place.line);
        json_number(json, SPAN("column"), place.column);
    }
    json_close(json);
}

/* --- All of them --- */

/* What rules and the environment have made of the draft. */
static struct draft *in_effect(const struct draft *draft, const struct snapshot_options *options,
                               struct arena *arena)
{
    struct upstream_url url;
    struct draft *effect = arena_alloc(arena, sizeof(*effect));
    *effect = *draft;
    effect->options = *options;
    if (draft->proxy.text.len == 0 && !upstream_url_parse(draft->url.text, &url))
        effect->proxy.text = proxy_url_of_environment(&url);
    if (draft->listen.count == 0) {
        struct draft_listen *listen = arena_zalloc(arena, sizeof(*listen));
        listen->address.text = options->listen[0].address;
        effect->listen = (struct record_list){.at = listen, .count = 1};
    }
    return effect;
}

/* False: there was not enough room. */
static bool write_all(struct json_writer *json, const struct draft *draft, const char *file,
                      struct arena *arena)
{
    const struct setting_table *table = settings_table();
    json_object(json);
    if (file)
        json_text(json, SPAN("file"), span_of(file));
    else
        json_null(json, SPAN("file"));
    json_object_in(json, SPAN("settings"));
    for (size_t i = 0; i < table->count; i++)
        write_row(json, &table->rows[i], draft, arena);
    json_close(json);
    json_close(json);
    return !json->is_full;
}

struct span config_tell(const struct draft *draft, const struct snapshot_options *options,
                        const char *file, struct arena *arena)
{
    struct arena scratch;
    struct json_writer json;
    struct span told = {NULL, 0};
    arena_init(&scratch, 2 * MOST_SIZE);
    const struct draft *effect = in_effect(draft, options, &scratch);
    for (size_t size = FIRST_SIZE; !told.at; size *= 2) {
        char *text = xcalloc(1, size);
        json_init(&json, text, size);
        if (write_all(&json, effect, file, &scratch) || size >= MOST_SIZE)
            told = arena_copy(arena, json_finish(&json));
        free(text);
    }
    arena_clear(&scratch);
    return told;
}
