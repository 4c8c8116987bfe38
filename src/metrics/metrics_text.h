/* metrics_text.h - all metrics as text for Prometheus: its own format, or OpenMetrics.
 *
 * At most METRIC_SERIES_MAX lines: every metric but those by operation has room for all the words that
 * its labels may get; what room is left is for series by operation, in the order in which they first
 * happen. Once it is spent, further ones are counted as op="other", so that no series ever goes back.
 * One reader, on one thread.
 */
#ifndef METRICS_METRICS_TEXT_H
#define METRICS_METRICS_TEXT_H

#include "base/buffer.h"
#include "metrics/metrics.h"

enum { METRIC_SERIES_MAX = 3000, METRICS_TEXT_MAX = 2 * MIB };

enum metrics_format { METRICS_PROMETHEUS, METRICS_OPENMETRICS };

struct metrics_text;

/* metrics is borrowed. */
struct metrics_text *metrics_text_create(const struct metrics *metrics);
void metrics_text_destroy(struct metrics_text *text); /* NULL is allowed */

/* Into an empty buffer whose limit is METRICS_TEXT_MAX at least. */
void metrics_text_write(struct metrics_text *text, enum metrics_format format,
                        struct buffer *buffer);

/* Series by operation that have room. */
size_t metrics_text_op_room(const struct metrics_text *text);

struct span metrics_format_type(enum metrics_format format); /* Content-Type */

#endif
