#include "http/field_parser.h"

#include <llhttp.h>

#include "base/text.h"

/* One run of llhttp over the fields of a head. */
struct field_run {
    llhttp_t parser;
    struct span fields;      /* the head from its second line on */
    struct span name, value; /* of the field under way */
    struct header_list *list;
    bool is_complete;
};

static bool is_inside(struct span outer, const char *at)
{
    return (uintptr_t)at - (uintptr_t)outer.at <= outer.len;
}

static int on_field_name(llhttp_t *parser, const char *at, size_t len)
{
    struct field_run *run = parser->data;
    run->name = (struct span){at, len};
    run->value = (struct span){at + len, 0};
    return 0;
}

/* Comes in pieces where feed() has put a space for a tab: the value reaches from the first of those
 * that are the head's to the last. */
static int on_field_value(llhttp_t *parser, const char *at, size_t len)
{
    struct field_run *run = parser->data;
    if (!is_inside(run->fields, at))
        return 0;
    if (run->value.len == 0)
        run->value.at = at;
    run->value.len = (size_t)(at + len - run->value.at);
    return 0;
}

static int on_field_complete(llhttp_t *parser)
{
    struct field_run *run = parser->data;
    return header_list_add(run->list, run->name, span_trim(run->value)) ? 0 : -1;
}

static int on_fields_complete(llhttp_t *parser)
{
    struct field_run *run = parser->data;
    run->is_complete = true;
    return HPE_PAUSED; /* before llhttp goes on to the body, which is not its business here */
}

static const llhttp_settings_t settings = {
    .on_header_field = on_field_name,
    .on_header_value = on_field_value,
    .on_header_value_complete = on_field_complete,
    .on_headers_complete = on_fields_complete,
};

/* llhttp takes a tab after a length or after "chunked" for a part of it, while to HTTP it is white
 * space like any other (RFC 9110 §5.6.3): it gets a space for each. */
static llhttp_errno_t feed(llhttp_t *parser, struct span fields)
{
    llhttp_errno_t error = HPE_OK;
    while (fields.len > 0 && error == HPE_OK) {
        struct span part = span_cut(&fields, '\t');
        bool has_tab = fields.at != part.at + part.len;
        error = llhttp_execute(parser, part.at, part.len);
        if (has_tab && error == HPE_OK)
            error = llhttp_execute(parser, " ", 1);
    }
    return error;
}

/* What is wrong with one of the two that say where a body ends, or that both are there: llhttp 8 says
 * that of the length alone, llhttp 9 of whichever comes second. */
static enum http_fault fault_beside(const struct header_list *list, enum header_id other,
                                    enum http_fault fault)
{
    return header_list_find(list, other) ? FAULT_LENGTH_AND_CODING : fault;
}

static enum http_fault fault_of(llhttp_errno_t error, const struct header_list *list)
{
    switch (error) {
    case HPE_CB_HEADER_VALUE_COMPLETE:
        return FAULT_TOO_MANY_HEADERS;
    case HPE_UNEXPECTED_CONTENT_LENGTH:
    case HPE_INVALID_CONTENT_LENGTH:
        return fault_beside(list, HEADER_TRANSFER_ENCODING, FAULT_LENGTH);
    case HPE_INVALID_TRANSFER_ENCODING:
        return fault_beside(list, HEADER_CONTENT_LENGTH, FAULT_CODING);
    default:
        return FAULT_PARSER;
    }
}

/* llhttp knows a fixed list of methods and versions, and the start line has been read already: it
 * gets one that it accepts. */
static void read_any_start_line(llhttp_t *parser, enum head_kind kind)
{
    bool is_request = kind == HEAD_REQUEST;
    struct span start = is_request ? SPAN("POST / HTTP/1.1\r\n") : SPAN("HTTP/1.1 200 OK\r\n");
    llhttp_init(parser, is_request ? HTTP_REQUEST : HTTP_RESPONSE, &settings);
    ASSERT(llhttp_execute(parser, start.at, start.len) == HPE_OK);
}

/* A thread reads that line once and begins with a copy of what llhttp has become by it. */
static void begin(struct field_run *run, enum head_kind kind)
{
    static _Thread_local struct {
        llhttp_t parser;
        bool is_made;
    } begun[HEAD_KIND_COUNT];
    if (!begun[kind].is_made) {
        read_any_start_line(&begun[kind].parser, kind);
        begun[kind].is_made = true;
    }
    run->parser = begun[kind].parser;
    run->parser.data = run;
}

enum http_fault field_parser_run(struct span fields, enum head_kind kind, struct header_list *list,
                                 struct end_opinion *opinion)
{
    struct field_run run = {.fields = fields, .list = list};
    begin(&run, kind);
    llhttp_errno_t error = feed(&run.parser, fields);
    if (!run.is_complete)
        return fault_of(error, list);
    *opinion = (struct end_opinion){
        .is_chunked = (run.parser.flags & F_CHUNKED) != 0,
        .has_length = (run.parser.flags & F_CONTENT_LENGTH) != 0,
        .length = run.parser.content_length,
    };
    bool is_all = llhttp_get_error_pos(&run.parser) == fields.at + fields.len;
    return is_all ? FAULT_NONE : FAULT_PARSER;
}

bool end_opinion_agrees(const struct end_opinion *opinion, const struct framing *framing)
{
    switch (framing->kind) {
    case BODY_NONE:
        return !opinion->is_chunked && opinion->length == 0;
    case BODY_LENGTH:
        return !opinion->is_chunked && opinion->length == framing->length;
    case BODY_CHUNKED:
        return opinion->is_chunked;
    case BODY_UNTIL_CLOSE:
        return !opinion->is_chunked && !opinion->has_length;
    }
    UNREACHABLE();
}
