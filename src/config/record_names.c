#include "config/record_names.h"

#include <stdlib.h>

#include "base/text.h"
#include "config/nearest.h"

static const struct located *name_at(const struct record_names *names, size_t index)
{
    return (const void *)((const char *)names->list->at + index * names->record_size +
                          names->offset);
}

/* Equal names in the order of the file. */
static int compare(const void *left, const void *right)
{
    const struct located *a = *(const struct located *const *)left;
    const struct located *b = *(const struct located *const *)right;
    size_t len = a->text.len < b->text.len ? a->text.len : b->text.len;
    int order = len > 0 ? memcmp(a->text.at, b->text.at, len) : 0;
    if (order == 0 && a->text.len != b->text.len)
        return a->text.len < b->text.len ? -1 : 1;
    if (order == 0 && a->place.line != b->place.line)
        return a->place.line < b->place.line ? -1 : 1;
    return order;
}

void record_names_require_different(const struct record_names *names, struct config_errors *errors)
{
    size_t count = names->list->count;
    if (count < 2)
        return;
    const struct located **sorted = xcalloc(count, sizeof(const struct located *));
    for (size_t i = 0; i < count; i++)
        sorted[i] = name_at(names, i);
    qsort(sorted, count, sizeof(const struct located *), compare);
    for (size_t i = 1; i < count; i++) {
        if (sorted[i]->text.len > 0 && span_equal(sorted[i]->text, sorted[i - 1]->text))
            config_errors_add(errors, sorted[i]->place,
                              "%s \"%s\" is here twice, first in line %u; give each its own",
                              names->what, show(sorted[i]->text).text, sorted[i - 1]->place.line);
    }
    free(sorted);
}

static struct span find_nearest(const struct record_names *names, struct span wanted)
{
    struct nearest nearest = nearest_to(wanted);
    for (size_t i = 0; i < names->list->count; i++)
        nearest_consider(&nearest, name_at(names, i)->text);
    return nearest.best;
}

int record_names_resolve(const struct record_names *names, const struct located *wanted,
                         const char *who, struct config_errors *errors)
{
    if (wanted->text.len == 0)
        return -1;
    for (size_t i = 0; i < names->list->count; i++) {
        if (span_equal(wanted->text, name_at(names, i)->text))
            return (int)i;
    }
    struct span meant = find_nearest(names, wanted->text);
    if (meant.len > 0)
        config_errors_add(errors, wanted->place,
                          "%s names \"%s\", which is no %s; did you mean \"%s\"?", who,
                          show(wanted->text).text, names->what, show(meant).text);
    else
        config_errors_add(errors, wanted->place,
                          "%s names \"%s\", which is no %s; add it or name another", who,
                          show(wanted->text).text, names->what);
    return -1;
}
