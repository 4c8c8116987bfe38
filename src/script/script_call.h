/* script_call.h - what the filters of one exchange are told at one moment, and what they want.
 *
 * The caller fills the first part and keeps it for all filters of the phase; the rest is what they did.
 * Borrowed by the handles that a filter gets, which die with its call. One thread.
 */
#ifndef SCRIPT_SCRIPT_CALL_H
#define SCRIPT_SCRIPT_CALL_H

#include "base/buffer.h"
#include "http/message.h"
#include "metrics/metrics.h"
#include "net/address.h"
#include "store/shared_dict.h"

enum script_phase {
    SCRIPT_REQUEST,  /* before the cache is asked */
    SCRIPT_BODY,     /* of an answer, once, before it is stored */
    SCRIPT_RESPONSE, /* its head, for each who gets it */
    SCRIPT_LOG,      /* all is over */
    SCRIPT_PHASE_COUNT,
};

enum { SCRIPT_TAGS_MAX = 4, SCRIPT_FIELDS_MAX = 32, SCRIPT_FIELD_BYTES = 64 * KIB };

/* What filters ask of the stages behind them. Lives as long as the exchange. */
struct script_wishes {
    bool bypasses_cache, has_ttl, has_cost;
    uint32_t ttl_s, cost;
    struct span tags[SCRIPT_TAGS_MAX];
    size_t tag_count;
    bool has_moved; /* path, query or an id is another: who may do that is to be asked again */
    size_t fields, field_bytes; /* added so far, against the two bounds */
};

/* What a filter has told, for a test of it. */
enum { SCRIPT_NOTES_MAX = 64 };
enum script_note_kind { SCRIPT_NOTE_LOG, SCRIPT_NOTE_METRIC };
struct script_notes {
    struct script_note {
        enum script_note_kind kind;
        struct span text; /* the arena's */
        int64_t n;
    } at[SCRIPT_NOTES_MAX];
    size_t count;
};

/* gw.respond. */
struct script_answer {
    bool is_given;
    unsigned status, retry_after_s; /* 0: it says nothing of that */
    struct span type, message;      /* a problem's; type len 0: body is all of it */
    struct span body;
};

struct script_call {
    struct arena *arena;
    struct request *request;
    struct response *response; /* NULL in SCRIPT_REQUEST, and where there was none */
    size_t spare_fields;       /* as many places of the list stay free */
    struct span request_id, operation, pattern, key_name, key_id, profile, bot, workspace;
    const struct span *params; /* of the path, still encoded */
    size_t param_count;
    const struct address *address;
    uint64_t wall_ms, now_ms;
    bool hides_caller; /* what is done here is for everybody */
    bool has_body;
    struct span body;   /* decoded; of the request or of the response */
    struct span source; /* SCRIPT_LOG: who answered, and how long it took */
    uint64_t duration_us;
    struct script_wishes *wishes;
    struct shared_dict *dict;    /* of all workers; NULL: there is none */
    struct metrics *metrics;     /* likewise; NULL: nobody counts */
    struct metrics_cells *cells; /* the worker's */
    struct script_notes *notes; /* NULL, but in tests: there goes what else is logged and counted */

    struct script_answer answer;
    bool changed_body;     /* body is the one of these that made_at says */
    struct buffer made[3]; /* owned: script_call_clear */
    size_t made_at;
    size_t kept_at; /* what the filters before this one have made; past the end: nothing */
    unsigned log_lines;
    bool is_no_json; /* the body, when the call failed: that was why */
};

/* Into notes, while there is room. */
void script_note(const struct script_call *call, enum script_note_kind kind, struct span text,
                 int64_t n);

/* An empty one of made, in which something new can be put together beside the body. */
struct buffer *script_call_room(struct script_call *call);

/* That is the body from now on. */
void script_call_take(struct script_call *call, const struct buffer *made);

/* Frees what the arena does not. */
void script_call_clear(struct script_call *call);

#endif
