#include "admin/log_level.h"

#include <jansson.h>

#include "base/text.h"

bool log_level_read(struct span body, enum log_level *level)
{
    json_t *root = json_loadb(body.at ? body.at : "", body.len, JSON_REJECT_DUPLICATES, NULL);
    const char *name = json_string_value(json_object_get(root, "level"));
    bool is_good = json_object_size(root) == 1 && log_level_parse(span_of(name), level);
    json_decref(root);
    return is_good;
}
