#include "base/text.h"
#include "botpress/route_catalogue.h"
#include "http/url.h"

enum { MAX_WORDS = 8, MAX_PATH = 256, MAX_QUOTED = 64, SHORTEST_NEAR = 3 };

/* What an aligned pair of segments is worth, and what leaving one out costs. Versions and trees say
 * little, because every path has one; the last segment says most, so a path is not like a pattern
 * that lacks its end. */
enum points {
    POINTS_VERSION = 1,
    POINTS_TREE = 2,
    POINTS_WORD = 6,
    POINTS_NEAR = 4,
    POINTS_NONE = -100,
    COST_DROP = 4,
    COST_DROP_LAST = 6,
    COST_ADD = 4,
    COST_ADD_TREE = 1,
    ENOUGH = 3,
};

struct words {
    struct span at[MAX_WORDS];
    size_t count;
};

struct suggestion {
    const struct operation *operation;
    int points;
};

/* Empty segments count as slips of the pen. */
static struct words split(struct span path)
{
    struct words words = {.count = 0};
    struct span segment;
    while (words.count < MAX_WORDS && path_next_segment(&path, &segment)) {
        if (segment.len > 0)
            words.at[words.count++] = segment;
    }
    return words;
}

/* At most one letter added, left out or exchanged: plurals above all. */
static bool is_one_edit_apart(struct span a, struct span b)
{
    if (a.len > b.len)
        return is_one_edit_apart(b, a);
    if (a.len < SHORTEST_NEAR || b.len - a.len > 1)
        return false;
    size_t same = 0;
    while (same < a.len && ascii_lower(a.at[same]) == ascii_lower(b.at[same]))
        same++;
    size_t skip = same < a.len && a.len == b.len ? same + 1 : same;
    size_t rest = same < b.len ? same + 1 : same;
    return span_equal_nocase(span_skip(a, skip), span_skip(b, rest));
}

static bool is_near(struct span segment, struct span word)
{
    static const struct {
        struct span said, meant;
    } synonyms[] = {
        {{"converse", 8}, {"messages", 8}},
        {{"send", 4}, {"messages", 8}},
    };
    for (size_t i = 0; i < COUNT_OF(synonyms); i++) {
        if (span_equal(word, synonyms[i].meant) && span_equal_nocase(segment, synonyms[i].said))
            return true;
    }
    return is_one_edit_apart(segment, word);
}

static bool is_version(struct span segment)
{
    return segment.len == 2 && segment.at[0] == 'v' && segment.at[1] >= '0' && segment.at[1] <= '9';
}

static int points_of(struct span segment, struct span word, size_t place,
                     const struct operation *operation)
{
    if (word.at[0] == '{')
        return 0;
    bool is_equal = span_equal(segment, word);
    if (place == 0)
        return is_version(segment) ? is_equal * POINTS_VERSION : POINTS_NONE;
    bool is_tree =
        place == 1 && operation->service != SERVICE_FILES && operation->service != SERVICE_TABLES;
    if (is_equal)
        return is_tree ? POINTS_TREE : POINTS_WORD;
    return !is_tree && is_near(segment, word) ? POINTS_NEAR : POINTS_NONE;
}

/* A path aligned with a pattern: best[i][k] is what i segments of the one and k of the other are
 * worth. */
struct alignment {
    const struct words *path, *pattern;
    const struct operation *operation;
    int best[MAX_WORDS + 1][MAX_WORDS + 1];
};

static int larger(int a, int b)
{
    return a > b ? a : b;
}

/* As edit distances are found: a segment dropped, added or paired. */
static int best_at(const struct alignment *alignment, size_t i, size_t k)
{
    const struct words *path = alignment->path, *pattern = alignment->pattern;
    int points = POINTS_NONE * MAX_WORDS;
    if (i > 0) {
        int drop = i == path->count ? COST_DROP_LAST : COST_DROP;
        points = larger(points, alignment->best[i - 1][k] - drop);
    }
    if (k > 0) {
        int add = k <= 2 ? COST_ADD_TREE : COST_ADD;
        points = larger(points, alignment->best[i][k - 1] - add);
    }
    if (i > 0 && k > 0) {
        int pair = points_of(path->at[i - 1], pattern->at[k - 1], k - 1, alignment->operation);
        points = larger(points, alignment->best[i - 1][k - 1] + pair);
    }
    return i + k == 0 ? 0 : points;
}

static int compare(const struct words *path, const struct operation *operation)
{
    struct words pattern = split(operation->pattern);
    struct alignment alignment = {path, &pattern, operation, {{0}}};
    for (size_t i = 0; i <= path->count; i++) {
        for (size_t k = 0; k <= pattern.count; k++)
            alignment.best[i][k] = best_at(&alignment, i, k);
    }
    return alignment.best[path->count][pattern.count];
}

static void find_nearest(const struct words *path, struct suggestion *suggestion)
{
    for (size_t i = 0; i < operation_count(); i++) {
        const struct operation *operation = operation_at(i);
        int points = operation->flags & OP_FORMER ? POINTS_NONE : compare(path, operation);
        if (points > suggestion->points)
            *suggestion = (struct suggestion){operation, points};
    }
}

