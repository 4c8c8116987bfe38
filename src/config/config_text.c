#include "config/config_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "base/text.h"

struct unit {
    const char *name;
    uint64_t worth;
};

/* Largest first, as they are written back. */
static const struct unit durations[] = {
    {"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1},
};

static const struct unit sizes[] = {
    {"GiB", UINT64_C(1) << 30}, {"GB", 1000000000}, {"MiB", 1 << 20}, {"MB", 1000000},
    {"KiB", 1 << 10},           {"KB", 1000},       {"B", 1},
};

/* Cuts the digits off the front of *text. */
static struct span take_digits(struct span *text)
{
    struct span digits = {text->at, 0};
    while (digits.len < text->len && text->at[digits.len] >= '0' && text->at[digits.len] <= '9')
        digits.len++;
    *text = span_skip(*text, digits.len);
    return digits;
}

/* The whole number in front of the unit. */
static enum amount_result take_number(struct span *text, uint64_t *number)
{
    struct span digits = take_digits(text);
    if (digits.len == 0)
        return AMOUNT_MALFORMED;
    return span_to_u64(digits, number) ? AMOUNT_OK : AMOUNT_TOO_LARGE;
}

static enum amount_result times(uint64_t number, uint64_t worth, uint64_t *value)
{
    if (number > UINT64_MAX / worth)
        return AMOUNT_TOO_LARGE;
    *value = number * worth;
    return AMOUNT_OK;
}

enum amount_result duration_parse(struct span text, uint64_t *ms)
{
    uint64_t number = 0;
    enum amount_result result = take_number(&text, &number);
    if (result != AMOUNT_OK)
        return result;
    if (text.len == 0)
        return number == 0 ? times(0, 1, ms) : AMOUNT_NO_UNIT;
    for (size_t i = 0; i < COUNT_OF(durations); i++) {
        if (span_equal(text, span_of(durations[i].name)))
            return times(number, durations[i].worth, ms);
    }
    return AMOUNT_MALFORMED;
}

enum amount_result size_parse(struct span text, uint64_t *bytes)
{
    uint64_t number = 0;
    enum amount_result result = take_number(&text, &number);
    if (result != AMOUNT_OK)
        return result;
    if (text.len == 0)
        return times(number, 1, bytes);
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        if (span_equal_nocase(text, span_of(sizes[i].name)))
            return times(number, sizes[i].worth, bytes);
    }
    return AMOUNT_MALFORMED;
}

static void write_amount(uint64_t value, const struct unit *units, size_t count,
                         char text[AMOUNT_TEXT_SIZE])
{
    size_t i = 0;
    while (i + 1 < count && (value == 0 || value % units[i].worth != 0))
        i++;
    snprintf(text, AMOUNT_TEXT_SIZE, "%" PRIu64 "%s", value / units[i].worth, units[i].name);
}

void duration_write(uint64_t ms, char text[AMOUNT_TEXT_SIZE])
{
    if (ms == 0)
        snprintf(text, AMOUNT_TEXT_SIZE, "0s");
    else
        write_amount(ms, durations, COUNT_OF(durations), text);
}

void size_write(uint64_t bytes, char text[AMOUNT_TEXT_SIZE])
{
    write_amount(bytes, sizes, COUNT_OF(sizes), text);
}

/* Exactly len digits within bounds, off the front. */
static bool take_field(struct span *text, size_t len, unsigned least, unsigned most,
                       unsigned *field)
{
    struct span digits = {text->at, len};
    uint64_t value = 0;
    if (text->len < len || !span_to_u64(digits, &value) || value < least || value > most)
        return false;
    *text = span_skip(*text, len);
    *field = (unsigned)value;
    return true;
}

/* One of the characters, off the front. */
static bool take_one_of(struct span *text, const char *characters, char *found)
{
    if (text->len == 0 || text->at[0] == '\0' || !strchr(characters, text->at[0]))
        return false;
    *found = text->at[0];
    *text = span_skip(*text, 1);
    return true;
}

static unsigned days_in(unsigned year, unsigned month)
{
    static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && is_leap ? 29 : days[month - 1];
}

