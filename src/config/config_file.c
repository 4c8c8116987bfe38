#include "config/config_file.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/text.h"
#include "config/setting_value.h"
#include "config/yaml_json.h"
#include "config/yaml_tree.h"

/* Each value is charged with its bytes and what the lists and the snapshot will need for it. */
enum { BUDGET = 32 * MIB, VALUE_COST = 64, RECORD_COST = 768 };

static_assert(4 * BUDGET < DRAFT_ARENA_LIMIT, "blocks of an arena may be left part empty");

struct walk {
    yaml_document_t *document;
    struct arena *texts, *lists;
    struct config_errors *errors;
    size_t budget;
};

/* One map being read: its table, the struct to fill, and where its settings stood. */
struct level {
    const struct setting_table *table;
    void *base;
    struct place *places;
};

static struct place place_of(const yaml_node_t *node)
{
    return yaml_tree_place(node->start_mark);
}

static struct span text_of(const yaml_node_t *scalar)
{
    return (struct span){(const char *)scalar->data.scalar.value, scalar->data.scalar.length};
}

static yaml_node_t *node_at(struct walk *walk, int index)
{
    return yaml_document_get_node(walk->document, index);
}

static bool is_plain_word(const yaml_node_t *node, struct span word)
{
    return node->type == YAML_SCALAR_NODE && node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
           span_equal(text_of(node), word);
}

/* "key:" with nothing behind it, "~" or "null". */
static bool is_null(const yaml_node_t *node)
{
    return is_plain_word(node, SPAN("")) || is_plain_word(node, SPAN("~")) ||
           is_plain_word(node, SPAN("null"));
}

/* YAML takes !delete* for the type of what follows, and a text without quotes may mean that. */
static bool has_own_tag(const yaml_node_t *node)
{
    return node->tag && node->tag[0] == '!' && node->tag[1] != '\0';
}

/* False once the file has passed the bound, which a short file can with aliases. */
static bool charge(struct walk *walk, const yaml_node_t *node, size_t bytes)
{
    if (bytes <= walk->budget) {
        walk->budget -= bytes;
        return true;
    }
    if (walk->budget > 0)
        config_errors_add(walk->errors, place_of(node),
                          "the configuration is too large from here on; use fewer aliases");
    walk->budget = 0;
    return false;
}

static bool must_stop(const struct walk *walk)
{
    return walk->budget == 0 || config_errors_are_full(walk->errors);
}

static void say(struct walk *walk, const struct level *level, const struct setting *row,
                const yaml_node_t *node, const char *fault)
{
    config_errors_add(walk->errors, place_of(node), "%s%s %s", level->table->prefix, row->path,
                      fault);
}

/* A copy of the scalar's text, terminated. */
static bool copy_text(struct walk *walk, const yaml_node_t *node, struct located *copy)
{
    struct span text = text_of(node);
    if (!charge(walk, node, text.len + VALUE_COST))
        return false;
    char *bytes = arena_alloc(walk->texts, text.len + 1);
    memcpy(bytes, text.at, text.len);
    bytes[text.len] = '\0';
    *copy = (struct located){{bytes, text.len}, place_of(node)};
    return true;
}

static void read_scalar(struct walk *walk, const struct level *level, const struct setting *row,
                        const yaml_node_t *node)
{
    char error[VALUE_ERROR_SIZE];
    struct located value;
    if (node->type != YAML_SCALAR_NODE)
        say(walk, level, row, node, "takes one value; write it behind the colon");
    else if (is_null(node))
        say(walk, level, row, node, "has no value; give it one or remove the line");
    else if (copy_text(walk, node, &value) && !setting_store(row, level->base, value, error))
        say(walk, level, row, node, error);
}

/* A map whose names are not ours, as JSON. */
static void read_free_map(struct walk *walk, const struct level *level, const struct setting *row,
                          yaml_node_t *node)
{
    struct located *place = (void *)((char *)level->base + row->offset);
    struct buffer json;
    buffer_init(&json, YAML_JSON_MAX);
    const char *fault = yaml_json_write(walk->document, node, &json);
    if (fault) {
        say(walk, level, row, node, fault);
    } else if (charge(walk, node, json.len + VALUE_COST)) {
        place->text = arena_copy(walk->texts, buffer_bytes(&json));
        place->place = place_of(node);
    }
    buffer_clear(&json);
}

