/* base.h - the few words every other file may use. */
#ifndef BASE_BASE_H
#define BASE_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MUST_CHECK                      __attribute__((warn_unused_result))
#define container_of(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))
#define COUNT_OF(array)                 (sizeof(array) / sizeof((array)[0]))
#define UNREACHABLE()                   check_failed("unreachable", __FILE__, __LINE__)

/* Invariants only, in every build. Never on input: input is refused, not asserted. */
#define ASSERT(cond) ((cond) ? (void)0 : check_failed(#cond, __FILE__, __LINE__))
void check_failed(const char *cond, const char *file, int line) __attribute__((noreturn, cold));

enum { KIB = 1024, MIB = 1024 * 1024 };

/* Borrowed bytes: whoever hands out a span owns the memory behind it. at may be NULL when len is
 * 0. Not terminated. */
struct span {
    const char *at;
    size_t len;
};

/* The span of a string literal; SPAN_INIT where C wants a constant: rows of static tables. */
#define SPAN_INIT(literal)                                                                         \
    {                                                                                              \
        "" literal, sizeof(literal) - 1                                                            \
    }
#define SPAN(literal) ((struct span)SPAN_INIT(literal))

/* What an action that can fail returns. More precise reasons have enums of their own. */
enum status { OK = 0, ERR_CLOSED, ERR_IO, ERR_TLS, ERR_LIMIT, ERR_SYNTAX, ERR_MISSING };

/* Memory that is always there: out of small memory ends the process (everything that a peer can
 * make grow is bounded before it is allocated). xmalloc does not zero, xcalloc does. */
void *xmalloc(size_t size) __attribute__((malloc, returns_nonnull));
void *xcalloc(size_t count, size_t size) __attribute__((malloc, returns_nonnull));
void *xrealloc(void *memory, size_t size) __attribute__((returns_nonnull));

/* A terminated copy of text; the caller frees it. */
char *xstrdup(struct span text) __attribute__((malloc, returns_nonnull));

#endif
