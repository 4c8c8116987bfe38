/* header_names.h - the field names that bpgate acts on, one row each.
 *
 * One table for HTTP's own and the product's, because every field of every message is looked up
 * once, when it is parsed, and only its id is compared from then on. The three letters are the
 * first, an inner one (at len * 2 / 3) and the last of the name: with its length they are a perfect
 * hash that the compiler checks (header_names.c).
 */
#ifndef HTTP_HEADER_NAMES_H
#define HTTP_HEADER_NAMES_H

#include "base/base.h"

enum header_flags {
    HEADER_HOP = 1,      /* belongs to one connection (RFC 9110 §7.6.1), never forwarded */
    HEADER_PRIVATE = 2,  /* the caller's own, never sent upstream */
    HEADER_SINGLE = 4,   /* a request that repeats it is refused: it could be read in two ways */
    HEADER_GUARDED = 8,  /* of the injected family: a spelling with '_' is refused too */
    HEADER_FRAMING = 16, /* says where the message ends */
};

/*  id                      name                     first inner last  flags */
#define HEADER_NAMES(X)                                                                            \
    X(HEADER_CONNECTION, "connection", 'c', 't', 'n', HEADER_HOP)                                  \
    X(HEADER_KEEP_ALIVE, "keep-alive", 'k', 'l', 'e', HEADER_HOP)                                  \
    X(HEADER_PROXY_CONNECTION, "proxy-connection", 'p', 'e', 'n', HEADER_HOP)                      \
    X(HEADER_TE, "te", 't', 'e', 'e', HEADER_HOP)                                                  \
    X(HEADER_TRAILER, "trailer", 't', 'l', 'r', HEADER_HOP)                                        \
    X(HEADER_UPGRADE, "upgrade", 'u', 'a', 'e', HEADER_HOP)                                        \
    X(HEADER_PROXY_AUTHORIZATION, "proxy-authorization", 'p', 'i', 'n', HEADER_HOP)                \
    X(HEADER_PROXY_AUTHENTICATE, "proxy-authenticate", 'p', 't', 'e', HEADER_HOP)                  \
    X(HEADER_TRANSFER_ENCODING, "transfer-encoding", 't', 'c', 'g',                                \
      HEADER_HOP | HEADER_FRAMING | HEADER_SINGLE)                                                 \
    X(HEADER_CONTENT_LENGTH, "content-length", 'c', 'e', 'h', HEADER_FRAMING | HEADER_SINGLE)      \
    X(HEADER_HOST, "host", 'h', 's', 't', HEADER_SINGLE)                                           \
    X(HEADER_EXPECT, "expect", 'e', 'c', 't', HEADER_HOP)                                          \
    X(HEADER_AUTHORIZATION, "authorization", 'a', 'a', 'n',                                        \
      HEADER_PRIVATE | HEADER_SINGLE | HEADER_GUARDED)                                             \
    X(HEADER_COOKIE, "cookie", 'c', 'i', 'e', HEADER_PRIVATE)                                      \
    X(HEADER_ORIGIN, "origin", 'o', 'i', 'n', HEADER_PRIVATE)                                      \
    X(HEADER_FORWARDED, "forwarded", 'f', 'd', 'd', HEADER_PRIVATE)                                \
    X(HEADER_X_FORWARDED_FOR, "x-forwarded-for", 'x', 'd', 'r', HEADER_PRIVATE)                    \
    X(HEADER_VIA, "via", 'v', 'a', 'a', 0)                                                         \
    X(HEADER_DATE, "date", 'd', 't', 'e', 0)                                                       \
    X(HEADER_AGE, "age", 'a', 'e', 'e', 0)                                                         \
    X(HEADER_SERVER, "server", 's', 'e', 'r', 0)                                                   \
    X(HEADER_CONTENT_TYPE, "content-type", 'c', 't', 'e', 0)                                       \
    X(HEADER_CONTENT_ENCODING, "content-encoding", 'c', 'c', 'g', 0)                               \
    X(HEADER_ACCEPT_ENCODING, "accept-encoding", 'a', 'o', 'g', 0)                                 \
    X(HEADER_ACCEPT, "accept", 'a', 'p', 't', 0)                                                   \
    X(HEADER_SET_COOKIE, "set-cookie", 's', 'o', 'e', 0)                                           \
    X(HEADER_LOCATION, "location", 'l', 'i', 'n', 0)                                               \
    X(HEADER_IF_MATCH, "if-match", 'i', 't', 'h', 0)                                               \
    X(HEADER_IF_NONE_MATCH, "if-none-match", 'i', 'm', 'h', 0)                                     \
    X(HEADER_IF_MODIFIED_SINCE, "if-modified-since", 'i', '-', 'e', 0)                             \
    X(HEADER_IF_UNMODIFIED_SINCE, "if-unmodified-since", 'i', 'd', 'e', 0)                         \
    X(HEADER_IF_RANGE, "if-range", 'i', 'n', 'e', 0)                                               \
    X(HEADER_RANGE, "range", 'r', 'g', 'e', 0)                                                     \
    X(HEADER_CONTENT_RANGE, "content-range", 'c', 'r', 'e', 0)                                     \
    X(HEADER_ACCEPT_RANGES, "accept-ranges", 'a', 'a', 's', 0)                                     \
    X(HEADER_ETAG, "etag", 'e', 'a', 'g', 0)                                                       \
    X(HEADER_LAST_MODIFIED, "last-modified", 'l', 'i', 'd', 0)                                     \
    X(HEADER_EXPIRES, "expires", 'e', 'r', 's', 0)                                                 \
    X(HEADER_VARY, "vary", 'v', 'r', 'y', 0)                                                       \
    X(HEADER_PRAGMA, "pragma", 'p', 'm', 'a', 0)                                                   \
    X(HEADER_CACHE_CONTROL, "cache-control", 'c', 'n', 'l', 0)                                     \
    X(HEADER_CDN_CACHE_CONTROL, "cdn-cache-control", 'c', 'o', 'l', 0)                             \
    X(HEADER_BPGATE_CACHE_CONTROL, "bpgate-cache-control", 'b', 'c', 'l', 0)                       \
    X(HEADER_CACHE_STATUS, "cache-status", 'c', 'a', 's', 0)                                       \
    X(HEADER_CONTENT_LOCATION, "content-location", 'c', 'c', 'n', 0)                               \
    X(HEADER_RETRY_AFTER, "retry-after", 'r', 'f', 'r', 0)                                         \
    X(HEADER_RATELIMIT_LIMIT, "ratelimit-limit", 'r', 'l', 't', 0)                                 \
    X(HEADER_RATELIMIT_REMAINING, "ratelimit-remaining", 'r', 'm', 'g', 0)                         \
    X(HEADER_RATELIMIT_RESET, "ratelimit-reset", 'r', 'r', 't', 0)                                 \
    X(HEADER_USER_AGENT, "user-agent", 'u', 'g', 't', 0)                                           \
    X(HEADER_X_REQUEST_ID, "x-request-id", 'x', 't', 'd', 0)                                       \
    X(HEADER_TRACEPARENT, "traceparent", 't', 'r', 't', 0)                                         \
    X(HEADER_PROXY_STATUS, "proxy-status", 'p', 'a', 's', 0)                                       \
    X(HEADER_X_BPGATE_KEY, "x-bpgate-key", 'x', '-', 'y',                                          \
      HEADER_PRIVATE | HEADER_SINGLE | HEADER_GUARDED)                                             \
    X(HEADER_X_BOT_ID, "x-bot-id", 'x', '-', 'd', HEADER_SINGLE | HEADER_GUARDED)                  \
    X(HEADER_X_WORKSPACE_ID, "x-workspace-id", 'x', 'c', 'd', HEADER_SINGLE | HEADER_GUARDED)      \
    X(HEADER_X_INTEGRATION_ID, "x-integration-id", 'x', 'i', 'd', HEADER_SINGLE | HEADER_GUARDED)  \
    X(HEADER_X_INTEGRATION_ALIAS, "x-integration-alias", 'x', 'n', 's',                            \
      HEADER_SINGLE | HEADER_GUARDED)                                                              \
    X(HEADER_X_INTEGRATION_NAME, "x-integration-name", 'x', 'n', 'e',                              \
      HEADER_SINGLE | HEADER_GUARDED)                                                              \
    X(HEADER_X_DESTINATION_BOT_ID, "x-destination-bot-id", 'x', '-', 'd',                          \
      HEADER_SINGLE | HEADER_GUARDED)                                                              \
    X(HEADER_X_USER_ID, "x-user-id", 'x', '-', 'd', HEADER_SINGLE | HEADER_GUARDED)                \
    X(HEADER_X_USER_ROLE, "x-user-role", 'x', 'r', 'e', HEADER_SINGLE | HEADER_GUARDED)            \
    X(HEADER_X_MULTIPLE_INTEGRATIONS, "x-multiple-integrations", 'x', 'g', 's',                    \
      HEADER_SINGLE | HEADER_GUARDED)

#define HEADER_ENUM(id, name, first, inner, last, flags) id,
enum header_id { HEADER_OTHER, HEADER_NAMES(HEADER_ENUM) HEADER_ID_COUNT };
#undef HEADER_ENUM

/* The id of a field name in any case; HEADER_OTHER for names without a row. */
enum header_id header_id_of(struct span name);

/* The name of a row in lower case. Not for HEADER_OTHER. */
struct span header_name(enum header_id id);

/* The flags of any field: of its row, or of its family (x-forwarded-*, x-bpgate-*, sec-* are
 * HEADER_PRIVATE). */
unsigned header_flags_of(enum header_id id, struct span name);

/* Whether the name is a guarded one written with '_' for '-': some servers fold the two. */
bool header_is_guarded_alias(struct span name);

#endif
