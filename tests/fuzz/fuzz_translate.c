/* fuzz_translate.c - error answers of the upstream, and the bodies that are made of them.
 *
 * The first line chooses status, content type and coding; the rest is the body. */
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "botpress/translate.h"
#include "support/json_check.h"

enum { ARENA = 256 * KIB, LONGEST_FOREIGN = 1 * KIB, SMALLEST_STATUS = 400, STATUSES = 200 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* "404;application/json;gzip" */
static struct error_answer parse(struct span input)
{
    struct span line = span_cut(&input, '\n');
    uint64_t status = 0;
    (void)span_to_u64(span_cut(&line, ';'), &status);
    return (struct error_answer){
        .status = SMALLEST_STATUS + (unsigned)(status % STATUSES),
        .content_type = span_cut(&line, ';'),
        .content_encoding = line,
        .body = input,
    };
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > TRANSLATE_BODY_LIMIT)
        return 0;
    struct error_answer answer = parse((struct span){(const char *)data, size});
    struct arena arena;
    arena_init(&arena, ARENA);
    struct problem problem = {
        .id = PROBLEM_UPSTREAM_LOST,
        .status = answer.status,
        .has_type = true,
        .is_upstreams = true,
    };
    enum error_body result = translate_error(&answer, &arena, &problem.type, &problem.message);
    if (result == ERROR_BODY_DOCUMENTED || result == ERROR_BODY_FOREIGN) {
        ASSERT(problem.message.len > 0 && problem.type < ERROR_TYPE_COUNT);
        ASSERT(result == ERROR_BODY_DOCUMENTED || problem.message.len <= LONGEST_FOREIGN);
        struct span id = problem_new_id(&arena, 0, (uint32_t)size);
        struct span body = problem_body(&problem, id, &arena);
        ASSERT(json_is_valid(body));

        /* What we made of it is an error that we would let pass. */
        struct error_answer own = {.status = answer.status, .body = body};
        enum error_type type;
        struct span message;
        ASSERT(translate_error(&own, &arena, &type, &message) == ERROR_BODY_BOTPRESS);
    }
    arena_clear(&arena);
    return 0;
}
