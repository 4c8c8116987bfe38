#include "http/content_coding.h"

#include <stdlib.h>

#define ZLIB_CONST
#include <zlib.h>

#include "base/text.h"

enum {
    GZIP_FRAME = 15 + 16, /* zlib's window bits */
    ANY_FRAME = 15 + 32,  /* zlib's or gzip's, whichever is there */
    NO_FRAME = -15,
    MEMORY_LEVEL = 8,
    /* Half of the time of zlib's default for 1 MiB of text, which becomes 6 % larger: a loop waits. */
    LEVEL = 4,
    CHUNK = 16 * KIB,
};

/* What Accept-Encoding says of one coding, and of all that it does not name. */
struct opinion {
    bool is_named, is_refused;
    bool is_any_named, is_any_refused;
};

enum weight { WEIGHT_ZERO, WEIGHT_ABOVE, WEIGHT_UNREADABLE };

static bool is_name_of(struct span name, enum coding coding)
{
    switch (coding) {
    case CODING_IDENTITY:
        return span_equal_nocase(name, SPAN("identity"));
    case CODING_GZIP: /* RFC 9110 §8.4.1.3: x-gzip is the same */
        return span_equal_nocase(name, SPAN("gzip")) || span_equal_nocase(name, SPAN("x-gzip"));
    case CODING_OTHER:
        break;
    }
    return false;
}

/* A body in one coding, coded again as the value says (RFC 9110 §8.4: in this order). */
static enum coding add_codings(enum coding coding, struct span value)
{
    struct span name;
    while (span_next_element(&value, &name)) {
        if (is_name_of(name, CODING_IDENTITY))
            continue;
        bool is_first_gzip = coding == CODING_IDENTITY && is_name_of(name, CODING_GZIP);
        coding = is_first_gzip ? CODING_GZIP : CODING_OTHER;
    }
    return coding;
}

enum coding coding_of(struct span content_encoding)
{
    return add_codings(CODING_IDENTITY, content_encoding);
}

enum coding coding_of_message(const struct header_list *headers)
{
    enum coding coding = CODING_IDENTITY;
    for (size_t i = 0; i < headers->count; i++) {
        if (headers->at[i].id == HEADER_CONTENT_ENCODING)
            coding = add_codings(coding, headers->at[i].value);
    }
    return coding;
}

/* §12.4.2: 0 or 1 with at most three decimals, none above 1. */
static enum weight read_qvalue(struct span text)
{
    enum { LONGEST = 5 };
    if (text.len == 0 || text.len > LONGEST || (text.at[0] != '0' && text.at[0] != '1'))
        return WEIGHT_UNREADABLE;
    bool is_one = text.at[0] == '1', is_zero = !is_one;
    if (text.len > 1 && text.at[1] != '.')
        return WEIGHT_UNREADABLE;
    for (size_t i = 2; i < text.len; i++) {
        if (text.at[i] < '0' || text.at[i] > (is_one ? '0' : '9'))
            return WEIGHT_UNREADABLE;
        is_zero = is_zero && text.at[i] == '0';
    }
    return is_zero ? WEIGHT_ZERO : WEIGHT_ABOVE;
}

/* What follows the name of a coding: nothing, or OWS ";" OWS "q=" qvalue. */
static enum weight read_weight(struct span text)
{
    struct span name = SPAN("q=");
    if (text.len == 0)
        return WEIGHT_ABOVE;
    text = span_trim(span_skip(text, 1));
    if (text.len < name.len || !span_equal_nocase((struct span){text.at, name.len}, name))
        return WEIGHT_UNREADABLE;
    return read_qvalue(span_skip(text, name.len));
}

/* Whether two names are one coding. */
static bool is_same(struct span name, struct span wanted)
{
    return span_equal_nocase(name, wanted) ||
           (is_name_of(name, CODING_GZIP) && is_name_of(wanted, CODING_GZIP));
}

static void hear(struct opinion *opinion, struct span element, struct span wanted)
{
    struct span rest = element;
    struct span name = span_cut(&rest, ';');
    enum weight weight = read_weight(span_skip(element, name.len));
    name = span_trim(name);
    if (weight == WEIGHT_UNREADABLE)
        return;
    if (is_same(name, wanted)) {
        opinion->is_named = true;
        opinion->is_refused |= weight == WEIGHT_ZERO;
    } else if (span_equal(name, SPAN("*"))) {
        opinion->is_any_named = true;
        opinion->is_any_refused |= weight == WEIGHT_ZERO;
    }
}