/* False, and a problem, when it is no list of at most row->most items. */
static bool count_items(struct walk *walk, const struct level *level, const struct setting *row,
                        const yaml_node_t *node, size_t *count)
{
    *count = 0;
    if (is_null(node))
        return true;
    if (node->type != YAML_SEQUENCE_NODE) {
        say(walk, level, row, node,
            row->kind == KIND_RECORDS ? "must be a list; begin each entry with \"- \""
                                      : "must be a list; put it in brackets: [...]");
        return false;
    }
    *count = (size_t)(node->data.sequence.items.top - node->data.sequence.items.start);
    if (row->kind == KIND_WORDS || *count <= row->most)
        return true;
    config_errors_add(walk->errors, place_of(node),
                      "%s%s may have at most %u entries; this list has %zu", level->table->prefix,
                      row->path, (unsigned)row->most, *count);
    return false;
}

/* A word or text of a list; NULL, and a problem, when it is something else. */
static yaml_node_t *text_item(struct walk *walk, const struct level *level,
                              const struct setting *row, yaml_node_t *list, size_t index)
{
    yaml_node_t *item = node_at(walk, list->data.sequence.items.start[index]);
    if (has_own_tag(item)) {
        say(walk, level, row, item, "has a text that begins with !; put it into quotes");
        return NULL;
    }
    if (item->type == YAML_SCALAR_NODE && !is_null(item))
        return item;
    config_errors_add(walk->errors, place_of(item),
                      "%s%s must be a list of texts; write each entry as one word",
                      level->table->prefix, row->path);
    return NULL;
}

static void read_set(struct walk *walk, const struct level *level, const struct setting *row,
                     yaml_node_t *node)
{
    char error[VALUE_ERROR_SIZE];
    size_t count;
    if (!count_items(walk, level, row, node, &count))
        return;
    for (size_t i = 0; i < count && !must_stop(walk); i++) {
        yaml_node_t *item = text_item(walk, level, row, node, i);
        if (item && charge(walk, item, VALUE_COST) &&
            !setting_add_word(row, level->base, text_of(item), error))
            say(walk, level, row, item, error);
    }
}

static void read_texts(struct walk *walk, const struct level *level, const struct setting *row,
                       yaml_node_t *node)
{
    struct located_list *list = (void *)((char *)level->base + row->offset);
    size_t count;
    if (!count_items(walk, level, row, node, &count) ||
        !charge(walk, node, count * sizeof(list->at[0])))
        return;
    list->place = place_of(node);
    list->written = count;
    list->at = arena_alloc(walk->lists, count * sizeof(list->at[0]));
    for (size_t i = 0; i < count && !must_stop(walk); i++) {
        yaml_node_t *item = text_item(walk, level, row, node, i);
        if (!item || !copy_text(walk, item, &list->at[list->count]))
            continue;
        const char *fault = text_form_fault(row->form, list->at[list->count].text);
        if (fault)
            say(walk, level, row, item, fault);
        else
            list->count++;
    }
}

static void read_map(struct walk *walk, const struct level *level, struct span prefix,
                     yaml_node_t *map);

static bool is_given(const struct level *level, const struct setting *row)
{
    return level->places[row - level->table->rows].line > 0;
}

static void read_record(struct walk *walk, const struct setting_table *table, void *record,
                        yaml_node_t *node)
{
    struct place places[SETTING_MAX] = {0};
    const struct level level = {table, record, places};
    struct place *own = record; /* the first member of every record */
    *own = place_of(node);
    if (node->type != YAML_MAPPING_NODE) {
        size_t len = strlen(table->prefix) - strlen("[].");
        config_errors_add(walk->errors, place_of(node),
                          "an entry of %.*s must be a map; write \"name: value\" pairs", (int)len,
                          table->prefix);
        return;
    }
    for (size_t i = 0; i < table->count; i++)
        setting_store_initial(&table->rows[i], record);
    read_map(walk, &level, SPAN(""), node);
    for (size_t i = 0; i < table->count && !must_stop(walk); i++) {
        if (table->rows[i].is_needed && !is_given(&level, &table->rows[i]))
            config_errors_add(walk->errors, place_of(node), "%s%s is missing; this entry needs it",
                              table->prefix, table->rows[i].path);
    }
}

