#include "http/body_reader.h"

#include "base/text.h"
#include "http/byte_class.h"

enum { SIZE_DIGITS = 16, LINE_BYTES = 4096, EXTRA_BYTES = 16 * KIB };

/* Where the next byte of a chunked body stands (RFC 9112 §7.1). */
enum state {
    BROKEN = 0, /* what no row of the table names */
    SIZE_BEGIN,
    SIZE,
    SIZE_LF,
    DATA,
    DATA_CR,
    DATA_LF,
    COMPLETE_LF,
    COMPLETE,
    /* From here on what is read is dropped, and bounded. */
    EXTENSION_BLANK, /* blanks that only a ';' may follow */
    EXTENSION_BEGIN,
    EXTENSION_NAME,
    EXTENSION_NAME_BLANK,
    EXTENSION_EQUALS,
    EXTENSION_VALUE,
    EXTENSION_QUOTED,
    EXTENSION_ESCAPE,
    EXTENSION_QUOTE_END,
    TRAILER_BEGIN,
    TRAILER_NAME,
    TRAILER_VALUE,
    TRAILER_LF,
    STATE_COUNT,
};

enum symbol {
    CONTROL = 0, /* allowed nowhere */
    HEX_DIGIT,
    OTHER_TOKEN,
    BLANK,
    SEMICOLON,
    EQUALS,
    QUOTE,
    BACKSLASH,
    COLON,
    OTHER_TEXT,
    CR,
    LF,
    SYMBOL_COUNT,
};

#define TOKEN_IS(state) [HEX_DIGIT] = (state), [OTHER_TOKEN] = (state)
#define TEXT_IS(state)                                                                             \
    TOKEN_IS(state), [BLANK] = (state), [SEMICOLON] = (state), [EQUALS] = (state),                 \
                     [COLON] = (state), [OTHER_TEXT] = (state)
#define EXTENSION_ENDS [BLANK] = EXTENSION_BLANK, [SEMICOLON] = EXTENSION_BEGIN, [CR] = SIZE_LF

static const uint8_t next_states[STATE_COUNT][SYMBOL_COUNT] = {
    [SIZE_BEGIN] = {[HEX_DIGIT] = SIZE},
    [SIZE] = {[HEX_DIGIT] = SIZE, EXTENSION_ENDS},
    [SIZE_LF] = {[LF] = DATA},
    [DATA_CR] = {[CR] = DATA_LF},
    [DATA_LF] = {[LF] = SIZE_BEGIN},
    [COMPLETE_LF] = {[LF] = COMPLETE},

    /* chunk-ext = *( BWS ";" BWS name [ BWS "=" BWS ( token / quoted-string ) ] ) */
    [EXTENSION_BLANK] = {[BLANK] = EXTENSION_BLANK, [SEMICOLON] = EXTENSION_BEGIN},
    [EXTENSION_BEGIN] = {[BLANK] = EXTENSION_BEGIN, TOKEN_IS(EXTENSION_NAME)},
    [EXTENSION_NAME] = {TOKEN_IS(EXTENSION_NAME), [BLANK] = EXTENSION_NAME_BLANK,
                        [EQUALS] = EXTENSION_EQUALS, [SEMICOLON] = EXTENSION_BEGIN, [CR] = SIZE_LF},
    [EXTENSION_NAME_BLANK] = {[BLANK] = EXTENSION_NAME_BLANK,
                              [EQUALS] = EXTENSION_EQUALS,
                              [SEMICOLON] = EXTENSION_BEGIN},
    [EXTENSION_EQUALS] =
        {[BLANK] = EXTENSION_EQUALS, TOKEN_IS(EXTENSION_VALUE), [QUOTE] = EXTENSION_QUOTED},
    [EXTENSION_VALUE] = {TOKEN_IS(EXTENSION_VALUE), EXTENSION_ENDS},
    [EXTENSION_QUOTED] =
        {TEXT_IS(EXTENSION_QUOTED), [BACKSLASH] = EXTENSION_ESCAPE, [QUOTE] = EXTENSION_QUOTE_END},
    [EXTENSION_ESCAPE] =
        {TEXT_IS(EXTENSION_QUOTED), [BACKSLASH] = EXTENSION_QUOTED, [QUOTE] = EXTENSION_QUOTED},
    [EXTENSION_QUOTE_END] = {EXTENSION_ENDS},

    [TRAILER_BEGIN] = {TOKEN_IS(TRAILER_NAME), [CR] = COMPLETE_LF},
    [TRAILER_NAME] = {TOKEN_IS(TRAILER_NAME), [COLON] = TRAILER_VALUE},
    [TRAILER_VALUE] = {TEXT_IS(TRAILER_VALUE), [BACKSLASH] = TRAILER_VALUE, [QUOTE] = TRAILER_VALUE,
                       [CR] = TRAILER_LF},
    [TRAILER_LF] = {[LF] = TRAILER_BEGIN},
};

