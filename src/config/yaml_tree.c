#include "config/yaml_tree.h"

#include <string.h>

struct place yaml_tree_place(yaml_mark_t mark)
{
    return (struct place){(unsigned)mark.line + 1, (unsigned)mark.column + 1};
}

struct place yaml_tree_offset(struct span yaml, size_t offset)
{
    struct place place = {1, 1};
    for (size_t i = 0; i < offset && i < yaml.len; i++) {
        place.column++;
        if (yaml.at[i] == '\n')
            place = (struct place){place.line + 1, 1};
    }
    return place;
}

/* The byte at a mark, which counts characters; '\0' at the end. */
static char byte_at(struct span yaml, yaml_mark_t mark)
{
    size_t at = 0;
    for (size_t left = mark.index; at < yaml.len; at++) {
        bool begins_character = ((unsigned char)yaml.at[at] & 0xc0) != 0x80;
        if (begins_character && left-- == 0)
            return yaml.at[at];
    }
    return '\0';
}

/* What libyaml was at, in its words, and what to do about it. */
struct remedy {
    const char *word, *text;
    bool is_where_it_began;
};

static const struct remedy remedies[] = {
    {"quoted scalar", "close the quote that opens here", true},
    {"flow sequence", "close the bracket that opens here, and part entries with commas", true},
    {"flow mapping", "close the brace that opens here, and part entries with commas", true},
    {"flow node", "add the entry that is missing, and close what is open", false},
    {"alias", "put a text that begins with * into quotes", false},
    {"anchor", "put a text that begins with & into quotes", false},
    {"tag", "put a text that begins with ! into quotes", false},
    {"any token", "put a text that begins with @, ` or % into quotes", false},
    {"mapping values",
     "put a text with \": \" in it into quotes, and indent alike what belongs together", false},
    {"", "mend the line or the one before it", false},
};

static const struct remedy *find_remedy(const char *context, const char *problem)
{
    const struct remedy *remedy = remedies;
    while (!strstr(context, remedy->word) && !strstr(problem, remedy->word))
        remedy++;
    return remedy;
}

static void say_no_yaml(const yaml_parser_t *parser, struct span yaml, struct config_errors *errors)
{
    const char *problem = parser->problem ? parser->problem : "malformed";
    const char *context = parser->context ? parser->context : "";
    const struct remedy *remedy = find_remedy(context, problem);
    yaml_mark_t mark = parser->problem_mark;
    if (parser->error == YAML_READER_ERROR) {
        config_errors_add(errors, yaml_tree_offset(yaml, parser->problem_offset),
                          "this is not UTF-8 text (%s); save the file as UTF-8", problem);
        return;
    }
    if (byte_at(yaml, mark) == '\t') {
        config_errors_add(errors, yaml_tree_place(mark),
                          "YAML is not indented with tabs; use spaces");
        return;
    }
    if (remedy->is_where_it_began)
        mark = parser->context_mark;
    config_errors_add(errors, yaml_tree_place(mark), "this is not YAML (%s); %s", problem,
                      remedy->text);
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
