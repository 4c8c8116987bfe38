#include "http/parser.h"

#include "base/text.h"
#include "http/field_parser.h"
#include "http/framing.h"
#include "http/start_line.h"
#include "http/url.h"

enum { CONNECTION_OPTIONS = 100 };

static size_t count_lines(struct span text)
{
    size_t count = 0;
    for (; text.len > 0; count++)
        span_cut(&text, '\n');
    return count;
}

static struct span cut_start_line(struct span *head)
{
    if (span_starts_with(*head, SPAN("\r\n")))
        *head = span_skip(*head, 2);
    struct span line = span_cut(head, '\n');
    if (line.len > 0 && line.at[line.len - 1] == '\r')
        line.len--;
    return line;
}

/* fields: the head from its second line on. */
static enum http_fault read_fields(struct span fields, enum head_kind kind,
                                   const struct parser_limits *limits, struct arena *arena,
                                   struct header_list *list, struct end_opinion *opinion)
{
    /* Without the start line, with the empty one. */
    size_t lines = limits->lines > 0 ? limits->lines : count_lines(fields);
    if (lines > limits->header_count + 1)
        return FAULT_TOO_MANY_HEADERS;
    header_list_init(list, arena, lines + limits->spare);
    return field_parser_run(fields, kind, list, opinion);
}

static enum http_fault fault_of_repeated(enum header_id id)
{
    switch (id) {
    case HEADER_HOST:
        return FAULT_HOST;
    case HEADER_CONTENT_LENGTH:
        return FAULT_LENGTH;
    case HEADER_TRANSFER_ENCODING:
        return FAULT_CODING;
    default:
        return FAULT_HEADER_REPEATED;
    }
}

static enum http_fault check_names(const struct header_list *headers)
{
    uint64_t seen = 0;
    for (size_t i = 0; i < headers->count; i++) {
        const struct header *header = &headers->at[i];
        uint64_t bit = UINT64_C(1) << header->id;
        if (header->id == HEADER_OTHER && header_is_guarded_alias(header->name))
            return FAULT_HEADER_ALIAS;
        if (seen & bit && header_flags_of(header->id, header->name) & HEADER_SINGLE)
            return fault_of_repeated(header->id);
        seen |= bit;
    }
    return FAULT_NONE;
}

/* RFC 9112 §9.3; "close" wins over "keep-alive". Each option is looked for among all fields when
 * those of one connection are removed, so there may not be a head full of them. */
static enum http_fault read_connection(const struct header_list *headers, unsigned version,
                                       bool *keep_alive)
{
    size_t options = 0;
    bool closes = false, stays = version >= 11;
    for (size_t i = 0; i < headers->count; i++) {
        struct span rest = headers->at[i].value, option;
        if (headers->at[i].id != HEADER_CONNECTION)
            continue;
        while (span_next_element(&rest, &option)) {
            if (++options > CONNECTION_OPTIONS)
                return FAULT_TOO_MANY_HEADERS;
            closes = closes || span_equal_nocase(option, SPAN("close"));
            stays = stays || span_equal_nocase(option, SPAN("keep-alive"));
        }
    }
    *keep_alive = stays && !closes;
    return FAULT_NONE;
}

static enum http_fault read_method(struct request *request, struct span name)
{
    static const struct {
        struct span name;
        enum method method;
    } methods[] = {
        {{"GET", 3}, METHOD_GET},         {{"POST", 4}, METHOD_POST},   {{"PUT", 3}, METHOD_PUT},
        {{"DELETE", 6}, METHOD_DELETE},   {{"PATCH", 5}, METHOD_PATCH}, {{"HEAD", 4}, METHOD_HEAD},
        {{"OPTIONS", 7}, METHOD_OPTIONS},
    };
    request->method_name = name;
    request->method = METHOD_OTHER;
    for (size_t i = 0; i < COUNT_OF(methods); i++) {
        if (span_equal(name, methods[i].name))
            request->method = methods[i].method;
    }
    bool is_refused = span_equal(name, SPAN("CONNECT")) || span_equal(name, SPAN("TRACE"));
    return is_refused ? FAULT_METHOD_REFUSED : FAULT_NONE;
}

/* RFC 9112 §3.2. A repeated one has been refused. */
static enum http_fault read_host(struct request *request)
{
    const struct header *host = header_list_find(&request->headers, HEADER_HOST);
    if (!host)
        return request->version >= 11 ? FAULT_HOST : FAULT_NONE;
    request->host = host->value;
    return authority_is_valid(host->value) ? FAULT_NONE : FAULT_HOST;
}

/* RFC 9112 §3.2.2: the target's authority replaces what Host said. */
static void replace_host(struct request *request, struct span authority)
{
    request->host = authority;
    for (size_t i = 0; i < request->headers.count; i++) {
        if (request->headers.at[i].id == HEADER_HOST)
            request->headers.at[i].value = authority;
    }
}

