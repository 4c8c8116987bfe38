/* access_line.h - one line for each exchange or refused head: JSON, or for people on a terminal.
 *
 * No bodies, no query, no field's value but the two that correlate; of a path what a log may show.
 */
#ifndef GATEWAY_ACCESS_LINE_H
#define GATEWAY_ACCESS_LINE_H

#include "base/json_writer.h"
#include "gateway/exchange.h"

/* What is written fits into PIPE_BUF with its newline, so that a pipe takes it whole. */
enum { ACCESS_LINE_SIZE = 4095 };

struct span access_line_json(const struct exchange *exchange, char text[ACCESS_LINE_SIZE]);
struct span access_line_text(const struct exchange *exchange, char text[ACCESS_LINE_SIZE]);

/* What of a path or a line may be shown: at most 512 bytes, and nothing of one that holds a key or a
 * token. */
struct span shown_path(struct span path);

#endif