/* People write the bot into the path, where the API wants a header: "/v1/bots/{id}/conversations",
 * or with "admin" before it. False when path has no such pair before something else. */
static bool cut_bot(struct words *path)
{
    for (size_t i = 0; i + 2 < path->count; i++) {
        if (!span_equal(path->at[i], SPAN("bots")))
            continue;
        size_t from = i > 0 && span_equal(path->at[i - 1], SPAN("admin")) ? i - 1 : i;
        size_t kept = path->count - (i + 2);
        memmove(&path->at[from], &path->at[i + 2], kept * sizeof(path->at[0]));
        path->count = from + kept;
        return true;
    }
    return false;
}

static const struct operation *find_by_name(struct span name)
{
    for (size_t i = 0; i < operation_count(); i++) {
        if (span_equal(operation_at(i)->name, name))
            return operation_at(i);
    }
    UNREACHABLE();
}

/* What was tried so often that the answer is known, method included. */
static const struct operation *find_tried(struct span path)
{
    static const struct {
        struct span tried, operation;
    } rows[] = {
        {{"/v1/chat", 8}, {"createMessage", 13}},
        {{"/v1/chat/send", 13}, {"createMessage", 13}},
        {{"/v1/bots/*/converse", 19}, {"createMessage", 13}},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (span_matches(path, rows[i].tried))
            return find_by_name(rows[i].operation);
    }
    return NULL;
}

/* The first operation of a path as it stands. */
static const struct operation *find_exact(const struct route_catalogue *catalogue, struct span path)
{
    struct route_match match;
    for (enum method method = METHOD_GET; method <= METHOD_DELETE; method++) {
        if (route_match(catalogue, method, path, &match) == ROUTE_FOUND)
            return match.operation;
    }
    return NULL;
}

/* The path without its empty segments. */
static struct span join(struct arena *arena, const struct words *words)
{
    char *text = arena_alloc(arena, MAX_PATH + MAX_WORDS);
    size_t len = 0;
    for (size_t i = 0; i < words->count; i++) {
        text[len++] = '/';
        memcpy(text + len, words->at[i].at, words->at[i].len);
        len += words->at[i].len;
    }
    return (struct span){text, len};
}

static const char *method_text(enum method method)
{
    static const char *const names[] = {
        [METHOD_GET] = "GET",     [METHOD_POST] = "POST",     [METHOD_PUT] = "PUT",
        [METHOD_PATCH] = "PATCH", [METHOD_DELETE] = "DELETE",
    };
    return names[method];
}

/* " (POST too)": the further methods of the same path. */
static struct span other_methods(struct arena *arena, const struct operation *operation)
{
    struct span list = SPAN("");
    for (size_t i = 0; i < operation_count(); i++) {
        const struct operation *other = operation_at(i);
        if (other == operation || !span_equal(other->pattern, operation->pattern))
            continue;
        list = arena_format(arena, "%.*s%s%s", (int)list.len, list.at, list.len > 0 ? ", " : "",
                            method_text(other->method));
    }
    if (list.len == 0)
        return list;
    return arena_format(arena, " (%.*s too)", (int)list.len, list.at);
}

/* The path for a sentence: what is not printable becomes '?', what is long is cut. */
static struct span quote(struct arena *arena, struct span path)
{
    bool is_cut = path.len > MAX_QUOTED;
    size_t len = is_cut ? MAX_QUOTED : path.len;
    char shown[MAX_QUOTED];
    for (size_t i = 0; i < len; i++)
        shown[i] = (char)(path.at[i] > ' ' && path.at[i] < 0x7f ? path.at[i] : '?');
    return arena_format(arena, "%.*s%s", (int)len, shown, is_cut ? "..." : "");
}

static struct span sentence(struct arena *arena, struct span path,
                            const struct operation *operation)
{
    const char *header = operation->flags & OP_NEEDS_BOT         ? " with x-bot-id"
                         : operation->flags & OP_NEEDS_WORKSPACE ? " with x-workspace-id"
                                                                 : "";
    struct span quoted = quote(arena, path), others = other_methods(arena, operation);
    return arena_format(arena, "%.*s does not exist; %s %.*s%s does%.*s.", (int)quoted.len,
                        quoted.at, method_text(operation->method), (int)operation->pattern.len,
                        operation->pattern.at, header, (int)others.len, others.at);
}

struct span route_suggest(const struct route_catalogue *catalogue, struct arena *arena,
                          struct span path)
{
    struct span looked_at = {path.at, path.len < MAX_PATH ? path.len : MAX_PATH};
    struct words words = split(looked_at);
    struct span joined = join(arena, &words);
    struct suggestion nearest = {find_tried(joined), ENOUGH - 1};
    if (!nearest.operation)
        nearest.operation = find_exact(catalogue, joined);
    if (!nearest.operation) {
        find_nearest(&words, &nearest);
        if (cut_bot(&words))
            find_nearest(&words, &nearest);
    }
    return nearest.operation ? sentence(arena, path, nearest.operation) : SPAN("");
}
