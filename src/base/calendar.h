/* calendar.h - days, and a moment as text. Pure; UTC, the proleptic Gregorian calendar. */
#ifndef BASE_CALENDAR_H
#define BASE_CALENDAR_H

#include "base/base.h"

enum { DAY_SECONDS = 86400, TIME_TEXT_SIZE = 25 };

struct civil {
    unsigned year, month, day; /* month from 1 */
    unsigned hour, minute, second;
};

/* Days since 1970 of a date; its time of day does not count. */
uint64_t civil_days(const struct civil *civil);

struct civil civil_of(uint64_t unix_seconds);

/* "2026-11-27T20:45:12.123Z" (RFC 3339), for years of four digits; terminated. */
struct span time_text(uint64_t wall_ms, char text[TIME_TEXT_SIZE]);

/* Writes as many digits, leading zeros too. Returns where they end. */
char *put_digits(char *at, unsigned number, unsigned digits);

#endif
