/* script_host.h - the filters of one snapshot, compiled into a Lua state of one worker.
 *
 * Made when a snapshot becomes current, destroyed when no exchange uses it any more. The sources are
 * borrowed, and outlive it. One thread at a time; the checks of a configuration make one too.
 *
 * A filter that fails ends only its own call. After ten failures in a minute it is left out for a minute:
 * then it counts as failing at once, so that what it is there to stop stays stopped.
 */
#ifndef SCRIPT_SCRIPT_HOST_H
#define SCRIPT_SCRIPT_HOST_H

#include "script/script_budget.h"
#include "script/script_call.h"

enum { SCRIPT_ERROR_SIZE = 512, SCRIPT_FILTERS_MAX = 32, SCRIPT_SOURCE_MAX = 64 * KIB };

/* What becomes of a request whose filter fails. */
enum script_on_error { ON_ERROR_AS_FILTER, ON_ERROR_CLOSED, ON_ERROR_OPEN };

struct script_source {
    struct span file; /* as messages name it */
    struct span text;
    struct span options; /* gw.options, a JSON object; len 0: none */
    const struct span *env;
    size_t env_count; /* what gw.env may read */
    enum script_on_error on_error;
};

struct script_host_options {
    const struct script_source *sources;
    size_t count;
    struct script_limits limits;
    size_t body_bytes;                       /* of a body that a filter sees or makes */
    bool (*is_error_type)(struct span name); /* for gw.respond */
};

struct script_host;

/* Compiles all of them. NULL when one cannot be, with error: "file:line: why". */
struct script_host *script_host_create(const struct script_host_options *options,
                                       char error[SCRIPT_ERROR_SIZE]);
void script_host_destroy(struct script_host *host); /* NULL is allowed */

/* What the filters declare, by their place among the sources. */
struct span script_host_name(const struct script_host *host, size_t filter);
bool script_host_has(const struct script_host *host, size_t filter, enum script_phase phase);
bool script_host_needs_request_body(const struct script_host *host, size_t filter);
bool script_host_is_open(const struct script_host *host, size_t filter); /* on_error */

enum script_end {
    SCRIPT_DONE,
    SCRIPT_FAILED,    /* error says "file:line: why" */
    SCRIPT_SET_ASIDE, /* likewise; it was not run */
    SCRIPT_BAD_BODY, /* likewise; the fault is the caller's, whose body is no JSON where JSON is asked for */
};

/* Runs the filter's function for the phase, which it must have. *fell: this failure has set it aside. */
enum script_end script_host_call(struct script_host *host, size_t filter, enum script_phase phase,
                                 struct script_call *call, char error[SCRIPT_ERROR_SIZE],
                                 bool *fell);

#endif
