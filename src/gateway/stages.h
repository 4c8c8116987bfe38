/* stages.h - the rows' functions, in the order of the table in stages.c. */
#ifndef GATEWAY_STAGES_H
#define GATEWAY_STAGES_H

#include "gateway/exchange.h"

/* THE order of a request. */
extern const struct stage stages[];
extern const size_t stage_count;

/* The rows of it that fetch for the store alone. */
extern const struct stage refresh_stages[];
extern const size_t refresh_stage_count;

stage_fn route_begin;         /* may respond 404, 405, 204 to OPTIONS */
stage_fn limit_address_begin; /* 429 */
stage_fn authenticate_begin;  /* 401 */
stage_fn authorize_begin;     /* 400, 403 */
stage_fn limit_caller_begin;  /* 429, 503; waits for Redis */
stage_fn limit_caller_finish;
stage_fn filter_request_begin; /* whatever a filter answers; 500; waits for the request's body */
stage_fn filter_request_finish;
stage_fn lookup_begin; /* what is stored, 304, 504 for only-if-cached; waits for another's fetch */
stage_fn lookup_finish;
stage_fn lookup_redis_begin; /* likewise; waits for Redis */
stage_fn lookup_redis_finish;
stage_fn limit_upstream_begin; /* likewise */
stage_fn limit_upstream_finish;
stage_fn forward_begin; /* 400, 413, 502, 503, 504 */
stage_fn forward_finish;
stage_fn translate_begin;       /* rewrites what is not a Botpress error */
stage_fn filter_body_begin;     /* 500 */
stage_fn store_begin;           /* what is stored, when the upstream validates it or fails */
stage_fn filter_response_begin; /* 500 */
stage_fn deliver_begin;         /* waits for the end of the response's body */
stage_fn deliver_finish;
stage_fn log_begin; /* the one access line */

#endif
