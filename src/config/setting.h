/* setting.h - a row of the table of settings as data: finding it, describing it.
 *
 * The rows themselves stand in settings.h. Never changes; any thread.
 */
#ifndef CONFIG_SETTING_H
#define CONFIG_SETTING_H

#include "base/base.h"
#include "config/text_form.h"

enum setting_kind {
    KIND_COUNT,
    KIND_AUTO,    /* a number, or the word `auto`, which is 0 */
    KIND_PERCENT, /* without its sign */
    KIND_SIZE,    /* bytes */
    KIND_MS,      /* a duration, kept in milliseconds */
    KIND_SECONDS, /* a duration, kept in seconds */
    KIND_DATE,    /* kept in milliseconds since 1970 */
    KIND_WORD,    /* one of the words; kept as its place among them */
    KIND_WORDS,   /* a list of words; a bit each */
    KIND_TEXT,    /* struct located */
    KIND_TEXTS,   /* struct located_list */
    KIND_RECORDS, /* struct record_list */
};

enum { SETTING_MAX = 80, SETTING_PATH_SIZE = 96, SETTING_DESCRIPTION_SIZE = 96 };

struct setting_table;

struct setting {
    const char *path; /* with dots: "client.head_bytes" */
    enum setting_kind kind;
    bool is_needed;
    size_t offset, size;           /* of its place in the table's struct */
    uint64_t initial, least, most; /* most: of a list, how many */
    const char *initial_text;      /* of a text; NULL: none */
    enum text_form form;           /* of a text or the texts of a list */
    const char *words;             /* "forward|deny" */
    const struct setting_table *records;
    const char *help;
};

/* The settings of one map and the maps in it. */
struct setting_table {
    const char *prefix; /* before a path in messages: "", "keys[]." */
    const struct setting *rows;
    size_t count;
    size_t record_size; /* of the struct that the rows point into */
};

/* The whole file; the tables of its lists are reached through KIND_RECORDS rows. */
const struct setting_table *settings_table(void);

/* NULL when there is none. */
const struct setting *setting_find(const struct setting_table *table, struct span path);

/* Whether path names a map of settings: "client". */
bool setting_is_section(const struct setting_table *table, struct span path);

/* The known name that was probably meant by the last part of path, or NULL: a setting of that name
 * elsewhere in the table, with its whole path, or else a neighbour spelled almost so. In buffer. */
const char *setting_suggest(const struct setting_table *table, struct span path,
                            char buffer[SETTING_PATH_SIZE]);

/* The next of "forward|deny"; false at the end. */
bool words_next(struct span *rest, struct span *word);

/* For the reference. "duration", "10s" and "1ms to 10m"; empty where there is nothing to say. */
void setting_describe_kind(const struct setting *row, char text[SETTING_DESCRIPTION_SIZE]);
void setting_describe_initial(const struct setting *row, char text[SETTING_DESCRIPTION_SIZE]);
void setting_describe_bounds(const struct setting *row, char text[SETTING_DESCRIPTION_SIZE]);

/* A value as it would be written in the file. */
void setting_write_value(const struct setting *row, uint64_t value,
                         char text[SETTING_DESCRIPTION_SIZE]);

#endif