/* Entries with problems stay in the list: whoever names them should not get a second problem. */
static void read_records(struct walk *walk, const struct level *level, const struct setting *row,
                         yaml_node_t *node)
{
    struct record_list *list = (void *)((char *)level->base + row->offset);
    size_t size = row->records->record_size;
    size_t count;
    list->is_written = true;
    if (!count_items(walk, level, row, node, &count) ||
        !charge(walk, node, count * (size + RECORD_COST)))
        return;
    list->place = place_of(node);
    list->at = arena_zalloc(walk->lists, count * size);
    for (size_t i = 0; i < count && !must_stop(walk); i++) {
        void *record = (char *)list->at + i * size;
        read_record(walk, row->records, record, node_at(walk, node->data.sequence.items.start[i]));
        list->count++;
    }
    if (row->is_needed && count == 0)
        say(walk, level, row, node, "is empty; this entry needs one");
}

static void read_value(struct walk *walk, const struct level *level, const struct setting *row,
                       yaml_node_t *node)
{
    level->places[row - level->table->rows] = place_of(node);
    if (has_own_tag(node)) {
        say(walk, level, row, node, "has a text that begins with !; put it into quotes");
        return;
    }
    if (row->kind == KIND_RECORDS)
        read_records(walk, level, row, node);
    else if (row->kind == KIND_TEXTS)
        read_texts(walk, level, row, node);
    else if (row->kind == KIND_WORDS)
        read_set(walk, level, row, node);
    else if (row->kind == KIND_TEXT && row->form == FORM_MAP)
        read_free_map(walk, level, row, node);
    else
        read_scalar(walk, level, row, node);
}

static void say_unknown(struct walk *walk, const struct setting_table *table, struct span path,
                        const yaml_node_t *key)
{
    char whole[2 * SETTING_PATH_SIZE], buffer[SETTING_PATH_SIZE];
    (void)snprintf(whole, sizeof(whole), "%s%s", table->prefix, show(path).text);
    const char *suggestion = setting_suggest(table, path, buffer);
    if (setting_find(table, path))
        config_errors_add(walk->errors, place_of(key),
                          "\"%s\" is a path; write a map for each part before a dot", whole);
    else if (suggestion)
        config_errors_add(walk->errors, place_of(key),
                          "\"%s\" is not a setting; did you mean \"%s\"?", whole, suggestion);
    else
        config_errors_add(walk->errors, place_of(key),
                          "\"%s\" is not a setting; `bpgate settings` lists them all", whole);
}

static bool is_empty(const yaml_node_t *node)
{
    return is_null(node) || (node->type == YAML_MAPPING_NODE &&
                             node->data.mapping.pairs.start == node->data.mapping.pairs.top);
}

/* A map of settings within the table: "client". */
static void read_section(struct walk *walk, const struct level *level, struct span path,
                         yaml_node_t *node)
{
    char prefix[SETTING_PATH_SIZE];
    /* A section of an entry is there for a purpose: `tls: {}` must not mean that there is none. */
    if (level->table->prefix[0] != '\0' && is_empty(node)) {
        config_errors_add(walk->errors, place_of(node),
                          "%s%s is empty; put its settings below it or remove it",
                          level->table->prefix, show(path).text);
        return;
    }
    if (is_null(node))
        return;
    if (node->type != YAML_MAPPING_NODE) {
        config_errors_add(walk->errors, place_of(node),
                          "%s holds further settings; put them below it, indented",
                          show(path).text);
        return;
    }
    int len = snprintf(prefix, sizeof(prefix), "%.*s.", (int)path.len, path.at);
    read_map(walk, level, (struct span){prefix, (size_t)len}, node);
}

static void read_pair(struct walk *walk, const struct level *level, struct span prefix,
                      const yaml_node_pair_t *pair)
{
    yaml_node_t *key = node_at(walk, pair->key), *value = node_at(walk, pair->value);
    struct span name = text_of(key);
    char whole[SETTING_PATH_SIZE];
    if (prefix.len + name.len >= sizeof(whole)) {
        say_unknown(walk, level->table, name, key);
        return;
    }
    memcpy(whole, prefix.at, prefix.len);
    memcpy(whole + prefix.len, name.at, name.len);
    struct span path = {whole, prefix.len + name.len};
    /* "client.head_bytes: …" as one key is no path, it is a name with a dot in it. */
    bool has_dot = name.len == 0 || memchr(name.at, '.', name.len) != NULL;
    const struct setting *row = has_dot ? NULL : setting_find(level->table, path);
    if (row)
        read_value(walk, level, row, value);
    else if (!has_dot && setting_is_section(level->table, path))
        read_section(walk, level, path, value);
    else
        say_unknown(walk, level->table, path, key);
}

