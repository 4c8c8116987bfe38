/* filters.h - what the filters have to do with one exchange: which are for it, what they have asked for,
 * what they have made of its bodies.
 *
 * Made by stage filter_request, in the exchange's arena, when a filter is for it; cleared by the gateway at
 * its end.
 *
 * Bodies of answers are changed once, before they are stored: by whom, is in the cache's key; for whom, the
 * scripts are not told. So what is stored, here and in Redis, is what the filters have made.
 */
#ifndef GATEWAY_FILTERS_H
#define GATEWAY_FILTERS_H

#include "botpress/problem.h"
#include "gateway/exchange.h"

struct filtering {
    struct exchange *exchange; /* borrowed */
    struct script_host *host;  /* borrowed: of what the exchange holds */
    uint32_t fits;             /* a bit a filter */
    struct script_wishes wishes;
    struct span digest;       /* of those that change bodies; len 0: none does */
    struct script_call about; /* of stage filter_body: the response's body points into it */
    struct buffer decoded, coded;
    bool takes_gzip; /* whoever asked for the answer; settled by filters_prepare_fetch */

    /* The request's body, for filters that need it. */
    bool is_gathering, has_body;
    struct buffer body;
    struct span new_body; /* what goes upstream in its place, with has_body */
    struct timer timer;   /* ends the gathering */
};

/* The scripts of the rules, compiled for one worker; NULL with error: "file:line: why". */
struct script_host *filters_compile(const struct filter_rules *rules,
                                    char error[SCRIPT_ERROR_SIZE]);

/* The path as route reads it: whoever writes %75sers for users must not get past a filter. */
struct span filters_path(const struct exchange *exchange);

/* Whether a rule is for the exchange, as far as is settled by now; path: filters_path. */
bool filters_fit(const struct filter_rule *rule, const struct exchange *exchange, struct span path);

/* Finds out which are for the exchange. */
void filters_begin(struct exchange *exchange);

/* The same for a fetch in another's name. */
void filters_copy(const struct exchange *from, struct exchange *to);

/* What it is about has changed: which are for it, anew. */
void filters_choose(struct filtering *filtering);

/* Whether one of them has a function for the phase. filtering may be NULL. */
bool filters_have(const struct filtering *filtering, enum script_phase phase);

/* What is told of the exchange. */
struct script_call filters_call(struct filtering *filtering);

/* Runs those that have a function for the phase, in their order. False: one has failed whose failure ends
 * the request, and the answer is decided. *passed: one has failed that lets it pass. */
bool filters_run(struct filtering *filtering, enum script_phase phase, struct script_call *call,
                 bool *passed) MUST_CHECK;

/* A filter cannot do what it is there for, before it is asked: as if it had failed, for a reason that the
 * client is told, too. False: the answer is decided. */
struct filter_fault {
    const char *why; /* for the log */
    enum problem_id problem;
    struct span message; /* len 0: the problem's own */
};
bool filters_give_up(struct filtering *filtering, enum script_phase phase,
                     const struct filter_fault *fault) MUST_CHECK;

/* Tells them that it is over. */
void filters_log(struct exchange *exchange);

/* --- Bodies of answers: filter_bodies.c --- */

/* The request's fields as the fetch needs them, where an answer's body is to be changed: whole, and in a
 * coding that can be undone. */
void filters_prepare_fetch(struct exchange *exchange);

/* Whether the answer's body is to be collected for them; then up to how many bytes. 0: no. */
size_t filters_want_body(const struct exchange *exchange, const struct response *response);

/* --- The request's body: stage_filter.c --- */

void filters_take_body(struct exchange *exchange, struct span piece);
void filters_end_body(struct exchange *exchange);

/* Frees what the arena does not. filtering may be NULL. */
void filters_clear(struct filtering *filtering);

#endif
