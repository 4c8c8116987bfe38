/* date.h - HTTP dates (RFC 9110 §5.6.7). Pure. */
#ifndef HTTP_DATE_H
#define HTTP_DATE_H

#include "base/base.h"

enum { HTTP_DATE_SIZE = 30 };

/* "Sun, 06 Nov 1994 08:49:37 GMT", terminated; years 1970 to 9999. */
struct span http_date_write(char text[HTTP_DATE_SIZE], uint64_t unix_seconds);

/* All three forms that a recipient must accept, as they are written there: case, white space and GMT
 * included; what the day of the week is called does not matter. now_seconds finds the century of a
 * year of two digits. False for anything else and for what was before 1970: an Expires of "0" is no
 * date, and so past (RFC 9111 §5.3). */
bool http_date_read(struct span text, uint64_t now_seconds, uint64_t *unix_seconds);

#endif