/* The same name before this pair of the map, or NULL. Few are looked at: every name that is unknown
 * or doubled is a problem, and the walk stops when there are too many. */
static const yaml_node_t *find_earlier(struct walk *walk, const yaml_node_t *map,
                                       const yaml_node_pair_t *pair)
{
    struct span name = text_of(node_at(walk, pair->key));
    for (const yaml_node_pair_t *p = map->data.mapping.pairs.start; p < pair; p++) {
        const yaml_node_t *key = node_at(walk, p->key);
        if (key->type == YAML_SCALAR_NODE && span_equal(text_of(key), name))
            return key;
    }
    return NULL;
}

static void read_map(struct walk *walk, const struct level *level, struct span prefix,
                     yaml_node_t *map)
{
    const yaml_node_pair_t *pair = map->data.mapping.pairs.start;
    for (; pair < map->data.mapping.pairs.top && !must_stop(walk); pair++) {
        const yaml_node_t *key = node_at(walk, pair->key);
        if (!charge(walk, key, VALUE_COST))
            return;
        if (key->type != YAML_SCALAR_NODE) {
            config_errors_add(walk->errors, place_of(key),
                              "a setting's name must be a word; write \"name: value\"");
            continue;
        }
        const yaml_node_t *earlier = find_earlier(walk, map, pair);
        if (earlier)
            config_errors_add(walk->errors, place_of(key),
                              "\"%s\" is here twice, first in line %u; remove one",
                              show(text_of(key)).text, place_of(earlier).line);
        else
            read_pair(walk, level, prefix, pair);
    }
}

static void walk_document(struct walk *walk, struct draft *draft)
{
    const struct level level = {settings_table(), draft, draft->places};
    yaml_node_t *root = yaml_document_get_root_node(walk->document);
    if (!root || is_null(root))
        return;
    if (root->type != YAML_MAPPING_NODE)
        config_errors_add(walk->errors, place_of(root),
                          "this is not a map of settings; write \"name: value\" lines");
    else
        read_map(walk, &level, SPAN(""), root);
}

bool config_file_walk(struct span yaml, struct draft *draft, struct arena *texts,
                      struct arena *lists, struct config_errors *errors)
{
    yaml_document_t document;
    if (!yaml_tree_load(yaml, &document, errors))
        return false;
    struct walk walk = {
        .document = &document, .texts = texts, .lists = lists, .errors = errors, .budget = BUDGET};
    walk_document(&walk, draft);
    yaml_document_delete(&document);
    return !must_stop(&walk);
}

char *config_file_read(const char *path, size_t *len, struct config_errors *errors)
{
    const struct place nowhere = {0};
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        config_errors_add(errors, nowhere,
                          "cannot be opened: %s; name another settings file with --config FILE, or "
                          "run without one, where BOTPRESS_TOKEN is enough",
                          strerror(errno));
        return NULL;
    }
    char *text = xmalloc((size_t)CONFIG_FILE_MAX + 2);
    ssize_t got = 0;
    *len = 0;
    do {
        got = read(file, text + *len, (size_t)CONFIG_FILE_MAX + 1 - *len);
        *len += got > 0 ? (size_t)got : 0;
    } while (got > 0 || (got < 0 && errno == EINTR));
    int error = errno;
    close(file);
    if (got == 0 && *len <= CONFIG_FILE_MAX) {
        text[*len] = '\0';
        return text;
    }
    if (got < 0)
        config_errors_add(errors, nowhere,
                          "cannot be read: %s; name the settings file with --config FILE",
                          strerror(error));
    else
        config_errors_add(errors, yaml_tree_offset((struct span){text, *len}, CONFIG_FILE_MAX),
                          "the file is larger than 2 MiB from here on, which no settings need; "
                          "name another with --config FILE");
    free(text);
    return NULL;
}
