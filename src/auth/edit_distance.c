#include "auth/edit_distance.h"

#include "base/text.h"

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Wagner and Fischer's table, of which one row is kept. row[j] comes in as the distance of the
 * first i characters of a to the first j of b, and leaves for i + 1. Returns the row's least. */
static size_t next_row(size_t row[EDIT_MAX_LEN + 1], size_t i, char c, struct span b)
{
    size_t diagonal = row[0], lowest = row[0] = i + 1;
    for (size_t j = 0; j < b.len; j++) {
        size_t replaced = diagonal + (ascii_lower(c) != ascii_lower(b.at[j]));
        diagonal = row[j + 1];
        row[j + 1] = least(replaced, least(row[j], row[j + 1]) + 1);
        lowest = least(lowest, row[j + 1]);
    }
    return lowest;
}

size_t edit_distance(struct span a, struct span b, size_t bound)
{
    size_t row[EDIT_MAX_LEN + 1];
    if (a.len > EDIT_MAX_LEN || b.len > EDIT_MAX_LEN)
        return bound + 1;
    for (size_t j = 0; j <= b.len; j++)
        row[j] = j;
    for (size_t i = 0; i < a.len; i++) {
        /* Rows never get better: nothing below this one is within the bound either. */
        if (next_row(row, i, a.at[i], b) > bound)
            return bound + 1;
    }
    return least(row[b.len], bound + 1);
}
