#include "http/cache_control.h"

#include "base/text.h"
#include "http/byte_class.h"
#include "http/structured.h"

enum directive_kind {
    FORBIDS,   /* a flag, whatever its argument */
    ALLOWS,    /* a flag, without argument only */
    FIELDS,    /* a flag, perhaps about some fields only */
    LIFETIME,  /* seconds: the smallest, 0 when they cannot be read */
    GRACE,     /* seconds: the smallest that can be read */
    MIN_FRESH, /* seconds: the largest that can be read */
    MAX_STALE, /* a flag, with seconds or without */
};

/* Where a directive is kept, as offsets into struct cache_control. */
struct directive {
    struct span name;
    enum directive_kind kind;
    size_t flag, argument; /* as far as the kind has them */
    bool is_of_requests;
};

/* An argument in all the ways in which it may be read. */
struct argument {
    bool is_given, is_seconds, is_text;
    uint32_t seconds;
    struct span text;
};

/* The members of one field line. */
struct member_walk {
    struct span rest;
    bool has_open_quote; /* met a quote that nothing closes: from there on quotes mean nothing */
};

#define AT(field) offsetof(struct cache_control, field)
static const struct directive directives[] = {
    {SPAN_INIT("no-store"), FORBIDS, AT(no_store), 0, false},
    {SPAN_INIT("no-cache"), FIELDS, AT(no_cache), AT(no_cache_fields), false},
    {SPAN_INIT("private"), FIELDS, AT(is_private), AT(private_fields), false},
    {SPAN_INIT("public"), ALLOWS, AT(is_public), 0, false},
    {SPAN_INIT("must-revalidate"), FORBIDS, AT(must_revalidate), 0, false},
    {SPAN_INIT("proxy-revalidate"), FORBIDS, AT(proxy_revalidate), 0, false},
    {SPAN_INIT("must-understand"), ALLOWS, AT(must_understand), 0, false}, /* undoes no-store */
    {SPAN_INIT("no-transform"), FORBIDS, AT(no_transform), 0, false},
    {SPAN_INIT("immutable"), ALLOWS, AT(immutable), 0, false},
    {SPAN_INIT("max-age"), LIFETIME, 0, AT(max_age), false},
    {SPAN_INIT("s-maxage"), LIFETIME, 0, AT(s_maxage), false},
    {SPAN_INIT("stale-while-revalidate"), GRACE, 0, AT(stale_while_revalidate), false},
    {SPAN_INIT("stale-if-error"), GRACE, 0, AT(stale_if_error), false},
    {SPAN_INIT("only-if-cached"), ALLOWS, AT(only_if_cached), 0, true},
    {SPAN_INIT("max-stale"), MAX_STALE, AT(has_max_stale), AT(max_stale), true},
    {SPAN_INIT("min-fresh"), MIN_FRESH, 0, AT(min_fresh), true},
};
#undef AT

static const struct directive *find(struct span name)
{
    for (size_t i = 0; i < COUNT_OF(directives); i++) {
        if (span_equal_nocase(name, directives[i].name))
            return &directives[i];
    }
    return NULL;
}

static void *place(struct cache_control *control, size_t offset)
{
    return (char *)control + offset;
}

static bool *flag_of(struct cache_control *control, const struct directive *directive)
{
    return place(control, directive->flag);
}

static struct seconds *seconds_of(struct cache_control *control, const struct directive *directive)
{
    return place(control, directive->argument);
}

static struct span *fields_of(struct cache_control *control, const struct directive *directive)
{
    return place(control, directive->argument);
}

static void take_smaller(struct seconds *seconds, uint32_t value)
{
    if (!seconds->is_set || value < seconds->seconds)
        *seconds = (struct seconds){true, value};
}

static void take_larger(struct seconds *seconds, uint32_t value)
{
    if (!seconds->is_set || value > seconds->seconds)
        *seconds = (struct seconds){true, value};
}

