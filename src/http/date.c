#include "http/date.h"

#include "base/calendar.h"
#include "base/text.h"

enum { YEAR_FIRST = 1970, YEAR_LAST = 9999 };

static const char days[][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                 "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
static const struct span long_days[] = {{"Sunday", 6},    {"Monday", 6},   {"Tuesday", 7},
                                        {"Wednesday", 9}, {"Thursday", 8}, {"Friday", 6},
                                        {"Saturday", 8}};

static char *put(char *at, const char *text, size_t len)
{
    memcpy(at, text, len);
    return at + len;
}

static char *put_clock(char *at, const struct civil *civil)
{
    at = put(put_digits(at, civil->hour, 2), ":", 1);
    at = put(put_digits(at, civil->minute, 2), ":", 1);
    return put_digits(at, civil->second, 2);
}

struct span http_date_write(char text[HTTP_DATE_SIZE], uint64_t unix_seconds)
{
    struct civil civil = civil_of(unix_seconds);
    ASSERT(civil.year <= YEAR_LAST);
    char *at = put(text, days[(unix_seconds / DAY_SECONDS + 4) % 7], 3);
    at = put_digits(put(at, ", ", 2), civil.day, 2);
    at = put(put(at, " ", 1), months[civil.month - 1], 3);
    at = put_digits(put(at, " ", 1), civil.year, 4);
    at = put_clock(put(at, " ", 1), &civil);
    at = put(at, " GMT", sizeof(" GMT"));
    ASSERT(at == text + HTTP_DATE_SIZE);
    return (struct span){text, HTTP_DATE_SIZE - 1};
}

static bool take_number(struct span *text, size_t digits, unsigned *number)
{
    uint64_t value;
    if (text->len < digits || !span_to_u64((struct span){text->at, digits}, &value))
        return false;
    *number = (unsigned)value;
    *text = span_skip(*text, digits);
    return true;
}

static bool take(struct span *text, struct span expected)
{
    if (!span_starts_with(*text, expected))
        return false;
    *text = span_skip(*text, expected.len);
    return true;
}

/* Takes a name of three letters and says which of names it was, from 1. */
static bool take_name(struct span *text, const char names[][4], size_t count, unsigned *number)
{
    for (size_t i = 0; i < count; i++) {
        if (take(text, (struct span){names[i], 3})) {
            *number = (unsigned)i + 1;
            return true;
        }
    }
    return false;
}

static bool take_day_name(struct span *text)
{
    unsigned ignored;
    return take_name(text, days, COUNT_OF(days), &ignored);
}

static bool take_long_day_name(struct span *text)
{
    for (size_t i = 0; i < COUNT_OF(long_days); i++) {
        if (take(text, long_days[i]))
            return true;
    }
    return false;
}

static bool take_month(struct span *text, unsigned *month)
{
    return take_name(text, months, COUNT_OF(months), month);
}

static bool take_time(struct span *text, struct civil *civil)
{
    return take_number(text, 2, &civil->hour) && take(text, SPAN(":")) &&
           take_number(text, 2, &civil->minute) && take(text, SPAN(":")) &&
           take_number(text, 2, &civil->second);
}

/* "Sun, 06 Nov 1994 08:49:37 GMT" */
static bool read_imf_fixdate(struct span text, struct civil *civil)
{
    return take_day_name(&text) && take(&text, SPAN(", ")) && take_number(&text, 2, &civil->day) &&
           take(&text, SPAN(" ")) && take_month(&text, &civil->month) && take(&text, SPAN(" ")) &&
           take_number(&text, 4, &civil->year) && take(&text, SPAN(" ")) &&
           take_time(&text, civil) && span_equal(text, SPAN(" GMT"));
}

/* "Sunday, 06-Nov-94 08:49:37 GMT"; the year has two digits. */
static bool read_rfc850(struct span text, struct civil *civil)
{
    return take_long_day_name(&text) && take(&text, SPAN(", ")) &&
           take_number(&text, 2, &civil->day) && take(&text, SPAN("-")) &&
           take_month(&text, &civil->month) && take(&text, SPAN("-")) &&
           take_number(&text, 2, &civil->year) && take(&text, SPAN(" ")) &&
           take_time(&text, civil) && span_equal(text, SPAN(" GMT"));
}

/* "Sun Nov  6 08:49:37 1994" */
static bool read_asctime(struct span text, struct civil *civil)
{
    if (!take_day_name(&text) || !take(&text, SPAN(" ")) || !take_month(&text, &civil->month) ||
        !take(&text, SPAN(" ")))
        return false;
    size_t digits = take(&text, SPAN(" ")) ? 1 : 2;
    return take_number(&text, digits, &civil->day) && take(&text, SPAN(" ")) &&
           take_time(&text, civil) && take(&text, SPAN(" ")) &&
           take_number(&text, 4, &civil->year) && text.len == 0;
}

static uint64_t seconds_of(const struct civil *civil)
{
    uint64_t minutes = civil->hour * UINT64_C(60) + civil->minute;
    return civil_days(civil) * DAY_SECONDS + minutes * 60 + civil->second;
}

/* RFC 9110 §5.6.7: what looks more than 50 years ahead was meant to be past. So of all years that end
 * in these two digits it is the last in which the date is not. */
static unsigned full_year(struct civil date, uint64_t now_seconds)
{
    struct civil latest = civil_of(now_seconds);
    latest.year += 50;
    date.year = latest.year - (latest.year - date.year) % 100;
    bool is_beyond = seconds_of(&date) > seconds_of(&latest);
    return is_beyond ? date.year - 100 : date.year;
}

static bool is_valid(const struct civil *civil)
{
    static const uint8_t lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    unsigned year = civil->year;
    bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    unsigned length = lengths[civil->month - 1] + (is_leap && civil->month == 2);
    bool is_leap_second = civil->hour == 23 && civil->minute == 59 && civil->second == 60;
    return year >= YEAR_FIRST && civil->day >= 1 && civil->day <= length && civil->hour < 24 &&
           civil->minute < 60 && (civil->second < 60 || is_leap_second);
}

bool http_date_read(struct span text, uint64_t now_seconds, uint64_t *unix_seconds)
{
    struct civil civil = {0};
    if (read_rfc850(text, &civil))
        civil.year = full_year(civil, now_seconds);
    else if (!read_imf_fixdate(text, &civil) && !read_asctime(text, &civil))
        return false;
    if (!is_valid(&civil))
        return false;
    *unix_seconds = seconds_of(&civil);
    return true;
}
