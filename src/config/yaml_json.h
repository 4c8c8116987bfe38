/* yaml_json.h - a map of YAML whose names are nobody's settings, as JSON. */
#ifndef CONFIG_YAML_JSON_H
#define CONFIG_YAML_JSON_H

#include <yaml.h>

#include "base/buffer.h"

enum { YAML_JSON_MAX = 16 * KIB };

/* Appends the map. NULL, or what is wrong with it as the rest of a sentence: "must be …". Texts without
 * quotes are null, true, false or numbers where they look like those of JSON. */
const char *yaml_json_write(yaml_document_t *document, yaml_node_t *node, struct buffer *out);

#endif
