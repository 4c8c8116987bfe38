#include "config/draft.h"

#include "base/text.h"
#include "config/setting_value.h"

void draft_init(struct draft *draft)
{
    const struct setting_table *table = settings_table();
    memset(draft, 0, sizeof(*draft));
    for (size_t i = 0; i < table->count; i++)
        setting_store_initial(&table->rows[i], draft);
}

struct place draft_place(const struct draft *draft, const char *path)
{
    const struct setting_table *table = settings_table();
    const struct setting *row = setting_find(table, span_of(path));
    ASSERT(row);
    return draft->places[row - table->rows];
}
