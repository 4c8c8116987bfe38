#include "config/setting.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/text.h"
#include "config/config_text.h"
#include "config/draft.h"
#include "config/nearest.h"
#include "config/settings.h"

#define OPTIONAL false
#define NEEDED   true
#define PLACE(place_)                                                                              \
    .offset = offsetof(struct OWNER, place_), .size = sizeof(((struct OWNER *)0)->place_)

#define NUMBER_ROW(path_, place_, kind_, initial_, least_, most_, help_)                           \
    {.path = (path_),                                                                              \
     .kind = KIND_##kind_,                                                                         \
     PLACE(place_),                                                                                \
     .initial = (initial_),                                                                        \
     .least = (least_),                                                                            \
     .most = (most_),                                                                              \
     .help = (help_)},
#define TEXT_ROW(path_, place_, form_, is_needed_, initial_, help_)                                \
    {.path = (path_),                                                                              \
     .kind = KIND_TEXT,                                                                            \
     PLACE(place_),                                                                                \
     .form = FORM_##form_,                                                                         \
     .is_needed = (is_needed_),                                                                    \
     .initial_text = (initial_),                                                                   \
     .help = (help_)},
#define CHOICE_ROW(path_, place_, kind_, words_, initial_, help_)                                  \
    {.path = (path_),                                                                              \
     .kind = KIND_##kind_,                                                                         \
     PLACE(place_),                                                                                \
     .words = (words_),                                                                            \
     .initial = (initial_),                                                                        \
     .help = (help_)},
#define TEXTS_ROW(path_, place_, form_, most_, help_)                                              \
    {.path = (path_),                                                                              \
     .kind = KIND_TEXTS,                                                                           \
     PLACE(place_),                                                                                \
     .form = FORM_##form_,                                                                         \
     .most = (most_),                                                                              \
     .help = (help_)},
#define RECORDS_ROW(path_, place_, table_, is_needed_, most_, help_)                               \
    {.path = (path_),                                                                              \
     .kind = KIND_RECORDS,                                                                         \
     PLACE(place_),                                                                                \
     .records = &(table_),                                                                         \
     .is_needed = (is_needed_),                                                                    \
     .most = (most_),                                                                              \
     .help = (help_)},
#define ROWS(TABLE) TABLE(NUMBER_ROW, TEXT_ROW, CHOICE_ROW, TEXTS_ROW, RECORDS_ROW)

#define TABLE_OF(prefix_, rows_, record_)                                                          \
    {                                                                                              \
        .prefix = (prefix_), .rows = (rows_), .count = COUNT_OF(rows_),                            \
        .record_size = sizeof(struct record_)                                                      \
    }

#define OWNER draft_listen
static const struct setting listen_rows[] = {ROWS(LISTEN_FIELDS)};
#undef OWNER
static const struct setting_table listen_fields = TABLE_OF("listen[].", listen_rows, draft_listen);

#define OWNER draft_cache_rule
static const struct setting cache_rule_rows[] = {ROWS(CACHE_RULE_FIELDS)};
#undef OWNER
static const struct setting_table cache_rule_fields =
    TABLE_OF("cache.rules[].", cache_rule_rows, draft_cache_rule);

#define OWNER draft_limit
static const struct setting limit_rows[] = {ROWS(LIMIT_FIELDS)};
#undef OWNER
static const struct setting_table limit_fields = TABLE_OF("limits[].", limit_rows, draft_limit);

#define OWNER draft_filter
static const struct setting filter_rows[] = {ROWS(FILTER_FIELDS)};
#undef OWNER
static const struct setting_table filter_fields = TABLE_OF("filters[].", filter_rows, draft_filter);

#define OWNER draft_credential
static const struct setting credential_rows[] = {ROWS(CREDENTIAL_FIELDS)};
#undef OWNER
static const struct setting_table credential_fields =
    TABLE_OF("credentials[].", credential_rows, draft_credential);

#define OWNER draft_profile
static const struct setting profile_rows[] = {ROWS(PROFILE_FIELDS)};
#undef OWNER
static const struct setting_table profile_fields =
    TABLE_OF("profiles[].", profile_rows, draft_profile);

#define OWNER draft_hash
static const struct setting hash_rows[] = {ROWS(HASH_FIELDS)};
#undef OWNER
static const struct setting_table hash_fields = TABLE_OF("keys[].hashes[].", hash_rows, draft_hash);

#define OWNER draft_key
static const struct setting key_rows[] = {ROWS(KEY_FIELDS)};
#undef OWNER
static const struct setting_table key_fields = TABLE_OF("keys[].", key_rows, draft_key);

#define OWNER draft
static const struct setting rows[] = {ROWS(SETTINGS)};
#undef OWNER
static const struct setting_table whole = TABLE_OF("", rows, draft);

static_assert(COUNT_OF(rows) <= SETTING_MAX, "draft.places has a place for each row");
static_assert(COUNT_OF(profile_rows) <= SETTING_MAX, "so has a record's");

const struct setting_table *settings_table(void)
{
    return &whole;
}

const struct setting *setting_find(const struct setting_table *table, struct span path)
{
    for (size_t i = 0; i < table->count; i++) {
        if (span_equal(path, span_of(table->rows[i].path)))
            return &table->rows[i];
    }
    return NULL;
}

bool setting_is_section(const struct setting_table *table, struct span path)
{
    for (size_t i = 0; i < table->count; i++) {
        struct span row = span_of(table->rows[i].path);
        if (row.len > path.len && span_starts_with(row, path) && row.at[path.len] == '.')
            return true;
    }
    return false;
}

