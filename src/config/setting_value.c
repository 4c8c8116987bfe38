#include "config/setting_value.h"

#include <stdio.h>

#include "base/text.h"
#include "config/config_text.h"
#include "config/nearest.h"

enum { MS_IN_SECOND = 1000 };

static void *place_in(const struct setting *row, void *base)
{
    return (char *)base + row->offset;
}

/* Places are bool, unsigned, size_t and uint64_t; bounds keep the values inside them. */
static void put_number(const struct setting *row, void *base, uint64_t value)
{
    void *place = place_in(row, base);
    if (row->size == sizeof(bool))
        *(bool *)place = value != 0;
    else if (row->size == sizeof(uint32_t))
        *(uint32_t *)place = (uint32_t)value;
    else if (row->size == sizeof(uint64_t))
        *(uint64_t *)place = value;
    else
        UNREACHABLE();
}

uint64_t setting_read_number(const struct setting *row, const void *base)
{
    const void *place = (const char *)base + row->offset;
    if (row->size == sizeof(bool))
        return *(const bool *)place;
    if (row->size == sizeof(uint32_t))
        return *(const uint32_t *)place;
    ASSERT(row->size == sizeof(uint64_t));
    return *(const uint64_t *)place;
}

static uint64_t to_stored(const struct setting *row, uint64_t value)
{
    return row->kind == KIND_SECONDS ? value / MS_IN_SECOND : value;
}

void setting_store_initial(const struct setting *row, void *base)
{
    if (row->kind == KIND_TEXT) {
        struct located *text = place_in(row, base);
        text->text = span_of(row->initial_text);
    } else if (row->kind != KIND_TEXTS && row->kind != KIND_RECORDS) {
        put_number(row, base, to_stored(row, row->initial));
    }
}

static const char *example_of(enum setting_kind kind)
{
    if (kind == KIND_SIZE)
        return "a size such as 64KiB or 50MB";
    if (kind == KIND_MS || kind == KIND_SECONDS)
        return "a duration such as 250ms, 5s, 2m or 1h";
    return kind == KIND_AUTO ? "auto or a whole number" : "a whole number";
}

static bool are_digits(struct span text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] < '0' || text.at[i] > '9')
            return false;
    }
    return text.len > 0;
}

static enum amount_result parse_amount(enum setting_kind kind, struct span text, uint64_t *value)
{
    if (kind == KIND_SIZE)
        return size_parse(text, value);
    if (kind == KIND_MS || kind == KIND_SECONDS)
        return duration_parse(text, value);
    if (span_to_u64(text, value))
        return AMOUNT_OK;
    return are_digits(text) ? AMOUNT_TOO_LARGE : AMOUNT_MALFORMED;
}

static void say_out_of_bounds(const struct setting *row, struct span text,
                              char error[VALUE_ERROR_SIZE])
{
    char least[SETTING_DESCRIPTION_SIZE], most[SETTING_DESCRIPTION_SIZE];
    setting_write_value(row, row->least, least);
    setting_write_value(row, row->most, most);
    snprintf(error, VALUE_ERROR_SIZE, "must be from %s to %s; \"%s\" is not", least, most,
             show(text).text);
}

static bool store_amount(const struct setting *row, void *base, struct span text,
                         char error[VALUE_ERROR_SIZE])
{
    uint64_t value = 0;
    if (row->kind == KIND_AUTO && span_equal(text, SPAN("auto"))) {
        put_number(row, base, 0);
        return true;
    }
    enum amount_result result = parse_amount(row->kind, text, &value);
    bool is_whole = row->kind != KIND_SECONDS || value % MS_IN_SECOND == 0;
    if (result == AMOUNT_MALFORMED) {
        snprintf(error, VALUE_ERROR_SIZE, "must be %s; \"%s\" is not", example_of(row->kind),
                 show(text).text);
    } else if (result == AMOUNT_NO_UNIT) {
        snprintf(error, VALUE_ERROR_SIZE, "needs a unit; write %ss or %sms", show(text).text,
                 show(text).text);
    } else if (result == AMOUNT_TOO_LARGE || value < row->least || value > row->most) {
        say_out_of_bounds(row, text, error);
    } else if (!is_whole) {
        snprintf(error, VALUE_ERROR_SIZE, "must be whole seconds; \"%s\" is not", show(text).text);
    } else {
        put_number(row, base, to_stored(row, value));
        return true;
    }
    return false;
}

