/* content_coding.h - gzip in and out, bounded, and who takes it (RFC 9110 §8.4, §12.5.3).
 *
 * No state; any thread. The memory of a call is zlib's (256 KiB for writing, 40 for reading) and
 * what it appends.
 */
#ifndef HTTP_CONTENT_CODING_H
#define HTTP_CONTENT_CODING_H

#include "base/buffer.h"
#include "http/header_list.h"

enum coding { CODING_IDENTITY, CODING_GZIP, CODING_OTHER };

/* Of the value of Content-Encoding; empty: identity. Anything but gzip once, x-gzip included, is
 * other. */
enum coding coding_of(struct span content_encoding);

/* Of all Content-Encoding fields of a message. */
enum coding coding_of_message(const struct header_list *headers);

/* Whether the client takes a body in this coding, by its Accept-Encoding. Without the field only
 * identity: §12.5.3 would allow all, but who does not say so often reads none. CODING_OTHER, whose
 * name is not known here, only by "*". Members that cannot be read do not count; of two for the same
 * coding a refusal wins. */
bool coding_accepts(const struct header_list *request, enum coding coding);

/* Likewise every coding that the value of Content-Encoding names. */
bool coding_accepts_all(const struct header_list *request, struct span content_encoding);

/* Appends what in holds, all of it or nothing. One or more gzip members to the last byte, with right
 * sums, else ERR_SYNTAX; so nothing at all is an error too. ERR_LIMIT where more would come than out
 * may hold, which ends a bomb there. */
enum status gzip_decode(struct span in, struct buffer *out) MUST_CHECK;

/* The same for the coding "deflate": in the frame of zlib, or as some send it, in none or in that of
 * gzip (§8.4.1.2). */
enum status deflate_decode(struct span in, struct buffer *out) MUST_CHECK;

/* Appends one gzip member, the same for the same bytes; nothing on ERR_LIMIT. */
enum status gzip_encode(struct span in, struct buffer *out) MUST_CHECK;

#endif
