/* config_text.h - durations, sizes, dates and fingerprints as people write them, and back. Pure. */
#ifndef CONFIG_CONFIG_TEXT_H
#define CONFIG_CONFIG_TEXT_H

#include "base/base.h"

enum amount_result { AMOUNT_OK, AMOUNT_MALFORMED, AMOUNT_NO_UNIT, AMOUNT_TOO_LARGE };

/* A whole number and one of ms, s, m, h, d: "250ms", "5s", "7d". 0 needs no unit. */
enum amount_result duration_parse(struct span text, uint64_t *ms) MUST_CHECK;

/* A whole number and one of B, KB, MB, GB (thousands), KiB, MiB, GiB, in any case; without a unit
 * it is bytes. */
enum amount_result size_parse(struct span text, uint64_t *bytes) MUST_CHECK;

/* RFC 3339: "2027-01-31" (its first moment in UTC), "2027-01-31T12:00:00Z", with fractions and
 * offsets; from 1970 on. *ms: since 1970 UTC. */
bool date_parse(struct span text, uint64_t *ms) MUST_CHECK;

/* "2027-01-31T12:00:00Z", to the second. */
enum { DATE_TEXT_SIZE = 32 };
void date_write(uint64_t ms, char text[DATE_TEXT_SIZE]);

/* 64 hexadecimal digits, or as openssl prints them: pairs with a colon between. */
enum { FINGERPRINT_LEN = 32 };
bool fingerprint_parse(struct span text, unsigned char sha256[FINGERPRINT_LEN]) MUST_CHECK;

/* Back, in the largest unit that leaves no rest: 65000 becomes "65s", 65536 "64KiB". */
enum { AMOUNT_TEXT_SIZE = 32 };
void duration_write(uint64_t ms, char text[AMOUNT_TEXT_SIZE]);
void size_write(uint64_t bytes, char text[AMOUNT_TEXT_SIZE]);

#endif
