#include "config/yaml_tree.h"

struct place yaml_tree_place(yaml_mark_t mark)
{
    return (struct place){(unsigned)mark.line + 1, (unsigned)mark.column + 1};
}

static struct place place_of_offset(struct span yaml, size_t offset)
{
    struct place place = {1, 1};
    for (size_t i = 0; i < offset && i < yaml.len; i++) {
        place.column++;
        if (yaml.at[i] == '\n')
            place = (struct place){place.line + 1, 1};
    }
    return place;
}

static void say_no_yaml(const yaml_parser_t *parser, struct span yaml, struct config_errors *errors)
{
    const char *problem = parser->problem ? parser->problem : "malformed";
    yaml_mark_t mark = parser->problem_mark;
    if (parser->error == YAML_READER_ERROR)
        config_errors_add(errors, place_of_offset(yaml, parser->problem_offset),
                          "this is not UTF-8 text (%s); save the file as UTF-8", problem);
    else if (mark.index < yaml.len && yaml.at[mark.index] == '\t')
        config_errors_add(errors, yaml_tree_place(mark),
                          "YAML is not indented with tabs; use spaces");
    else
        config_errors_add(errors, yaml_tree_place(mark),
                          "this is not YAML (%s); mend the line or the one before it", problem);
}

/* What the events of a text have brought so far. */
struct survey {
    size_t depth, anchors, documents;
};

static void count_event(struct survey *survey, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        survey->documents++;
        break;
    case YAML_SEQUENCE_START_EVENT:
        survey->depth++;
        survey->anchors += event->data.sequence_start.anchor != NULL;
        break;
    case YAML_MAPPING_START_EVENT:
        survey->depth++;
        survey->anchors += event->data.mapping_start.anchor != NULL;
        break;
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        survey->depth--;
        break;
    case YAML_SCALAR_EVENT:
        survey->anchors += event->data.scalar.anchor != NULL;
        break;
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT:
    case YAML_DOCUMENT_END_EVENT:
    case YAML_ALIAS_EVENT:
        break;
    }
}

static const char *fault_of(const struct survey *survey)
{
    if (survey->documents > 1)
        return "a second document begins here; keep all settings in the first";
    if (survey->depth > YAML_MAX_DEPTH)
        return "this is nested deeper than any setting; close some brackets before it";
    if (survey->anchors > YAML_MAX_ANCHORS)
        return "there are too many anchors from here on; use fewer";
    return NULL;
}

/* Goes through the events, which are made one at a time, before anything is built of them. */
static bool has_bounds(yaml_parser_t *parser, struct span yaml, struct config_errors *errors)
{
    struct survey survey = {0};
    yaml_event_type_t type = YAML_NO_EVENT;
    while (type != YAML_STREAM_END_EVENT) {
        yaml_event_t event;
        if (!yaml_parser_parse(parser, &event)) {
            say_no_yaml(parser, yaml, errors);
            return false;
        }
        type = event.type;
        count_event(&survey, &event);
        const char *fault = fault_of(&survey);
        if (fault)
            config_errors_add(errors, yaml_tree_place(event.start_mark), "%s", fault);
        yaml_event_delete(&event);
        if (fault)
            return false;
    }
    return true;
}

static void begin(yaml_parser_t *parser, struct span yaml)
{
    ASSERT(yaml_parser_initialize(parser));
    yaml_parser_set_input_string(parser, (const unsigned char *)yaml.at, yaml.len);
}

bool yaml_tree_load(struct span yaml, yaml_document_t *document, struct config_errors *errors)
{
    yaml_parser_t parser;
    begin(&parser, yaml);
    bool is_good = has_bounds(&parser, yaml, errors);
    yaml_parser_delete(&parser);
    if (!is_good)
        return false;
    begin(&parser, yaml);
    is_good = yaml_parser_load(&parser, document);
    if (!is_good)
        say_no_yaml(&parser, yaml, errors);
    yaml_parser_delete(&parser);
    return is_good;
}
