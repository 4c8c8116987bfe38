#include "cli/explain_show.h"

#include <string.h>

#include "cli/output.h"
#include "config/config_text.h"

enum { NAME_WIDTH = 10, LIMIT_WIDTH = 16, MS_IN_SECOND = 1000 };

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

static json_int_t number_of(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

static bool is_true(const json_t *object, const char *name)
{
    return json_is_true(json_object_get(object, name));
}

/* "1h", "60s", "350ms": rounded to seconds from a minute on. */
static const char *span_text(json_int_t ms, char text[AMOUNT_TEXT_SIZE])
{
    uint64_t whole = ms > 0 ? (uint64_t)ms : 0;
    if (whole >= 60 * MS_IN_SECOND)
        whole = (whole + MS_IN_SECOND - 1) / MS_IN_SECOND * MS_IN_SECOND;
    duration_write(whole, text);
    return text;
}

static void begin(FILE *file, const char *name)
{
    struct emphasis emphasis = output_emphasis(file);
    fprintf(file, "%s%-*s%s ", emphasis.on, NAME_WIDTH, name, emphasis.off);
}

static void show_line(FILE *file, const char *name, const char *text)
{
    begin(file, name);
    fprintf(file, "%s\n", text);
}

/* --- What it is --- */

static void show_operation(FILE *file, const json_t *told)
{
    char first[AMOUNT_TEXT_SIZE], total[AMOUNT_TEXT_SIZE];
    if (!json_object_get(told, "op"))
        return;
    begin(file, "operation");
    fprintf(file, "%s (%s)%s%s\n", text_of(told, "op"), text_of(told, "service"),
            json_object_get(told, "route") ? ", " : "", text_of(told, "route"));
    begin(file, "deadline");
    fprintf(file, "%s: first byte within %s, ", text_of(told, "deadline"),
            span_text(number_of(told, "first_byte_ms"), first));
    if (number_of(told, "total_ms") > 0)
        fprintf(file, "all within %s\n", span_text(number_of(told, "total_ms"), total));
    else
        fputs("no end\n", file);
    show_line(file, "retries",
              strcmp(text_of(told, "retry"), "idempotent") == 0
                  ? "may be sent again"
                  : "sent again only if nothing of it was sent");
}

static void show_caller(FILE *file, const json_t *told)
{
    if (!json_object_get(told, "address"))
        return;
    begin(file, "caller");
    if (json_object_get(told, "key"))
        fprintf(file, "key %s, ", text_of(told, "key"));
    else
        fputs("no key, ", file);
    if (json_object_get(told, "profile"))
        fprintf(file, "profile %s, ", text_of(told, "profile"));
    fprintf(file, "from %s\n", text_of(told, "address"));
}

/* --- Limits --- */

static void show_limit(FILE *file, const json_t *limit)
{
    char text[AMOUNT_TEXT_SIZE];
    fprintf(file, "%-*s ", LIMIT_WIDTH, text_of(limit, "name"));
    if (!json_object_get(limit, "admits")) {
        fprintf(file, "%s\n", text_of(limit, "counted_in"));
        return;
    }
    if (is_true(limit, "admits"))
        fprintf(file, "admits, %lld left after it", (long long)number_of(limit, "remaining"));
    else
        fprintf(file, "%s, for %s", is_true(limit, "shadow") ? "would refuse (shadow)" : "refuses",
                span_text(number_of(limit, "retry_ms"), text));
    if (number_of(limit, "requests") > 0)
        fprintf(file, "; %lld in %s", (long long)number_of(limit, "requests"),
                span_text(number_of(limit, "per_ms"), text));
    fprintf(file, " (%s, counted in %s)\n", text_of(limit, "where"), text_of(limit, "counted_in"));
}

static void show_limits(FILE *file, const json_t *told)
{
    const json_t *limits = json_object_get(told, "limits"), *limit;
    size_t i;
    if (!limits)
        return;
    if (json_array_size(limits) == 0)
        show_line(file, "limits", "none is asked");
    json_array_foreach(limits, i, limit)
    {
        begin(file, i == 0 ? "limits" : "");
        show_limit(file, limit);
    }
}

/* --- Filters --- */

static void show_filters(FILE *file, const json_t *told)
{
    const json_t *filter, *phase;
    size_t i, k;
    json_array_foreach(json_object_get(told, "filters"), i, filter)
    {
        const char *name = text_of(filter, "name");
        begin(file, i == 0 ? "filters" : "");
        fputs(name[0] ? name : text_of(filter, "file"), file);
        json_array_foreach(json_object_get(filter, "phases"), k, phase)
            fprintf(file, "%s%s", k == 0 ? ": " : ", ", json_string_value(phase));
        fputs(" (what it changes is not foretold)\n", file);
    }
}

/* --- The cache --- */

static void show_identity(FILE *file, const json_t *key)
{
    const char *name;
    json_t *value;
    begin(file, "");
    fputs("one for each:", file);
    json_object_foreach(json_object_get(key, "identity"), name, value)
        fprintf(file, " %s %s,", name, json_string_value(value));
    fprintf(file, " path%s", json_object_get(key, "query") ? ", query" : "");
    if (json_object_get(key, "query"))
        fprintf(file, " (%s)",
                strcmp(text_of(key, "query_order"), "by name") == 0 ? "parameters in any order"
                                                                    : "as it is");
    const json_t *headers = json_object_get(key, "headers"), *header;
    size_t i;
    json_array_foreach(headers, i, header)
        fprintf(file, "%s%s", i == 0 ? ", header " : " ", json_string_value(header));
    if (json_object_get(key, "x-multiple-integrations"))
        fputs(", x-multiple-integrations", file);
    fputc('\n', file);
}

static void show_cache(FILE *file, const json_t *told)
{
    const json_t *cache = json_object_get(told, "cache");
    char fresh[AMOUNT_TEXT_SIZE], stale[AMOUNT_TEXT_SIZE];
    if (!cache)
        return;
    begin(file, "cache");
    fputs(text_of(cache, "expected"), file);
    if (json_object_get(cache, "left_s"))
        fprintf(file, ", %lld s left", (long long)number_of(cache, "left_s"));
    fputs(is_true(cache, "redis_asked") ? ", then Redis is asked\n" : "\n", file);
    if (!json_object_get(cache, "scope"))
        return;
    begin(file, "");
    if (json_object_get(cache, "ttl_s"))
        fprintf(file, "kept %s, stale for errors %s more; from ",
                span_text(number_of(cache, "ttl_s") * MS_IN_SECOND, fresh),
                span_text(number_of(cache, "stale_s") * MS_IN_SECOND, stale));
    fprintf(file, "%s\n", text_of(cache, "ttl_from"));
    show_identity(file, json_object_get(cache, "key"));
}

/* --- How it ends --- */

static void show_headers(FILE *file, const json_t *told)
{
    json_t *headers = json_object_get(told, "headers"), *value;
    const char *name, *title = "upstream";
    json_object_foreach(headers, name, value)
    {
        begin(file, title);
        fprintf(file, "%s: %s\n", name, json_string_value(value));
        title = "";
    }
    if (json_object_get(told, "missing")) {
        begin(file, title);
        fprintf(file, "%s is missing\n", text_of(told, "missing"));
    }
}

static void show_answer(FILE *file, const json_t *told)
{
    const json_t *answer = json_object_get(told, "answer"), *cache = json_object_get(told, "cache");
    begin(file, "answer");
    if (answer) {
        const char *message = text_of(json_object_get(answer, "body"), "message");
        fprintf(file, "%lld of the gateway's own, at %s%s%s\n",
                (long long)number_of(answer, "status"), text_of(answer, "stage"),
                message[0] ? ": " : "", message);
    } else if (strcmp(text_of(cache, "expected"), "hit") == 0) {
        fputs("what is stored\n", file);
    } else if (is_true(told, "live")) {
        fputs("the upstream's, which is not asked now\n", file);
    } else {
        fputs("the upstream's, unless a limit refuses or it is stored\n", file);
    }
}

void explain_show(FILE *file, json_t *told)
{
    if (!is_true(told, "live")) {
        begin(file, "live");
        fprintf(file, "no: %s\n", text_of(told, "why"));
    }
    show_operation(file, told);
    show_caller(file, told);
    show_limits(file, told);
    show_filters(file, told);
    show_cache(file, told);
    show_headers(file, told);
    show_answer(file, told);
}