static bool is_field_list(struct span text)
{
    struct span name;
    size_t count = 0;
    for (; span_next_element(&text, &name); count++) {
        if (!is_token(name))
            return false;
    }
    return count > 0;
}

/* Two different lists are taken for all fields: there is one span to keep them in. */
static void take_fields(bool *flag, struct span *fields, const struct argument *argument)
{
    bool is_same = !*flag || span_equal(*fields, argument->text);
    bool is_kept = is_same && argument->is_text && is_field_list(argument->text);
    *fields = is_kept ? argument->text : SPAN("");
    *flag = true;
}

static void take_max_stale(struct cache_control *control, const struct argument *argument)
{
    if (argument->is_given && !argument->is_seconds)
        return;
    control->has_max_stale = true;
    if (argument->is_given)
        take_smaller(&control->max_stale, argument->seconds);
}

static void apply(struct cache_control *control, const struct directive *directive,
                  const struct argument *argument)
{
    switch (directive->kind) {
    case FORBIDS:
        *flag_of(control, directive) = true;
        return;
    case ALLOWS:
        *flag_of(control, directive) |= !argument->is_given;
        return;
    case FIELDS:
        take_fields(flag_of(control, directive), fields_of(control, directive), argument);
        return;
    case LIFETIME:
        take_smaller(seconds_of(control, directive), argument->is_seconds ? argument->seconds : 0);
        return;
    case GRACE:
        if (argument->is_seconds)
            take_smaller(seconds_of(control, directive), argument->seconds);
        return;
    case MIN_FRESH:
        if (argument->is_seconds)
            take_larger(seconds_of(control, directive), argument->seconds);
        return;
    case MAX_STALE:
        take_max_stale(control, argument);
        return;
    }
}

bool delta_seconds_read(struct span text, uint32_t *seconds)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] < '0' || text.at[i] > '9')
            return false;
        sum = sum * 10 + (uint64_t)(text.at[i] - '0');
        if (sum > DELTA_SECONDS_MAX) /* and stays there: RFC 9111 §1.2.2 */
            sum = DELTA_SECONDS_MAX;
    }
    if (text.len > 0)
        *seconds = (uint32_t)sum;
    return text.len > 0;
}

static struct argument argument_of(struct span text)
{
    struct argument argument = {.is_given = true, .is_text = true, .text = text};
    argument.is_seconds = delta_seconds_read(text, &argument.seconds);
    return argument;
}

/* The inside of a quoted string that is all of text; false otherwise (RFC 9110 §5.6.4). An escape
 * makes no difference: nothing that a directive takes may hold one. */
static bool unquote(struct span text, struct span *inside)
{
    if (text.len < 2 || text.at[0] != '"' || text.at[text.len - 1] != '"')
        return false;
    *inside = (struct span){text.at + 1, text.len - 2};
    return !memchr(inside->at, '"', inside->len);
}

/* RFC 9111 §5.2: token [ "=" ( token / quoted-string ) ]. What follows the name and is not that is an
 * argument that cannot be read. */
static struct argument read_argument(struct span text)
{
    struct span inside;
    if (text.len == 0)
        return (struct argument){.is_given = false};
    if (text.at[0] != '=')
        return (struct argument){.is_given = true};
    text = span_skip(text, 1);
    if (unquote(text, &inside))
        return argument_of(inside);
    return is_token(text) ? argument_of(text) : (struct argument){.is_given = true};
}

/* Up to the next comma that is not quoted. Where a quote is never closed the commas behind it
 * separate members, so that what they forbid is heard. */
static size_t member_len(struct member_walk *walk)
{
    struct span rest = walk->rest;
    size_t quoted_comma = rest.len;
    bool is_quoted = false;
    for (size_t i = 0; i < rest.len; i++) {
        if (is_quoted && rest.at[i] == '\\') {
            i++;
        } else if (rest.at[i] == '"' && !walk->has_open_quote) {
            is_quoted = !is_quoted;
            quoted_comma = rest.len;
        } else if (rest.at[i] == ',') {
            if (!is_quoted)
                return i;
            if (quoted_comma == rest.len)
                quoted_comma = i;
        }
    }
    walk->has_open_quote |= is_quoted;
    return is_quoted ? quoted_comma : rest.len;
}

