/* log_writer.h - the access log: a ring for each worker, one thread that writes.
 *
 * log_ring_write costs no system call and never waits: a full pipe or a slow disk must not stop a
 * loop. A ring that is full drops the line and counts it. The thread sleeps while all rings are
 * empty, is woken by the first line, and lets a few milliseconds of lines gather before it writes.
 * Ownership: main creates the writer, takes a ring for each worker, destroys it after they ended.
 */
#ifndef BASE_LOG_WRITER_H
#define BASE_LOG_WRITER_H

#include "base/base.h"

struct log_writer;
struct log_ring;

/* A descriptor that is a datagram socket gets each line as a message of syslog (RFC 3164's form, as
 * syslogd and journald take it on /dev/log); when its listener begins anew it is connected again.
 *
 * Writes to the descriptor, which stays the caller's; ring_bytes for each of the rings (a power of
 * two, ≥ 4096). Starts the thread. */
struct log_writer *log_writer_create(int descriptor, size_t ring_count, size_t ring_bytes);

/* The ring of one worker; only that thread may write to it. Borrowed. */
struct log_ring *log_writer_ring(struct log_writer *writer, size_t index);

/* One line, without its newline. False when it was dropped. */
bool log_ring_write(struct log_ring *ring, struct span line);

/* Lines dropped by all rings so far. Any thread. */
uint64_t log_writer_dropped(struct log_writer *writer);

/* From now on lines go to this descriptor (reopened after a rotation). Any thread; returns when
 * the old one is no longer used. */
void log_writer_move(struct log_writer *writer, int descriptor);

/* Writes what is left (at most 2 s if the reader hangs), ends the thread. NULL is allowed. */
void log_writer_destroy(struct log_writer *writer);

#endif
