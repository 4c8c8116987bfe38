#include "auth/scope.h"

#include <stdio.h>
#include <string.h>

#include "auth/edit_distance.h"
#include "base/text.h"

enum { ELEMENT_MAX_LEN = 128, SHOWN_LEN = 48, MAX_EDITS = 4, WORD_BITS = 64 };

/* One compilation: what the list said so far. */
struct compiler {
    struct scope *scope;
    const struct scope_operation *operations;
    size_t operation_count;
    bool excludes_all_unknown;  /* "!unknown" */
    bool excludes_some_unknown; /* an exclusion that an unknown route may fall under */
};

struct element {
    struct span service, name; /* service.len 0: any. Both may hold '*' */
    struct span text;          /* as written, without the '!' */
    bool is_exclusion, has_star;
    bool is_outright; /* one full name: the only thing that grants minting */
};

static bool is_any(const struct scope_operation *operation)
{
    (void)operation;
    return true;
}

static bool is_read(const struct scope_operation *operation)
{
    return operation->reads;
}

static bool is_runtime(const struct scope_operation *operation)
{
    return span_equal(operation->service, SPAN("runtime"));
}

static bool is_hub(const struct scope_operation *operation)
{
    return span_equal(operation->service, SPAN("hub"));
}

struct preset {
    const char *word;
    bool (*covers)(const struct scope_operation *operation);
};

static const struct preset presets[] = {
    {"all", is_any},
    {"read", is_read},
    {"chat", is_runtime},
    {"hub", is_hub},
};

static const struct preset *find_preset(struct span word)
{
    for (size_t i = 0; i < COUNT_OF(presets); i++) {
        if (span_equal(word, span_of(presets[i].word)))
            return &presets[i];
    }
    return NULL;
}

static void set_bit(uint64_t *bits, size_t index)
{
    bits[index / WORD_BITS] |= UINT64_C(1) << index % WORD_BITS;
}

static bool has_bit(const uint64_t *bits, size_t index)
{
    ASSERT(index < SCOPE_MAX_OPERATIONS);
    return bits[index / WORD_BITS] >> index % WORD_BITS & 1;
}

/* Without a dot only the name counts: "a*" must not cover all of admin.… */
static bool matches(const struct element *element, const struct scope_operation *operation)
{
    return span_matches(operation->name, element->name) &&
           (element->service.len == 0 || span_matches(operation->service, element->service));
}

static void apply_to(struct compiler *compiler, const struct element *element, size_t index)
{
    struct scope *scope = compiler->scope;
    if (element->is_exclusion)
        set_bit(scope->excluded, index);
    else if (element->is_outright || !compiler->operations[index].mints)
        set_bit(scope->allowed, index);
}

static void apply_preset(struct compiler *compiler, const struct element *element,
                         const struct preset *preset)
{
    for (size_t i = 0; i < compiler->operation_count; i++) {
        if (preset->covers(&compiler->operations[i]))
            apply_to(compiler, element, i);
    }
    if (element->is_exclusion)
        compiler->excludes_some_unknown = true;
    else if (preset->covers == is_any)
        compiler->scope->has_all = true;
}

/* Whether it matched anything. */
static bool apply_pattern(struct compiler *compiler, const struct element *element)
{
    bool has_matched = false;
    for (size_t i = 0; i < compiler->operation_count; i++) {
        /* An operation that has no name yet: "!files.*" and "!*" exclude it, "!delete*" does not. */
        struct scope_operation nameless = {.name = SPAN("?"),
                                           .service = compiler->operations[i].service};
        if (element->is_exclusion && matches(element, &nameless))
            compiler->excludes_some_unknown = true;
        if (matches(element, &compiler->operations[i])) {
            apply_to(compiler, element, i);
            has_matched = true;
        }
    }
    return has_matched;
}

/* Whether the element stands for something. */
static bool apply(struct compiler *compiler, const struct element *element)
{
    const struct preset *preset = find_preset(element->text);
    if (preset) {
        apply_preset(compiler, element, preset);
        return true;
    }
    if (!span_equal(element->text, SPAN("unknown")))
        return apply_pattern(compiler, element);
    if (element->is_exclusion)
        compiler->excludes_all_unknown = true;
    else
        compiler->scope->has_unknown = true;
    return true;
}

static bool is_word_char(char c)
{
    char lower = ascii_lower(c);
    return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
           c == '*';
}

static bool is_word(struct span text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (!is_word_char(text.at[i]))
            return false;
    }
    return text.len > 0;
}

static bool parse_element(struct span text, struct element *element)
{
    if (text.len == 0 || text.len > ELEMENT_MAX_LEN)
        return false;
    *element = (struct element){.is_exclusion = text.at[0] == '!'};
    if (element->is_exclusion)
        text = span_skip(text, 1);
    element->text = element->name = text;
    element->has_star = text.len > 0 && memchr(text.at, '*', text.len) != NULL;
    element->is_outright = !element->has_star && !find_preset(text);
    if (text.len == 0 || !memchr(text.at, '.', text.len))
        return is_word(element->name);
    element->service = span_cut(&element->name, '.');
    return is_word(element->service) && is_word(element->name);
}

static int shown_len(struct span text)
{
    return (int)(text.len < SHOWN_LEN ? text.len : SHOWN_LEN);
}

