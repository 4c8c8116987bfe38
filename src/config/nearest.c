#include "config/nearest.h"

#include "auth/edit_distance.h"

/* A third of the letters may be wrong, and one more, so that short words have a chance. */
struct nearest nearest_to(struct span typed)
{
    return (struct nearest){.typed = typed, .best = {"", 0}, .bound = typed.len / 3 + 2};
}

void nearest_consider(struct nearest *nearest, struct span candidate)
{
    if (nearest->bound == 0 || candidate.len == 0)
        return;
    size_t distance = edit_distance(nearest->typed, candidate, nearest->bound - 1);
    /* As many edits as there are letters make any word of any other. */
    if (distance >= nearest->bound || distance >= nearest->typed.len)
        return;
    nearest->best = candidate;
    nearest->bound = distance;
}