static bool store_date(const struct setting *row, void *base, struct span text,
                       char error[VALUE_ERROR_SIZE])
{
    uint64_t ms = 0;
    if (!date_parse(text, &ms) || ms == 0) {
        snprintf(error, VALUE_ERROR_SIZE,
                 "must be a date such as 2027-01-31 or 2027-01-31T12:00:00Z; \"%s\" is not",
                 show(text).text);
        return false;
    }
    put_number(row, base, ms);
    return true;
}

/* "must be forward or deny; \"denied\" is not; did you mean \"deny\"?" */
static void say_no_such_word(const struct setting *row, struct span text,
                             char error[VALUE_ERROR_SIZE])
{
    struct span rest = span_of(row->words), word;
    struct nearest nearest = nearest_to(text);
    size_t len = (size_t)snprintf(error, VALUE_ERROR_SIZE, "must be ");
    bool is_first = true;
    while (words_next(&rest, &word)) {
        const char *joint = is_first ? "" : (rest.len == 0 ? " or " : ", ");
        len += (size_t)snprintf(error + len, VALUE_ERROR_SIZE - len, "%s%.*s", joint, (int)word.len,
                                word.at);
        is_first = false;
        nearest_consider(&nearest, word);
    }
    len +=
        (size_t)snprintf(error + len, VALUE_ERROR_SIZE - len, "; \"%s\" is not", show(text).text);
    if (nearest.best.len > 0)
        snprintf(error + len, VALUE_ERROR_SIZE - len, "; did you mean \"%.*s\"?",
                 (int)nearest.best.len, nearest.best.at);
}

/* Its place among the words. */
static bool find_word(const struct setting *row, struct span text, uint64_t *place,
                      char error[VALUE_ERROR_SIZE])
{
    struct span rest = span_of(row->words), word;
    for (uint64_t i = 0; words_next(&rest, &word); i++) {
        if (span_equal(text, word)) {
            *place = i;
            return true;
        }
    }
    say_no_such_word(row, text, error);
    return false;
}

bool setting_add_word(const struct setting *row, void *base, struct span word,
                      char error[VALUE_ERROR_SIZE])
{
    uint64_t place = 0;
    if (!find_word(row, word, &place, error))
        return false;
    unsigned *bits = place_in(row, base);
    *bits |= 1U << place;
    return true;
}

static bool store_choice(const struct setting *row, void *base, struct span text,
                         char error[VALUE_ERROR_SIZE])
{
    uint64_t place = 0;
    if (!find_word(row, text, &place, error))
        return false;
    put_number(row, base, place);
    return true;
}

static bool store_text(const struct setting *row, void *base, struct located value,
                       char error[VALUE_ERROR_SIZE])
{
    const char *fault = text_form_fault(row->form, value.text);
    if (fault) {
        snprintf(error, VALUE_ERROR_SIZE, "%s", fault);
        return false;
    }
    *(struct located *)place_in(row, base) = value;
    return true;
}

bool setting_store(const struct setting *row, void *base, struct located value,
                   char error[VALUE_ERROR_SIZE])
{
    switch (row->kind) {
    case KIND_COUNT:
    case KIND_AUTO:
    case KIND_PERCENT:
    case KIND_SIZE:
    case KIND_MS:
    case KIND_SECONDS:
        return store_amount(row, base, value.text, error);
    case KIND_DATE:
        return store_date(row, base, value.text, error);
    case KIND_WORD:
        return store_choice(row, base, value.text, error);
    case KIND_TEXT:
        return store_text(row, base, value, error);
    case KIND_WORDS:
    case KIND_TEXTS:
    case KIND_RECORDS:
        break;
    }
    UNREACHABLE();
}
