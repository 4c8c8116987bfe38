#include "botpress/translate.h"

#include <jansson.h>

#include "base/text.h"
#include "http/content_coding.h"

enum {
    MAX_SHOWN = 120,        /* characters of a title or text */
    MAX_SHOWN_BYTES = 480,  /* of UTF-8 */
    MAX_SEARCHED = 8 * KIB, /* of a page for its title */
};

static bool is_deflate(struct span content_encoding)
{
    return span_equal_nocase(span_trim(content_encoding), SPAN("deflate"));
}

/* The body as the client will read it: the answer's own bytes, or what decoded then owns. False for
 * codings that we cannot read and for bodies that break theirs. */
static bool decode(const struct error_answer *answer, struct buffer *decoded, struct span *body)
{
    enum coding coding = coding_of(answer->content_encoding);
    enum status status = ERR_SYNTAX;
    *body = answer->body;
    if (coding == CODING_IDENTITY || answer->body.len == 0)
        return true;
    if (coding == CODING_GZIP)
        status = gzip_decode(answer->body, decoded);
    else if (is_deflate(answer->content_encoding))
        status = deflate_decode(answer->body, decoded);
    *body = buffer_bytes(decoded);
    return status == OK;
}

/* The media type without its parameters. */
static struct span media_type(const struct error_answer *answer)
{
    struct span rest = answer->content_type;
    return span_trim(span_cut(&rest, ';'));
}

static bool ends_with_nocase(struct span text, struct span end)
{
    return text.len >= end.len && span_equal_nocase(span_skip(text, text.len - end.len), end);
}

static bool is_json_type(struct span type)
{
    return span_equal_nocase(type, SPAN("application/json")) ||
           ends_with_nocase(type, SPAN("+json"));
}

/* A string member, or an empty span. Borrowed from the object. */
static struct span text_member(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    return (struct span){json_string_value(value), json_string_length(value)};
}

/* What the client needs to make its typed error: the type may be newer than our table. */
static bool is_botpress_error(const json_t *json)
{
    return json_is_string(json_object_get(json, "id")) &&
           json_is_number(json_object_get(json, "code")) &&
           json_is_string(json_object_get(json, "message")) && text_member(json, "type").len > 0;
}

static enum error_body judge_json(const json_t *json, struct arena *arena, enum error_type *type,
                                  struct span *message)
{
    if (is_botpress_error(json))
        return ERROR_BODY_BOTPRESS;
    struct span text = text_member(json, "description");
    if (text.len == 0)
        text = text_member(json, "message");
    if (text.len == 0 || !error_type_find(text_member(json, "type"), type))
        return ERROR_BODY_FOREIGN;
    *message = arena_copy(arena, problem_cut(text));
    return ERROR_BODY_DOCUMENTED;
}

static bool is_blank(char c)
{
    return (unsigned char)c <= ' ' || c == 0x7f;
}

/* Runs of spaces and control bytes become one space, and markup ends the text; at most MAX_SHOWN
 * characters. Bytes above ASCII stay: who writes the answer replaces what is no UTF-8. */
static struct span readable(struct span text, struct arena *arena)
{
    char *shown = arena_alloc(arena, MAX_SHOWN_BYTES);
    size_t len = 0, characters = 0;
    bool is_gap = false;
    for (size_t i = 0; i < text.len && text.at[i] != '<'; i++) {
        if (is_blank(text.at[i])) {
            is_gap = len > 0;
            continue;
        }
        bool is_inner = (text.at[i] & 0xc0) == 0x80;
        characters += !is_inner + is_gap;
        if (characters > MAX_SHOWN || len + 2 > MAX_SHOWN_BYTES)
            break;
        if (is_gap)
            shown[len++] = ' ';
        shown[len++] = text.at[i];
        is_gap = false;
    }
    return (struct span){shown, len};
}

static bool starts_with_nocase(struct span text, struct span prefix)
{
    return text.len >= prefix.len && span_equal_nocase((struct span){text.at, prefix.len}, prefix);
}

/* What stands behind "<title>"; empty when the page has none. */
static struct span title_of(struct span page)
{
    const struct span name = SPAN("title");
    if (page.len > MAX_SEARCHED)
        page.len = MAX_SEARCHED;
    while (page.len > 0) {
        (void)span_cut(&page, '<');
        if (!starts_with_nocase(page, name))
            continue;
        struct span tag = span_cut(&page, '>');
        bool has_attributes = tag.len > name.len && is_blank(tag.at[name.len]);
        if (tag.len == name.len || has_attributes)
            return page;
    }
    return SPAN("");
}

static bool is_page(struct span type, struct span body)
{
    if (span_starts_with(body, SPAN("\xEF\xBB\xBF"))) /* a byte order mark */
        body = span_skip(body, 3);
    while (body.len > 0 && is_blank(body.at[0]))
        body = span_skip(body, 1);
    return span_equal_nocase(type, SPAN("text/html")) ||
           span_equal_nocase(type, SPAN("application/xhtml+xml")) ||
           (body.len > 0 && body.at[0] == '<');
}

/* Names what came instead of an error of the API. */
static struct span describe(const struct error_answer *answer, struct span body, bool is_json,
                            struct arena *arena)
{
    struct span type = media_type(answer), shown = SPAN("");
    const char *what = "text";
    if (body.len == 0)
        return arena_format(arena, "Botpress answered %u with an empty body.", answer->status);
    if (is_json) {
        what = "JSON that is not an error of its API";
    } else if (is_page(type, body)) {
        shown = readable(title_of(body), arena);
        what = shown.len > 0 ? "an HTML page titled" : "an HTML page";
    } else if (is_json_type(type)) {
        what = "a body that is declared as JSON but is none";
    } else {
        shown = readable(body, arena);
        what = shown.len > 0 ? "the text" : "a body that is not JSON";
    }
    return arena_format(arena, "Botpress answered %u with %s%s%.*s%s.", answer->status, what,
                        shown.len > 0 ? " \"" : "", (int)shown.len, shown.at,
                        shown.len > 0 ? "\"" : "");
}

/* Integers of any size are read as numbers and NUL may stand in strings: both are legal JSON, and a
 * Botpress error that holds them is one still. Depth is bounded by jansson. */
static json_t *parse(struct span body)
{
    json_error_t error;
    return json_loadb(body.len > 0 ? body.at : "", body.len,
                      JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL | JSON_ALLOW_NUL, &error);
}

enum error_body translate_error(const struct error_answer *answer, struct arena *arena,
                                enum error_type *type, struct span *message)
{
    bool is_opaque = coding_of(answer->content_encoding) == CODING_OTHER &&
                     !is_deflate(answer->content_encoding);
    if (is_opaque && is_json_type(media_type(answer)))
        return ERROR_BODY_OPAQUE;

    struct buffer decoded;
    struct span body;
    buffer_init(&decoded, TRANSLATE_BODY_LIMIT);
    bool is_readable = decode(answer, &decoded, &body);
    json_t *json = is_readable ? parse(body) : NULL;
    enum error_body result = judge_json(json, arena, type, message);
    if (result == ERROR_BODY_FOREIGN) {
        *type = error_type_of_status(answer->status);
        *message = is_readable ? describe(answer, body, json != NULL, arena)
                               : arena_format(arena,
                                              "Botpress answered %u with a body whose content "
                                              "coding cannot be undone.",
                                              answer->status);
    }
    json_decref(json);
    buffer_clear(&decoded);
    return result;
}
