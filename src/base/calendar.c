#include "base/calendar.h"

#include <string.h>

/* Counted from 1 March of year 0: leap days come last. */
uint64_t civil_days(const struct civil *civil)
{
    unsigned year = civil->year - (civil->month <= 2);
    unsigned month = (civil->month + 9) % 12;
    unsigned leap_days = year / 4 - year / 100 + year / 400;
    return (uint64_t)year * 365 + leap_days + (month * 153 + 2) / 5 + civil->day - 1 - 719468;
}

struct civil civil_of(uint64_t unix_seconds)
{
    uint64_t shifted = unix_seconds / DAY_SECONDS + 719468;
    uint64_t era = shifted / 146097, rest = shifted % 146097;
    uint64_t year = (rest - rest / 1460 + rest / 36524 - rest / 146096) / 365;
    uint64_t of_year = rest - (year * 365 + year / 4 - year / 100);
    unsigned month = (unsigned)((5 * of_year + 2) / 153);
    unsigned of_day = (unsigned)(unix_seconds % DAY_SECONDS);
    return (struct civil){
        .year = (unsigned)(year + era * 400 + (month >= 10)),
        .month = month < 10 ? month + 3 : month - 9,
        .day = (unsigned)of_year - (month * 153 + 2) / 5 + 1,
        .hour = of_day / 3600,
        .minute = of_day / 60 % 60,
        .second = of_day % 60,
    };
}

char *put_digits(char *at, unsigned number, unsigned digits)
{
    for (unsigned i = digits; i > 0; i--) {
        at[i - 1] = (char)('0' + number % 10);
        number /= 10;
    }
    return at + digits;
}

static char *put_part(char *at, unsigned number, unsigned digits, char after)
{
    at = put_digits(at, number, digits);
    *at = after;
    return at + 1;
}

enum { SECOND_LEN = sizeof("2026-01-01T00:00:00.") - 1 };

static void put_second(uint64_t unix_seconds, char text[SECOND_LEN])
{
    struct civil civil = civil_of(unix_seconds);
    ASSERT(civil.year <= 9999);
    char *at = put_part(text, civil.year, 4, '-');
    at = put_part(at, civil.month, 2, '-');
    at = put_part(at, civil.day, 2, 'T');
    at = put_part(at, civil.hour, 2, ':');
    at = put_part(at, civil.minute, 2, ':');
    (void)put_part(at, civil.second, 2, '.');
}

/* Nearly every time is of the same second as the one before. */
struct span time_text(uint64_t wall_ms, char text[TIME_TEXT_SIZE])
{
    static _Thread_local struct {
        uint64_t unix_seconds;
        char text[SECOND_LEN];
        bool is_set;
    } last;
    uint64_t unix_seconds = wall_ms / 1000;
    if (!last.is_set || last.unix_seconds != unix_seconds) {
        put_second(unix_seconds, last.text);
        last.unix_seconds = unix_seconds;
        last.is_set = true;
    }
    memcpy(text, last.text, SECOND_LEN);
    char *at = put_part(text + SECOND_LEN, (unsigned)(wall_ms % 1000), 3, 'Z');
    *at = '\0';
    return (struct span){text, TIME_TEXT_SIZE - 1};
}
