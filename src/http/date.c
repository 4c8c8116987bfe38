#include "http/date.h"

#include <stdio.h>

#include "base/text.h"

enum { DAY_SECONDS = 86400, YEAR_FIRST = 1970, YEAR_LAST = 9999 };

static const char days[][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                 "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
static const struct span long_days[] = {{"Sunday", 6},    {"Monday", 6},   {"Tuesday", 7},
                                        {"Wednesday", 9}, {"Thursday", 8}, {"Friday", 6},
                                        {"Saturday", 8}};

struct civil {
    unsigned year, month, day; /* month from 1 */
    unsigned hour, minute, second;
};

/* The proleptic Gregorian calendar counted from 1 March of year 0: leap days come last. */
static uint64_t days_of(const struct civil *civil)
{
    unsigned year = civil->year - (civil->month <= 2);
    unsigned month = (civil->month + 9) % 12;
    unsigned leap_days = year / 4 - year / 100 + year / 400;
    return (uint64_t)year * 365 + leap_days + (month * 153 + 2) / 5 + civil->day - 1 - 719468;
}

static struct civil civil_of(uint64_t day)
{
    uint64_t shifted = day + 719468;
    uint64_t era = shifted / 146097, rest = shifted % 146097;
    uint64_t year = (rest - rest / 1460 + rest / 36524 - rest / 146096) / 365;
    uint64_t of_year = rest - (year * 365 + year / 4 - year / 100);
    unsigned month = (unsigned)((5 * of_year + 2) / 153);
    struct civil civil = {
        .year = (unsigned)(year + era * 400 + (month >= 10)),
        .month = month < 10 ? month + 3 : month - 9,
        .day = (unsigned)of_year - (month * 153 + 2) / 5 + 1,
    };
    return civil;
}

struct span http_date_write(char text[HTTP_DATE_SIZE], uint64_t unix_seconds)
{
    struct civil civil = civil_of(unix_seconds / DAY_SECONDS);
    ASSERT(civil.year <= YEAR_LAST);
    unsigned of_day = (unsigned)(unix_seconds % DAY_SECONDS);
    unsigned weekday = (unsigned)((unix_seconds / DAY_SECONDS + 4) % 7);
    int len = snprintf(text, HTTP_DATE_SIZE, "%s, %02u %s %04u %02u:%02u:%02u GMT", days[weekday],
                       civil.day, months[civil.month - 1], civil.year, of_day / 3600,
                       of_day / 60 % 60, of_day % 60);
    ASSERT(len == HTTP_DATE_SIZE - 1);
    return (struct span){text, (size_t)len};
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
    return days_of(civil) * DAY_SECONDS + minutes * 60 + civil->second;
}

/* RFC 9110 §5.6.7: what looks more than 50 years ahead was meant to be past. So of all years that end
 * in these two digits it is the last in which the date is not. */
static unsigned full_year(struct civil date, uint64_t now_seconds)
{
    struct civil latest = civil_of(now_seconds / DAY_SECONDS);
    latest.year += 50;
    date.year = latest.year - (latest.year - date.year) % 100;
    bool is_beyond = seconds_of(&date) > seconds_of(&latest) + now_seconds % DAY_SECONDS;
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
