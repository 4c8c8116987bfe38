/* setting_value.h - from the text of a setting to its value, by its row. */
#ifndef CONFIG_SETTING_VALUE_H
#define CONFIG_SETTING_VALUE_H

#include "config/draft.h"

enum { VALUE_ERROR_SIZE = 320 };

/* The default into base, which is the table's struct. Lists stay empty. */
void setting_store_initial(const struct setting *row, void *base);

/* A value into base, for rows that take one text (no, RECORDS). The text is terminated
 * and lives as long as base. False when it is not what the row takes: base is as before, and error is
 * the rest of a sentence that begins with the setting's name. */
bool setting_store(const struct setting *row, void *base, struct located value,
                   char error[VALUE_ERROR_SIZE]) MUST_CHECK;

/* The value of a row that is no text and no list of texts or records; of WORDS its bits. */
uint64_t setting_read_number(const struct setting *row, const void *base);

/* One word of a WORDS row, added to the others. */
bool setting_add_word(const struct setting *row, void *base, struct span word,
                      char error[VALUE_ERROR_SIZE]) MUST_CHECK;

#endif