static bool accepts(const struct header_list *request, struct span wanted)
{
    struct opinion opinion = {.is_named = false};
    for (size_t i = 0; i < request->count; i++) {
        struct span value = request->at[i].value, element;
        if (request->at[i].id != HEADER_ACCEPT_ENCODING)
            continue;
        while (span_next_element(&value, &element))
            hear(&opinion, element, wanted);
    }
    if (opinion.is_named)
        return !opinion.is_refused;
    if (opinion.is_any_named)
        return !opinion.is_any_refused;
    return is_name_of(wanted, CODING_IDENTITY);
}

bool coding_accepts(const struct header_list *request, enum coding coding)
{
    static const struct span names[] = {
        [CODING_IDENTITY] = SPAN_INIT("identity"),
        [CODING_GZIP] = SPAN_INIT("gzip"),
        [CODING_OTHER] = SPAN_INIT("*"),
    };
    return accepts(request, names[coding]);
}

bool coding_accepts_all(const struct header_list *request, struct span content_encoding)
{
    struct span name;
    while (span_next_element(&content_encoding, &name)) {
        if (!accepts(request, name))
            return false;
    }
    return true;
}

static void *allocate(void *context, unsigned count, unsigned size)
{
    (void)context;
    return xcalloc(count, size);
}

static void release(void *context, void *memory)
{
    (void)context;
    free(memory);
}

static z_stream stream_over(struct span in)
{
    return (z_stream){
        .next_in = (const Bytef *)in.at,
        .avail_in = (uInt)in.len,
        .zalloc = allocate,
        .zfree = release,
    };
}

/* Runs step (inflate or deflate) until its stream ends, in pieces of CHUNK. */
static enum status run(z_stream *stream, int (*step)(z_stream *stream, int flush), int flush,
                       struct buffer *out)
{
    char chunk[CHUNK];
    for (;;) {
        stream->next_out = (Bytef *)chunk;
        stream->avail_out = sizeof chunk;
        int result = step(stream, flush);
        struct span made = {chunk, sizeof chunk - stream->avail_out};
        if (buffer_append(out, made) != OK)
            return ERR_LIMIT;
        if (result == Z_STREAM_END)
            return OK;
        if (result != Z_OK) /* also Z_BUF_ERROR: the input has ended before its stream */
            return ERR_SYNTAX;
    }
}

/* Time is bounded by what comes in and what out may hold: an empty member costs its own bytes. */
static enum status decode(struct span in, int frame, struct buffer *out)
{
    size_t len_before = out->len;
    if (in.len > UINT32_MAX)
        return ERR_LIMIT;
    z_stream stream = stream_over(in);
    ASSERT(inflateInit2(&stream, frame) == Z_OK);
    enum status status = run(&stream, inflate, Z_NO_FLUSH, out);
    while (status == OK && stream.avail_in > 0) { /* RFC 1952 §2.2: members one after another */
        bool may_follow = frame == GZIP_FRAME && inflateReset(&stream) == Z_OK;
        status = may_follow ? run(&stream, inflate, Z_NO_FLUSH, out) : ERR_SYNTAX;
    }
    (void)inflateEnd(&stream);
    if (status != OK)
        out->len = len_before;
    return status;
}

enum status gzip_decode(struct span in, struct buffer *out)
{
    return decode(in, GZIP_FRAME, out);
}

enum status deflate_decode(struct span in, struct buffer *out)
{
    enum status status = decode(in, ANY_FRAME, out);
    return status == ERR_SYNTAX ? decode(in, NO_FRAME, out) : status;
}

enum status gzip_encode(struct span in, struct buffer *out)
{
    size_t len_before = out->len;
    if (in.len > UINT32_MAX)
        return ERR_LIMIT;
    z_stream stream = stream_over(in);
    ASSERT(deflateInit2(&stream, LEVEL, Z_DEFLATED, GZIP_FRAME, MEMORY_LEVEL, Z_DEFAULT_STRATEGY) ==
           Z_OK);
    enum status status = run(&stream, deflate, Z_FINISH, out);
    (void)deflateEnd(&stream);
    if (status != OK)
        out->len = len_before;
    return status;
}
