/* yaml_tree.h - the node tree of a YAML text, made by libyaml, or where it is malformed.
 *
 * Bounded in depth and anchors, both of which cost libyaml time that grows with their square.
 */
#ifndef CONFIG_YAML_TREE_H
#define CONFIG_YAML_TREE_H

#include <yaml.h>

#include "config/config_errors.h"

enum { YAML_MAX_DEPTH = 32, YAML_MAX_ANCHORS = 1000 };

/* The only document of the text; delete it. A text without one has no root node. False, with a
 * problem added, when there is something else. */
bool yaml_tree_load(struct span yaml, yaml_document_t *document, struct config_errors *errors);

struct place yaml_tree_place(yaml_mark_t mark);
struct place yaml_tree_offset(struct span yaml, size_t offset);

#endif