static enum symbol symbol_of(char c)
{
    switch (c) {
    case '\r':
        return CR;
    case '\n':
        return LF;
    case ' ':
    case '\t':
        return BLANK;
    case ';':
        return SEMICOLON;
    case '=':
        return EQUALS;
    case '"':
        return QUOTE;
    case '\\':
        return BACKSLASH;
    case ':':
        return COLON;
    default:
        break;
    }
    if (hex_digit(c) >= 0)
        return HEX_DIGIT;
    if (byte_is(c, BYTE_TOKEN))
        return OTHER_TOKEN;
    return byte_is(c, BYTE_FIELD) ? OTHER_TEXT : CONTROL;
}

void body_reader_init(struct body_reader *reader, const struct framing *framing)
{
    *reader = (struct body_reader){
        .kind = framing->kind,
        .state = SIZE_BEGIN,
        .left = framing->kind == BODY_LENGTH ? framing->length : 0,
    };
}

static enum state begin_data(struct body_reader *reader)
{
    reader->line_bytes = 0;
    if (reader->left == 0) {
        reader->extra_bytes = 0;
        return TRAILER_BEGIN;
    }
    /* Data pays for the extensions before it: signed chunks pass, chunks of nothing else do not. */
    reader->extra_bytes -=
        reader->left < reader->extra_bytes ? (uint32_t)reader->left : reader->extra_bytes;
    return DATA;
}

static enum state add_digit(struct body_reader *reader, char c)
{
    if (reader->line_bytes > SIZE_DIGITS || reader->left > INT64_MAX >> 4)
        return BROKEN;
    reader->left = reader->left << 4 | (uint64_t)hex_digit(c);
    return SIZE;
}

/* One byte of the framing. */
static enum state advance(struct body_reader *reader, char c)
{
    enum state next = next_states[reader->state][symbol_of(c)];
    bool is_extra = next >= EXTENSION_BLANK;
    if (++reader->line_bytes > LINE_BYTES || (is_extra && ++reader->extra_bytes > EXTRA_BYTES))
        return BROKEN;
    switch (next) {
    case SIZE:
        return add_digit(reader, c);
    case DATA:
        return begin_data(reader);
    case SIZE_BEGIN:
    case TRAILER_BEGIN:
        reader->line_bytes = 0;
        return next;
    default:
        return next;
    }
}

static struct span take(struct body_reader *reader, struct span *in)
{
    size_t len = in->len < reader->left ? in->len : (size_t)reader->left;
    struct span piece = {in->at, len};
    *in = span_skip(*in, len);
    reader->left -= len;
    return piece;
}

static enum body_state next_of_chunked(struct body_reader *reader, struct span *in,
                                       struct span *piece)
{
    while (in->len > 0 && reader->state != BROKEN && reader->state != COMPLETE) {
        if (reader->state == DATA) {
            *piece = take(reader, in);
            if (reader->left == 0)
                reader->state = DATA_CR;
            return BODY_PIECE;
        }
        reader->state = (uint8_t)advance(reader, in->at[0]);
        *in = span_skip(*in, 1);
    }
    if (reader->state == BROKEN)
        return BODY_BROKEN;
    return reader->state == COMPLETE ? BODY_COMPLETE : BODY_MORE;
}

enum body_state body_reader_next(struct body_reader *reader, struct span *in, struct span *piece)
{
    switch (reader->kind) {
    case BODY_NONE:
        return BODY_COMPLETE;
    case BODY_CHUNKED:
        return next_of_chunked(reader, in, piece);
    case BODY_UNTIL_CLOSE:
        reader->left = in->len;
        break;
    case BODY_LENGTH:
        if (reader->left == 0)
            return BODY_COMPLETE;
        break;
    }
    if (in->len == 0)
        return BODY_MORE;
    *piece = take(reader, in);
    return BODY_PIECE;
}

bool body_reader_end(const struct body_reader *reader)
{
    switch (reader->kind) {
    case BODY_NONE:
    case BODY_UNTIL_CLOSE:
        return true;
    case BODY_LENGTH:
        return reader->left == 0;
    case BODY_CHUNKED:
        return reader->state == COMPLETE;
    }
    UNREACHABLE();
}