static void say_malformed(struct scope_error *error, struct span text)
{
    snprintf(error->text, sizeof(error->text),
             "\"%.*s\" is no operation: use a name, a name with '*', service.name, or a preset, "
             "with '!' in front to exclude",
             shown_len(text), text.at ? text.at : "");
}

/* The nearest so far: a word, or an operation's name behind its service. */
struct suggestion {
    size_t distance; /* best.len 0: one more than is near enough */
    struct span service, best;
};

static void consider(struct suggestion *suggestion, struct span typed, struct span service,
                     struct span candidate)
{
    if (suggestion->distance == 0)
        return;
    size_t distance = edit_distance(typed, candidate, suggestion->distance - 1);
    if (distance < suggestion->distance)
        *suggestion = (struct suggestion){distance, service, candidate};
}

static struct suggestion suggest(const struct compiler *compiler, const struct element *element)
{
    bool has_service = element->service.len > 0;
    size_t bound = element->name.len / 4 + 1;
    struct suggestion suggestion = {.distance = 1 + (bound < MAX_EDITS ? bound : MAX_EDITS)};
    if (element->has_star)
        return suggestion;
    for (size_t i = 0; i < compiler->operation_count; i++) {
        const struct scope_operation *operation = &compiler->operations[i];
        struct span service = has_service ? operation->service : (struct span){"", 0};
        consider(&suggestion, element->name, service, operation->name);
    }
    if (has_service)
        return suggestion;
    for (size_t i = 0; i < COUNT_OF(presets); i++)
        consider(&suggestion, element->name, SPAN(""), span_of(presets[i].word));
    consider(&suggestion, element->name, SPAN(""), SPAN("unknown"));
    return suggestion;
}

static void say_unmatched(struct scope_error *error, const struct compiler *compiler,
                          const struct element *element)
{
    struct suggestion suggestion = suggest(compiler, element);
    int len =
        snprintf(error->text, sizeof(error->text),
                 "\"%.*s\" matches no operation: ", shown_len(element->text), element->text.at);
    char *rest = error->text + len;
    size_t room = sizeof(error->text) - (size_t)len;
    if (suggestion.best.len == 0)
        snprintf(rest, room, "`bpgate routes` lists them all");
    else
        snprintf(rest, room, "did you mean %.*s%s%.*s?", shown_len(suggestion.service),
                 suggestion.service.at, suggestion.service.len > 0 ? "." : "",
                 shown_len(suggestion.best), suggestion.best.at);
}

static bool compile_element(struct compiler *compiler, struct span text, struct scope_error *error)
{
    struct element element;
    if (!parse_element(text, &element)) {
        say_malformed(error, text);
        return false;
    }
    if (!apply(compiler, &element)) {
        say_unmatched(error, compiler, &element);
        return false;
    }
    return true;
}

static void take_exclusions_away(struct compiler *compiler)
{
    struct scope *scope = compiler->scope;
    for (size_t i = 0; i < COUNT_OF(scope->allowed); i++)
        scope->allowed[i] &= ~scope->excluded[i];
    if (compiler->excludes_all_unknown || compiler->excludes_some_unknown)
        scope->has_all = false;
    if (compiler->excludes_all_unknown)
        scope->has_unknown = false;
}

enum status scope_compile(struct scope *scope, const struct span *list, size_t list_count,
                          const struct scope_operation *operations, size_t operation_count,
                          struct scope_error *error)
{
    ASSERT(operation_count <= SCOPE_MAX_OPERATIONS);
    struct compiler compiler = {
        .scope = scope, .operations = operations, .operation_count = operation_count};
    *scope = (struct scope){0};
    for (size_t i = 0; i < list_count; i++) {
        if (compile_element(&compiler, list[i], error))
            continue;
        error->place = i;
        *scope = (struct scope){0};
        return ERR_SYNTAX;
    }
    take_exclusions_away(&compiler);
    return OK;
}

bool scope_allows(const struct scope *scope, size_t operation)
{
    return has_bit(scope->allowed, operation);
}

bool scope_allows_unknown(const struct scope *scope, bool is_open, bool is_get)
{
    return scope->has_unknown || (scope->has_all && (is_open || is_get));
}

enum scope_denial scope_explain(const struct scope *scope, size_t operation, bool mints)
{
    if (has_bit(scope->allowed, operation))
        return SCOPE_GRANTED;
    if (has_bit(scope->excluded, operation))
        return SCOPE_EXCLUDED;
    return mints ? SCOPE_MINTS : SCOPE_NOT_LISTED;
}

struct span scope_denial_text(enum scope_denial denial)
{
    static const char *const texts[] = {
        [SCOPE_GRANTED] = "",
        [SCOPE_NOT_LISTED] = "The key's operations do not include this one: the gateway's operator "
                             "can add its name.",
        [SCOPE_EXCLUDED] = "The key's operations exclude this one with '!': only removing the "
                           "exclusion would allow it.",
        [SCOPE_MINTS] = "This operation makes or ends credentials, members or payments: no preset "
                        "or '*' grants it, the key's operations must hold its full name.",
        [SCOPE_UNKNOWN] = "The gateway does not know this route: the key's operations must hold "
                          "`unknown`; `all` grants it only below /v1/chat, /v1/files, /v1/tables "
                          "and for GET.",
    };
    ASSERT((size_t)denial < COUNT_OF(texts));
    return span_of(texts[denial]);
}
