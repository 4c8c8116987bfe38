#include "gateway/stages.h"

/* One row a stage, in the order in which a request meets them. A row runs when its last column
 * holds the exchange's condition; one with two functions waits. Whoever changes this changes the
 * drawing in src/README.md in the same commit. */
const struct stage stages[] = {
    {"route", route_begin, NULL, WHEN_OPEN},
    {"limit_address", limit_address_begin, NULL, WHEN_OPEN},
    {"authenticate", authenticate_begin, NULL, WHEN_OPEN},
    {"authorize", authorize_begin, NULL, WHEN_OPEN},
    {"limit_caller", limit_caller_begin, limit_caller_finish, WHEN_OPEN},
    {"filter_request", filter_request_begin, filter_request_finish, WHEN_OPEN},
    {"lookup", lookup_begin, lookup_finish, WHEN_OPEN},
    {"lookup_redis", lookup_redis_begin, lookup_redis_finish, WHEN_OPEN},
    {"limit_upstream", limit_upstream_begin, limit_upstream_finish, WHEN_OPEN},
    {"forward", forward_begin, forward_finish, WHEN_OPEN},
    {"translate", translate_begin, NULL, WHEN_OPEN},
    {"filter_body", filter_body_begin, NULL, WHEN_OPEN},
    {"store", store_begin, NULL, WHEN_ANY},
    {"filter_response", filter_response_begin, NULL, WHEN_OPEN | WHEN_ANSWERED},
    {"deliver", deliver_begin, deliver_finish, WHEN_OPEN | WHEN_ANSWERED},
    {"log", log_begin, NULL, WHEN_ANY},
};

const size_t stage_count = COUNT_OF(stages);

/* A stored response fetched anew: nobody asks, nobody is answered. */
const struct stage refresh_stages[] = {
    {"limit_upstream", limit_upstream_begin, limit_upstream_finish, WHEN_OPEN},
    {"forward", forward_begin, forward_finish, WHEN_OPEN},
    {"translate", translate_begin, NULL, WHEN_OPEN},
    {"filter_body", filter_body_begin, NULL, WHEN_OPEN},
    {"store", store_begin, NULL, WHEN_ANY},
    {"deliver", deliver_begin, deliver_finish, WHEN_OPEN | WHEN_ANSWERED},
};

const size_t refresh_stage_count = COUNT_OF(refresh_stages);
