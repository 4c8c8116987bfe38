/* problem.h - an error as the client sees it: the 26 types of the API, and the gateway's own rows.
 *
 * Code says PROBLEM_…; no status number or type stands outside these tables. The body carries both
 * shapes: what the documentation shows (type, description, status) and what the official client
 * needs (id, code, type, message).
 */
#ifndef BOTPRESS_PROBLEM_H
#define BOTPRESS_PROBLEM_H

#include "base/arena.h"

/* type, HTTP status: all that the client has classes for. */
#define ERROR_TYPES(X)                                                                             \
    X(Unknown, 500)                                                                                \
    X(Internal, 500)                                                                               \
    X(Unauthorized, 401)                                                                           \
    X(Forbidden, 403)                                                                              \
    X(PayloadTooLarge, 413)                                                                        \
    X(InvalidPayload, 400)                                                                         \
    X(UnsupportedMediaType, 415)                                                                   \
    X(MethodNotFound, 405)                                                                         \
    X(ResourceNotFound, 404)                                                                       \
    X(InvalidJsonSchema, 400)                                                                      \
    X(InvalidDataFormat, 400)                                                                      \
    X(InvalidIdentifier, 400)                                                                      \
    X(RelationConflict, 409)                                                                       \
    X(ReferenceConstraint, 409)                                                                    \
    X(ResourceLockedConflict, 409)                                                                 \
    X(ResourceGone, 410)                                                                           \
    X(ReferenceNotFound, 400)                                                                      \
    X(InvalidQuery, 400)                                                                           \
    X(Runtime, 400)                                                                                \
    X(AlreadyExists, 409)                                                                          \
    X(RateLimited, 429)                                                                            \
    X(PaymentRequired, 402)                                                                        \
    X(QuotaExceeded, 403)                                                                          \
    X(LimitExceeded, 413)                                                                          \
    X(BreakingChanges, 400)                                                                        \
    X(OperationTimeout, 504)

#define ERROR_TYPE_ENUM(type, status) ERROR_TYPE_##type,
enum error_type { ERROR_TYPES(ERROR_TYPE_ENUM) ERROR_TYPE_COUNT };
#undef ERROR_TYPE_ENUM

struct span error_type_name(enum error_type type);

/* Whether name is one of the 26; sets *type. */
bool error_type_find(struct span name, enum error_type *type);

/* The type that stands for a status when an answer has none (product §8). status ≥ 400. */
enum error_type error_type_of_status(unsigned status);

/* The gateway's own problems: name, status, type, metadata.reason, RFC 9209 error ("" = none is
 * registered that fits), and the message for when nobody says it better. */
