#include "net/tls_identity.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { LOOK_INTERVAL_MS = 1000, FILE_COUNT = 3 };

struct tls_identity {
    struct tls_server_options options;
    struct tls_context *context;  /* counted */
    struct stat seen[FILE_COUNT]; /* when the context was made */
    uint64_t next_look_ms;
    bool is_stale; /* the files have changed and could not be used */
    enum identity_news news;
    char trouble[TLS_ERROR_SIZE];
    unsigned looks_in_trouble; /* with this same text */
};

/* Zero for a file that is not there: appearing is a change too. */
static void look_at(const struct tls_server_options *options, struct stat seen[FILE_COUNT])
{
    const char *const files[FILE_COUNT] = {options->certificate_file, options->key_file,
                                           options->client_ca_file};
    for (size_t i = 0; i < FILE_COUNT; i++) {
        if (!files[i] || stat(files[i], &seen[i]) != 0)
            seen[i] = (struct stat){0};
    }
}

static bool is_same_time(struct timespec a, struct timespec b)
{
    return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

/* The time of the last change too: a copy may bring an old time of writing along. */
static bool is_same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           is_same_time(a->st_mtim, b->st_mtim) && is_same_time(a->st_ctim, b->st_ctim);
}

static bool have_changed(const struct tls_identity *identity, const struct stat now[FILE_COUNT])
{
    for (size_t i = 0; i < FILE_COUNT; i++) {
        if (!is_same_file(&identity->seen[i], &now[i]))
            return true;
    }
    return false;
}

static void note_trouble(struct tls_identity *identity, const char *trouble)
{
    enum { LOOKS_TO_BE_SURE = 2 };
    if (strcmp(identity->trouble, trouble) != 0)
        identity->looks_in_trouble = 0;
    memcpy(identity->trouble, trouble, strlen(trouble) + 1);
    identity->looks_in_trouble++;
    if (identity->looks_in_trouble == LOOKS_TO_BE_SURE)
        identity->news = IDENTITY_IN_TROUBLE;
}

static void replace(struct tls_identity *identity, struct tls_context *context)
{
    tls_context_release(identity->context);
    identity->context = context;
    identity->is_stale = false;
    identity->looks_in_trouble = 0;
    identity->trouble[0] = '\0';
    identity->news = IDENTITY_REPLACED;
}

struct tls_identity *tls_identity_create(const struct tls_server_options *options,
                                         char error[TLS_ERROR_SIZE])
{
    struct tls_identity *identity = xcalloc(1, sizeof(*identity));
    identity->options = *options;
    /* Before they are read: what changes in between is then seen at the next look. */
    look_at(options, identity->seen);
    identity->context = tls_context_create_server(options, error);
    if (identity->context)
        return identity;
    free(identity);
    return NULL;
}

void tls_identity_destroy(struct tls_identity *identity)
{
    if (!identity)
        return;
    tls_context_release(identity->context);
    free(identity);
}

struct tls_context *tls_identity_context(struct tls_identity *identity, uint64_t now_ms)
{
    struct stat now[FILE_COUNT];
    char trouble[TLS_ERROR_SIZE];
    if (now_ms < identity->next_look_ms)
        return identity->context;
    identity->next_look_ms = now_ms + LOOK_INTERVAL_MS;
    look_at(&identity->options, now);
    if (!identity->is_stale && !have_changed(identity, now))
        return identity->context;
    memcpy(identity->seen, now, sizeof(now));
    struct tls_context *context = tls_context_create_server(&identity->options, trouble);
    identity->is_stale = context == NULL;
    if (context)
        replace(identity, context);
    else
        note_trouble(identity, trouble);
    return identity->context;
}

enum identity_news tls_identity_take_news(struct tls_identity *identity, const char **trouble)
{
    enum identity_news news = identity->news;
    identity->news = IDENTITY_SAME;
    *trouble = identity->trouble;
    return news;
}
