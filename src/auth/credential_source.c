#include "auth/credential_source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "base/text.h"

enum { LOOK_INTERVAL_MS = 1000, PATH_LIMIT = 4096, SHOWN_LEN = 64 };

void token_text_wipe(struct token_text *token)
{
    OPENSSL_cleanse(token, sizeof(*token));
}

static void say(char error[SOURCE_ERROR_SIZE], const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void say(char error[SOURCE_ERROR_SIZE], const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(error, SOURCE_ERROR_SIZE, format, args);
    va_end(args);
}

static bool is_blank_or_newline(char c)
{
    return c == '\n' || c == '\r' || c == ' ' || c == '\t';
}

/* A token becomes part of a request's head: nothing but visible characters may get there. NULL or
 * what is wrong. */
static const char *check_token(struct span text)
{
    if (text.len == 0)
        return "is empty: put the token there";
    if (text.len > CREDENTIAL_TOKEN_MAX)
        return "is longer than 4096 characters: put the token alone there";
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] <= ' ' || text.at[i] > '~')
            return "holds more than a token: put the token alone there, without spaces, quotes or "
                   "\"Bearer\"";
    }
    return NULL;
}

/* Trimmed at its end: editors and `echo` add a newline. */
static const char *take_token(struct span text, struct token_text *token)
{
    while (text.len > 0 && is_blank_or_newline(text.at[text.len - 1]))
        text.len--;
    const char *trouble = check_token(text);
    if (trouble)
        return trouble;
    memcpy(token->at, text.at, text.len);
    token->len = text.len;
    return NULL;
}

static const char *explain_errno(int number)
{
    switch (number) {
    case ENOENT:
    case ENOTDIR:
        return "does not exist: create it with the token alone inside, or correct the path";
    case EACCES:
    case EPERM:
        return "may not be read: make it readable for the user that runs bpgate";
    default:
        return strerror(number);
    }
}

/* One byte more than fits tells a file that is too long. Returns the count, or -1. */
static ssize_t read_all(int descriptor, char *at, size_t size)
{
    size_t len = 0;
    while (len < size) {
        ssize_t got = read(descriptor, at + len, size - len);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        len += (size_t)got;
    }
    return (ssize_t)len;
}

/* Room for a token of the greatest length with a line's end behind it. */
enum { FILE_MAX = CREDENTIAL_TOKEN_MAX + 2 };

static const char *read_open_file(int descriptor, struct stat *seen, struct token_text *token)
{
    char bytes[FILE_MAX + 1];
    if (fstat(descriptor, seen) != 0)
        return explain_errno(errno);
    if (!S_ISREG(seen->st_mode))
        return "is not a regular file: name the file that holds the token";
    ssize_t len = read_all(descriptor, bytes, sizeof(bytes));
    const char *trouble = NULL;
    if (len < 0)
        trouble = explain_errno(errno);
    else if (len > FILE_MAX)
        trouble = "is too large for a token: put the token alone there";
    else
        trouble = take_token((struct span){bytes, (size_t)len}, token);
    OPENSSL_cleanse(bytes, sizeof(bytes));
    return trouble;
}

/* NULL or what is wrong. O_NONBLOCK: opening a FIFO must not stop the loop. */
static const char *read_file(const char *path, struct stat *seen, struct token_text *token)
{
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (descriptor < 0)
        return explain_errno(errno);
    const char *trouble = read_open_file(descriptor, seen, token);
    close(descriptor);
    return trouble;
}

static enum status open_file(struct credential_source *source, struct span path,
                             struct token_text *token, char error[SOURCE_ERROR_SIZE])
{
    source->path = xstrdup(path);
    const char *trouble = read_file(source->path, &source->seen, token);
    source->has_seen = !trouble;
    if (!trouble)
        return OK;
    say(error, "file %.*s %s", SHOWN_LEN, source->path, trouble);
    credential_source_close(source);
    return ERR_MISSING;
}

static enum status open_env(struct credential_source *source, struct span name,
                            struct token_text *token, char error[SOURCE_ERROR_SIZE])
{
    (void)source;
    char *terminated = xstrdup(name);
    const char *value = getenv(terminated);
    const char *trouble = "is not set: export it or use file:PATH";
    if (value)
        trouble = take_token(span_of(value), token);
    if (trouble)
        say(error, "environment variable %.*s %s", SHOWN_LEN, terminated, trouble);
    free(terminated);
    return trouble ? ERR_MISSING : OK;
}