/* "client." of "client.head_bytes", its dot included. */
static struct span map_of(struct span path)
{
    while (path.len > 0 && path.at[path.len - 1] != '.')
        path.len--;
    return path;
}

/* The name that path has in this map, a setting's or a section's; empty when it is elsewhere. */
static struct span name_in(struct span map, struct span path)
{
    if (!span_starts_with(path, map))
        return (struct span){"", 0};
    struct span rest = span_skip(path, map.len);
    return span_cut(&rest, '.');
}

static struct span nearest_neighbour(const struct setting_table *table, struct span map,
                                     struct span name)
{
    struct nearest nearest = nearest_to(name);
    for (size_t i = 0; i < table->count; i++)
        nearest_consider(&nearest, name_in(map, span_of(table->rows[i].path)));
    return nearest.best;
}

const char *setting_suggest(const struct setting_table *table, struct span path,
                            char buffer[SETTING_PATH_SIZE])
{
    struct span map = map_of(path);
    struct span name = span_skip(path, map.len);
    for (size_t i = 0; i < table->count; i++) {
        struct span other = span_of(table->rows[i].path);
        struct span other_map = map_of(other);
        if (span_equal(span_skip(other, other_map.len), name))
            return table->rows[i].path;
    }
    struct span neighbour = nearest_neighbour(table, map, name);
    if (neighbour.len == 0)
        return NULL;
    snprintf(buffer, SETTING_PATH_SIZE, "%.*s", (int)neighbour.len, neighbour.at);
    return buffer;
}

bool words_next(struct span *rest, struct span *word)
{
    if (rest->len == 0)
        return false;
    *word = span_cut(rest, '|');
    return true;
}

void setting_describe_kind(const struct setting *row, char text[SETTING_DESCRIPTION_SIZE])
{
    static const char *const kinds[] = {
        [KIND_COUNT] = "number", [KIND_AUTO] = "auto or number", [KIND_PERCENT] = "percent",
        [KIND_SIZE] = "size",    [KIND_MS] = "duration",         [KIND_SECONDS] = "duration",
        [KIND_DATE] = "date",    [KIND_WORD] = "choice",         [KIND_WORDS] = "list",
        [KIND_TEXT] = "text",    [KIND_TEXTS] = "list",          [KIND_RECORDS] = "list of maps",
    };
    const char *kind = kinds[row->kind];
    if (row->kind == KIND_TEXT)
        kind = text_form_word(row->form);
    if (row->kind == KIND_TEXTS)
        snprintf(text, SETTING_DESCRIPTION_SIZE, "list of %ss", text_form_word(row->form));
    else
        snprintf(text, SETTING_DESCRIPTION_SIZE, "%s", kind);
}

static struct span word_at(const char *words, uint64_t place)
{
    struct span rest = span_of(words), word = {"", 0};
    for (uint64_t i = 0; i <= place; i++)
        ASSERT(words_next(&rest, &word));
    return word;
}

void setting_write_value(const struct setting *row, uint64_t value,
                         char text[SETTING_DESCRIPTION_SIZE])
{
    char amount[AMOUNT_TEXT_SIZE];
    switch (row->kind) {
    case KIND_SIZE:
        size_write(value, amount);
        break;
    case KIND_MS:
    case KIND_SECONDS:
        duration_write(value, amount);
        break;
    case KIND_WORD:
        snprintf(amount, sizeof(amount), "%.*s", (int)word_at(row->words, value).len,
                 word_at(row->words, value).at);
        break;
    case KIND_AUTO:
    case KIND_COUNT:
    case KIND_PERCENT:
    case KIND_DATE:
    case KIND_WORDS:
    case KIND_TEXT:
    case KIND_TEXTS:
    case KIND_RECORDS:
        snprintf(amount, sizeof(amount), "%" PRIu64, value);
        break;
    }
    snprintf(text, SETTING_DESCRIPTION_SIZE, "%s", amount);
}

void setting_describe_initial(const struct setting *row, char text[SETTING_DESCRIPTION_SIZE])
{
    bool is_list = row->kind == KIND_WORDS || row->kind == KIND_TEXTS || row->kind == KIND_RECORDS;
    bool has_none = is_list || row->kind == KIND_DATE || row->initial < row->least;
    if (row->kind == KIND_TEXT)
        snprintf(text, SETTING_DESCRIPTION_SIZE, "%s", row->initial_text ? row->initial_text : "");
    else if (row->kind == KIND_AUTO && row->initial == 0)
        snprintf(text, SETTING_DESCRIPTION_SIZE, "auto");
    else if (has_none)
        text[0] = '\0';
    else
        setting_write_value(row, row->initial, text);
}

void setting_describe_bounds(const struct setting *row, char text[SETTING_DESCRIPTION_SIZE])
{
    char least[SETTING_DESCRIPTION_SIZE], most[SETTING_DESCRIPTION_SIZE];
    struct span rest = span_of(row->words), word;
    size_t len = 0;
    text[0] = '\0';
    if (row->words) {
        while (words_next(&rest, &word) && len < SETTING_DESCRIPTION_SIZE)
            len += (size_t)snprintf(text + len, SETTING_DESCRIPTION_SIZE - len, "%s%.*s",
                                    len > 0 ? ", " : "", (int)word.len, word.at);
    } else if (row->kind == KIND_TEXTS || row->kind == KIND_RECORDS) {
        snprintf(text, SETTING_DESCRIPTION_SIZE, "at most %" PRIu64, row->most);
    } else if (row->kind != KIND_TEXT && row->kind != KIND_DATE) {
        setting_write_value(row, row->least, least);
        setting_write_value(row, row->most, most);
        snprintf(text, SETTING_DESCRIPTION_SIZE, "%.40s to %.40s", least, most);
    }
}