/* Members may be empty (RFC 9110 §5.6.1.2). */
static bool next_directive(struct member_walk *walk, struct span *member)
{
    while (walk->rest.len > 0) {
        size_t len = member_len(walk);
        *member = span_trim((struct span){walk->rest.at, len});
        walk->rest = span_skip(walk->rest, len < walk->rest.len ? len + 1 : len);
        if (member->len > 0)
            return true;
    }
    return false;
}

static void read_line(struct span value, struct cache_control *out)
{
    struct member_walk walk = {.rest = value};
    struct span member;
    while (next_directive(&walk, &member)) {
        size_t len = bytes_of_class(member, BYTE_TOKEN);
        const struct directive *directive = find((struct span){member.at, len});
        struct argument argument = read_argument(span_skip(member, len));
        out->is_present = true;
        if (directive)
            apply(out, directive, &argument);
    }
}

void cache_control_parse(const struct header_list *headers, enum header_id id,
                         struct cache_control *out)
{
    *out = (struct cache_control){.is_present = false};
    for (size_t i = 0; i < headers->count; i++) {
        if (headers->at[i].id == id)
            read_line(headers->at[i].value, out);
    }
}

/* RFC 9213 §2.1: lifetimes are integers, lists of fields are strings. */
static struct argument argument_of_value(const struct sf_value *value)
{
    struct argument argument = {.is_given = value->kind != SF_BOOLEAN};
    if (value->kind == SF_INTEGER && value->number >= 0) {
        argument.is_seconds = true;
        argument.seconds =
            value->number < DELTA_SECONDS_MAX ? (uint32_t)value->number : DELTA_SECONDS_MAX;
    }
    argument.is_text = value->kind == SF_STRING;
    argument.text = value->text;
    return argument;
}

/* As if the directive, which is none of requests, had not come yet. */
static void forget(struct cache_control *control, const struct directive *directive)
{
    if (directive->kind == LIFETIME || directive->kind == GRACE)
        *seconds_of(control, directive) = (struct seconds){.is_set = false};
    else
        *flag_of(control, directive) = false;
}

static void read_member(struct span key, const struct sf_value *value, struct cache_control *out)
{
    const struct directive *directive = find(key);
    out->is_present = true;
    if (!directive || directive->is_of_requests)
        return;
    forget(out, directive);
    struct argument argument = argument_of_value(value);
    if (value->kind != SF_BOOLEAN || value->number != 0)
        apply(out, directive, &argument);
}

/* False when it breaks the grammar. An empty line does too: it is either all there is, or between
 * two commas. */
static bool read_dictionary(struct span line, struct cache_control *out)
{
    struct sf_walk walk;
    struct span key;
    struct sf_value value;
    enum sf_step step;
    if (line.len == 0)
        return false;
    sf_walk_init(&walk, line);
    while ((step = sf_next_member(&walk, &key, &value)) == SF_MEMBER)
        read_member(key, &value, out);
    return step == SF_END;
}

bool targeted_cache_control_parse(const struct header_list *headers, struct span name,
                                  struct cache_control *out)
{
    struct cache_control read = {.is_present = false};
    *out = read;
    for (size_t i = 0; i < headers->count; i++) {
        const struct header *header = &headers->at[i];
        if (span_equal_nocase(header->name, name) && !read_dictionary(header->value, &read))
            return false;
    }
    *out = read;
    return read.is_present;
}

struct seconds age_parse(const struct header_list *headers)
{
    struct span value = header_list_value(headers, HEADER_AGE), first = SPAN("");
    struct seconds age = {.is_set = false};
    (void)span_next_element(&value, &first);
    age.is_set = delta_seconds_read(first, &age.seconds);
    return age;
}