static enum status open_cred(struct credential_source *source, struct span name,
                             struct token_text *token, char error[SOURCE_ERROR_SIZE])
{
    int shown = (int)(name.len < SHOWN_LEN ? name.len : SHOWN_LEN);
    if (memchr(name.at, '/', name.len) || span_equal(name, SPAN(".")) ||
        span_equal(name, SPAN(".."))) {
        say(error, "cred:%.*s is not a credential's name: no '/' in it; for a path use file:PATH",
            shown, name.at);
        return ERR_SYNTAX;
    }
    const char *folder = getenv("CREDENTIALS_DIRECTORY");
    if (!folder || folder[0] == '\0') {
        say(error,
            "there are no systemd credentials ($CREDENTIALS_DIRECTORY is not set): add "
            "LoadCredential=%.*s:PATH to the unit, or use file:PATH",
            shown, name.at);
        return ERR_MISSING;
    }
    char path[PATH_LIMIT];
    int len = snprintf(path, sizeof(path), "%s/%.*s", folder, (int)name.len, name.at);
    if (len < 0 || (size_t)len >= sizeof(path)) {
        say(error, "cred:%.*s makes too long a path", shown, name.at);
        return ERR_SYNTAX;
    }
    return open_file(source, span_of(path), token, error);
}

struct source_kind {
    const char *prefix;
    enum status (*open)(struct credential_source *source, struct span rest,
                        struct token_text *token, char error[SOURCE_ERROR_SIZE]);
};

static const struct source_kind source_kinds[] = {
    {"env:", open_env},
    {"file:", open_file},
    {"cred:", open_cred},
};

static const struct source_kind *find_kind(struct span text)
{
    for (size_t i = 0; i < COUNT_OF(source_kinds); i++) {
        if (span_starts_with(text, span_of(source_kinds[i].prefix)))
            return &source_kinds[i];
    }
    return NULL;
}

static bool is_plausible(struct span rest)
{
    return rest.len > 0 && rest.len < PATH_LIMIT && !memchr(rest.at, '\0', rest.len) &&
           !span_starts_with(rest, SPAN("bp_pat_"));
}

enum status credential_source_open(struct credential_source *source, struct span text,
                                   struct token_text *token, char error[SOURCE_ERROR_SIZE])
{
    *source = (struct credential_source){0};
    const struct source_kind *kind = find_kind(text);
    struct span rest = kind ? span_skip(text, strlen(kind->prefix)) : text;
    if (kind && is_plausible(rest))
        return kind->open(source, rest, token, error);
    /* The text is not shown: it may well be the token itself, written in the wrong place. */
    say(error, "a token comes from env:NAME, file:PATH or cred:NAME: put the token into one of "
               "these and name it here");
    return ERR_SYNTAX;
}

void credential_source_close(struct credential_source *source)
{
    free(source->path);
    source->path = NULL;
}

static bool is_same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static bool seems_changed(const struct credential_source *source)
{
    struct stat now;
    return !source->has_seen || stat(source->path, &now) != 0 || !is_same_file(&now, &source->seen);
}

enum source_look credential_source_look(struct credential_source *source, uint64_t now_ms,
                                        bool is_urgent, struct token_text *token,
                                        char error[SOURCE_ERROR_SIZE])
{
    if (!source->path || (!is_urgent && now_ms < source->next_look_ms))
        return SOURCE_UNCHANGED;
    source->next_look_ms = now_ms + LOOK_INTERVAL_MS;
    /* A rewrite within one tick of the file system's clock shows in nothing but the content. */
    if (!is_urgent && !seems_changed(source))
        return SOURCE_UNCHANGED;
    const char *trouble = read_file(source->path, &source->seen, token);
    source->has_seen = !trouble;
    if (!trouble)
        return SOURCE_READ;
    say(error, "file %.*s %s; the token read last stays in use", SHOWN_LEN, source->path, trouble);
    return SOURCE_FAILED;
}