/* Days since 1970-01-01. The year begins in March, so that the leap day is its last. */
static int64_t day_number(unsigned year, unsigned month, unsigned day)
{
    unsigned y = month <= 2 ? year - 1 : year;
    unsigned m = month <= 2 ? month + 9 : month - 3;
    int64_t days = (int64_t)y * 365 + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1;
    return days - 719468;
}

static bool take_day(struct span *text, int64_t *days)
{
    unsigned year = 0, month = 0, day = 0;
    char dash = 0;
    bool is_day = take_field(text, 4, 1970, 9999, &year) && take_one_of(text, "-", &dash) &&
                  take_field(text, 2, 1, 12, &month) && take_one_of(text, "-", &dash) &&
                  take_field(text, 2, 1, days_in(year, month), &day);
    if (is_day)
        *days = day_number(year, month, day);
    return is_day;
}

/* ".123456": what is finer than a millisecond is dropped. */
static bool take_fraction(struct span *text, unsigned *ms)
{
    char dot = 0;
    *ms = 0;
    if (!take_one_of(text, ".", &dot))
        return true;
    struct span digits = take_digits(text);
    for (size_t i = 0; i < 3; i++)
        *ms = *ms * 10 + (i < digits.len ? (unsigned)(digits.at[i] - '0') : 0);
    return digits.len > 0;
}

/* RFC 3339 §5.6: "Z" or "+02:00", as minutes to take off. */
static bool take_offset(struct span *text, int64_t *minutes)
{
    char sign = 0, colon = 0;
    unsigned hour = 0, minute = 0;
    if (take_one_of(text, "Zz", &sign)) {
        *minutes = 0;
        return true;
    }
    if (!take_one_of(text, "+-", &sign) || !take_field(text, 2, 0, 23, &hour) ||
        !take_one_of(text, ":", &colon) || !take_field(text, 2, 0, 59, &minute))
        return false;
    *minutes = (sign == '+' ? 1 : -1) * (int64_t)(hour * 60 + minute);
    return true;
}

static bool take_time(struct span *text, int64_t *ms)
{
    unsigned hour = 0, minute = 0, second = 0, fraction = 0;
    int64_t offset = 0;
    char mark = 0;
    bool is_time = take_one_of(text, "Tt ", &mark) && take_field(text, 2, 0, 23, &hour) &&
                   take_one_of(text, ":", &mark) && take_field(text, 2, 0, 59, &minute) &&
                   take_one_of(text, ":", &mark) && take_field(text, 2, 0, 60, &second) &&
                   take_fraction(text, &fraction) && take_offset(text, &offset);
    if (is_time)
        *ms = (((int64_t)hour * 60 + minute - offset) * 60 + second) * 1000 + fraction;
    return is_time;
}

bool date_parse(struct span text, uint64_t *ms)
{
    int64_t days = 0, time_ms = 0;
    if (!take_day(&text, &days) || (text.len > 0 && !take_time(&text, &time_ms)) || text.len > 0)
        return false;
    int64_t moment = days * INT64_C(86400000) + time_ms;
    if (moment < 0)
        return false;
    *ms = (uint64_t)moment;
    return true;
}

void date_write(uint64_t ms, char text[DATE_TEXT_SIZE])
{
    struct tm utc;
    time_t seconds = (time_t)(ms / 1000);
    ASSERT(gmtime_r(&seconds, &utc));
    ASSERT(strftime(text, DATE_TEXT_SIZE, "%Y-%m-%dT%H:%M:%SZ", &utc) > 0);
}

bool fingerprint_parse(struct span text, unsigned char sha256[FINGERPRINT_LEN])
{
    enum { PLAIN_LEN = 2 * FINGERPRINT_LEN, COLON_LEN = PLAIN_LEN + FINGERPRINT_LEN - 1 };
    size_t step = text.len == COLON_LEN ? 3 : 2;
    if (text.len != PLAIN_LEN && text.len != COLON_LEN)
        return false;
    for (size_t i = 0; i < FINGERPRINT_LEN; i++) {
        const char *pair = text.at + i * step;
        int high = hex_digit(pair[0]), low = hex_digit(pair[1]);
        bool is_parted = step == 2 || i == FINGERPRINT_LEN - 1 || pair[2] == ':';
        if (high < 0 || low < 0 || !is_parted)
            return false;
        sha256[i] = (unsigned char)(high << 4 | low);
    }
    return true;
}