#define PROBLEMS(X)                                                                                \
    X(PROBLEM_BAD_REQUEST, 400, InvalidPayload, "bad_request", "http_request_error",               \
      "The request is not valid HTTP.")                                                            \
    X(PROBLEM_TARGET_TOO_LONG, 414, InvalidPayload, "target_too_long", "http_request_error",       \
      "The request target is too long.")                                                           \
    X(PROBLEM_HEAD_TOO_LARGE, 431, InvalidPayload, "head_too_large", "http_request_error",         \
      "The request head is too large.")                                                            \
    X(PROBLEM_EXPECTATION, 417, InvalidPayload, "expectation_failed", "http_request_error",        \
      "The only expectation understood is 100-continue.")                                          \
    X(PROBLEM_NOT_IMPLEMENTED, 501, Internal, "not_implemented", "http_request_error",             \
      "This gateway does not implement what the request asks for.")                                \
    X(PROBLEM_VERSION, 505, Internal, "http_version", "http_request_error",                        \
      "Only HTTP/1.0 and HTTP/1.1 are spoken here.")                                               \
    X(PROBLEM_REQUEST_TIMEOUT, 408, InvalidPayload, "request_timeout", "http_request_error",       \
      "The request did not arrive in time.")                                                       \
    X(PROBLEM_MISSING_HEADER, 400, InvalidPayload, "missing_header", "http_request_error",         \
      "A header that the operation needs is missing.")                                             \
    X(PROBLEM_NO_KEY, 401, Unauthorized, "no_key", "http_request_denied",                          \
      "No gateway key was sent: set the client's token to a key of this gateway (bpg_…).")         \
    X(PROBLEM_BAD_KEY, 401, Unauthorized, "bad_key", "http_request_denied",                        \
      "The gateway key is not valid.")                                                             \
    X(PROBLEM_FORBIDDEN, 403, Forbidden, "forbidden", "http_request_denied",                       \
      "This key may not do that.")                                                                 \
    X(PROBLEM_NOT_FOUND, 404, ResourceNotFound, "unknown_route", "destination_not_found",          \
      "This route does not exist.")                                                                \
    X(PROBLEM_METHOD, 405, MethodNotFound, "method", "http_request_error",                         \
      "This path exists, but not with this method.")                                               \
    X(PROBLEM_BODY_TOO_LARGE, 413, PayloadTooLarge, "body_too_large", "http_request_error",        \
      "The request body is larger than this service accepts.")                                     \
    X(PROBLEM_RATE_LIMITED, 429, RateLimited, "rate_limited", "http_request_denied",               \
      "Too many requests.")                                                                        \
    X(PROBLEM_FILTERED, 403, Forbidden, "filter", "http_request_denied",                           \
      "A filter of this gateway answers this request.")                                            \
    X(PROBLEM_FILTER_FAILED, 500, Internal, "filter_failed", "proxy_internal_error",               \
      "A filter of this gateway failed; its log says why, under the id of this request.")          \
    X(PROBLEM_INTERNAL, 500, Internal, "internal", "proxy_internal_error", "The gateway failed.")  \
    X(PROBLEM_NOT_SENT, 502, Internal, "not_sent", "destination_unavailable",                      \
      "Botpress could not be reached; nothing was sent.")                                          \
    X(PROBLEM_LOOP, 502, Internal, "loop", "proxy_loop_detected",                                  \
      "The request has passed this gateway before, in a loop: see where upstream.url points.")     \
    X(PROBLEM_UPSTREAM_LOST, 502, Internal, "upstream_lost", "connection_terminated",              \
      "Botpress closed the connection without an answer.")                                         \
    X(PROBLEM_UPSTREAM_MALFORMED, 502, Internal, "upstream_malformed", "http_protocol_error",      \
      "Botpress sent an answer that is not valid HTTP.")                                           \
    X(PROBLEM_OUTCOME_UNKNOWN, 504, OperationTimeout, "outcome_unknown", "connection_terminated",  \
      "The connection was lost after the request was sent: it may or may not have been done.")     \
    X(PROBLEM_UPSTREAM_TIMEOUT, 504, OperationTimeout, "upstream_timeout",                         \
      "http_response_timeout", "Botpress did not answer in time.")                                 \
    X(PROBLEM_NOT_CACHED, 504, OperationTimeout, "not_cached", "",                                 \
      "The request asks for a stored answer alone (only-if-cached), and none is stored.")          \
    X(PROBLEM_UNAVAILABLE, 503, Internal, "unavailable", "destination_unavailable",                \
      "Botpress is failing; the gateway is waiting before it tries again.")                        \
    X(PROBLEM_OVERLOADED, 503, Internal, "overloaded", "proxy_internal_error",                     \
      "The gateway holds as much as it may; try again shortly.")                                   \
    X(PROBLEM_CREDENTIAL, 502, Internal, "credential", "proxy_configuration_error",                \
      "The gateway's own credential cannot be read.")

#define PROBLEM_ENUM(name, status, type, reason, proxy_status, text) name,
enum problem_id { PROBLEMS(PROBLEM_ENUM) PROBLEM_COUNT };
#undef PROBLEM_ENUM

enum { PROBLEM_MESSAGE_LIMIT = 1 * KIB };

/* The text, or as many whole UTF-8 characters of it as the limit allows. */
struct span problem_cut(struct span text);

/* One occurrence. Zero members take the row's values. */
struct problem {
    enum problem_id id;
    unsigned status; /* instead of the row's (an upstream's status kept) */
    bool has_type;   /* type instead of the row's */
    enum error_type type;
    struct span message;      /* what happened and what to do */
    struct span proxy_status; /* RFC 9209 error instead of the row's */
    unsigned retry_after_s;   /* 0: no Retry-After */
    struct span metadata;     /* further members of metadata as JSON text `"a":1,"b":"c"` */
    bool is_upstreams;        /* metadata.source is "upstream": its error, our words */
};

unsigned problem_status(const struct problem *problem);
struct span problem_type(const struct problem *problem);
struct span problem_reason(const struct problem *problem); /* of the upstream's: upstream_error */

/* The value of Proxy-Status (RFC 9209 §2): `bpgate; error=connection_timeout`, with the message as
 * details if it is short printable ASCII; `bpgate; received-status=502` for the upstream's errors. */
struct span problem_proxy_status(const struct problem *problem, struct arena *arena);

/* The JSON body, valid whatever bytes the message holds. error_id: "err_20261123093011x1A2B3C4D". */
struct span problem_body(const struct problem *problem, struct span error_id, struct arena *arena);

/* A new error id in the form of the official client. */
struct span problem_new_id(struct arena *arena, uint64_t wall_ms, uint32_t random);

#endif