/* "http://host?query": path and query are not neighbours in the head. */
static struct span join(struct arena *arena, struct span path, struct span query)
{
    size_t len = path.len + 1 + query.len;
    char *joined = arena_alloc(arena, len);
    memcpy(joined, path.at, path.len);
    joined[path.len] = '?';
    if (query.len > 0)
        memcpy(joined + path.len + 1, query.at, query.len);
    return (struct span){joined, len};
}

static enum http_fault read_target(struct request *request, struct span text, struct arena *arena)
{
    struct target target;
    enum http_fault fault = target_parse(text, &target);
    if (fault != FAULT_NONE)
        return fault;
    bool has_authority = target.authority.at != NULL;
    bool ends_with_authority =
        has_authority && target.authority.at + target.authority.len == text.at + text.len;

    if (!target.origin_form.at)
        target.origin_form = join(arena, target.path, target.query);
    /* RFC 9112 §3.2.4: what the last proxy makes of "OPTIONS http://host". */
    if (ends_with_authority && request->method == METHOD_OPTIONS)
        target.path = target.origin_form = SPAN("*");
    if (span_equal(target.path, SPAN("*")) && request->method != METHOD_OPTIONS)
        return FAULT_TARGET;

    request->target = target.origin_form;
    request->path = target.path;
    request->query = target.query;
    if (has_authority)
        replace_host(request, target.authority);
    return FAULT_NONE;
}

/* RFC 9110 §10.1.1: an HTTP/1.0 client cannot mean it, and without a body nothing is waited for. */
static enum http_fault read_expect(struct request *request)
{
    for (size_t i = 0; i < request->headers.count; i++) {
        const struct header *header = &request->headers.at[i];
        if (header->id != HEADER_EXPECT)
            continue;
        if (!span_equal_nocase(header->value, SPAN("100-continue")))
            return FAULT_EXPECT;
        request->expects_continue = request->version >= 11 && request->framing.kind != BODY_NONE;
    }
    return FAULT_NONE;
}

/* All that follows from the fields alone. */
static enum http_fault read_meaning(struct request *request, const struct end_opinion *opinion)
{
    enum http_fault fault = check_names(&request->headers);
    if (fault == FAULT_NONE)
        fault = read_host(request);
    if (fault == FAULT_NONE)
        fault = framing_of_request(&request->headers, request->version, &request->framing);
    if (fault == FAULT_NONE && !end_opinion_agrees(opinion, &request->framing))
        fault = FAULT_PARSER;
    if (fault == FAULT_NONE)
        fault = read_expect(request);
    if (fault == FAULT_NONE)
        fault = read_connection(&request->headers, request->version, &request->keep_alive);
    return fault;
}

enum http_fault parse_request(struct span head, const struct parser_limits *limits,
                              struct arena *arena, struct request *request)
{
    struct request_line line;
    *request = (struct request){0};
    enum http_fault fault = request_line_parse(cut_start_line(&head), &line);
    if (fault == FAULT_NONE)
        fault = read_method(request, line.method);
    if (fault != FAULT_NONE)
        return fault;
    request->version = line.version;
    if (!known_fields_recall(limits->known, head, limits->spare, arena, request)) {
        struct end_opinion opinion;
        fault = read_fields(head, HEAD_REQUEST, limits, arena, &request->headers, &opinion);
        if (fault == FAULT_NONE)
            fault = read_meaning(request, &opinion);
    }
    return fault != FAULT_NONE ? fault : read_target(request, line.target, arena);
}

static enum http_fault read_response(struct response *response, bool to_head,
                                     bool takes_foreign_codings, const struct end_opinion *opinion)
{
    const struct header_list *headers = &response->headers;
    struct framing *framing = &response->framing;
    enum http_fault fault =
        framing_of_response(headers, response->version, response->status, to_head, framing);
    if (fault == FAULT_CODING && takes_foreign_codings && !to_head &&
        framing_has_foreign_coding(headers, response->version)) {
        *framing = (struct framing){.kind = BODY_UNTIL_CLOSE};
        fault = FAULT_NONE;
    }
    if (fault == FAULT_NONE && framing->kind != BODY_NONE && !end_opinion_agrees(opinion, framing))
        fault = FAULT_PARSER;
    if (fault == FAULT_NONE)
        fault = read_connection(headers, response->version, &response->keep_alive);
    if (framing->kind == BODY_UNTIL_CLOSE)
        response->keep_alive = false;
    return fault;
}

enum http_fault parse_response(struct span head, bool to_head, const struct parser_limits *limits,
                               struct arena *arena, struct response *response)
{
    struct status_line line;
    struct end_opinion opinion;
    *response = (struct response){0};
    enum http_fault fault = status_line_parse(cut_start_line(&head), &line);
    if (fault != FAULT_NONE)
        return fault;
    /* RFC 9110 §15.2.2: nobody asked for it, and what follows would not be HTTP. */
    if (line.status == 101)
        return FAULT_STATUS;
    response->status = line.status;
    response->version = line.version;
    fault = read_fields(head, HEAD_RESPONSE, limits, arena, &response->headers, &opinion);
    return fault != FAULT_NONE
               ? fault
               : read_response(response, to_head, limits->takes_foreign_codings, &opinion);
}
