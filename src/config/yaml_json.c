#include "config/yaml_json.h"

#include "base/text.h"
#include "script/json_scan.h"

enum { DEPTH_MAX = 16 };

static const char too_long[] = "is longer than 16 KiB";

static const char *append(struct buffer *out, struct span text)
{
    return buffer_append(out, text) == OK ? NULL : too_long;
}

static struct span text_of(const yaml_node_t *scalar)
{
    return (struct span){(const char *)scalar->data.scalar.value, scalar->data.scalar.length};
}

static bool is_json_word(struct span text)
{
    struct json_scan scan;
    json_scan_init(&scan, text);
    switch (json_scan_next(&scan)) {
    case TOKEN_TRUE:
    case TOKEN_FALSE:
    case TOKEN_NULL:
    case TOKEN_NUMBER:
        return json_scan_next(&scan) == TOKEN_END;
    default:
        return false;
    }
}

static const char *write_scalar(const yaml_node_t *node, struct buffer *out)
{
    struct span text = text_of(node);
    bool is_plain = node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    if (is_plain && (text.len == 0 || span_equal(text, SPAN("~"))))
        return append(out, SPAN("null"));
    if (is_plain && is_json_word(text))
        return append(out, text);
    return json_append_string(out, text) == OK ? NULL : too_long;
}

static const char *write_node(yaml_document_t *document, yaml_node_t *node, struct buffer *out,
                              unsigned depth);

static const char *write_items(yaml_document_t *document, const yaml_node_t *node,
                               struct buffer *out, unsigned depth)
{
    const char *fault = append(out, SPAN("["));
    const yaml_node_item_t *item = node->data.sequence.items.start;
    for (; item < node->data.sequence.items.top && !fault; item++) {
        if (item > node->data.sequence.items.start)
            fault = append(out, SPAN(","));
        if (!fault)
            fault = write_node(document, yaml_document_get_node(document, *item), out, depth);
    }
    return fault ? fault : append(out, SPAN("]"));
}

static const char *write_pair(yaml_document_t *document, const yaml_node_pair_t *pair,
                              struct buffer *out, unsigned depth)
{
    yaml_node_t *key = yaml_document_get_node(document, pair->key);
    if (key->type != YAML_SCALAR_NODE)
        return "has a name that is no word";
    if (json_append_string(out, text_of(key)) != OK)
        return too_long;
    const char *fault = append(out, SPAN(":"));
    return fault ? fault
                 : write_node(document, yaml_document_get_node(document, pair->value), out, depth);
}

static const char *write_pairs(yaml_document_t *document, const yaml_node_t *node,
                               struct buffer *out, unsigned depth)
{
    const char *fault = append(out, SPAN("{"));
    const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
    for (; pair < node->data.mapping.pairs.top && !fault; pair++) {
        if (pair > node->data.mapping.pairs.start)
            fault = append(out, SPAN(","));
        if (!fault)
            fault = write_pair(document, pair, out, depth);
    }
    return fault ? fault : append(out, SPAN("}"));
}

static const char *write_node(yaml_document_t *document, yaml_node_t *node, struct buffer *out,
                              unsigned depth)
{
    if (depth == DEPTH_MAX)
        return "is deeper than 16 levels";
    if (node->tag && node->tag[0] == '!' && node->tag[1] != '\0')
        return "has a text that begins with !; put it into quotes";
    switch (node->type) {
    case YAML_SCALAR_NODE:
        return write_scalar(node, out);
    case YAML_SEQUENCE_NODE:
        return write_items(document, node, out, depth + 1);
    case YAML_MAPPING_NODE:
        return write_pairs(document, node, out, depth + 1);
    case YAML_NO_NODE:
        break;
    }
    return "has no value; give it one or remove the line";
}

const char *yaml_json_write(yaml_document_t *document, yaml_node_t *node, struct buffer *out)
{
    if (node->type != YAML_MAPPING_NODE)
        return "must be a map; put its names and values below it, indented";
    return write_node(document, node, out, 0);
}
