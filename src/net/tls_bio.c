#include "net/tls_bio.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

enum { RECORDS_KEPT = 256 * KIB }; /* a run grown beyond that is not given back to the loop */

static int on_read(BIO *library_bio, char *out, size_t size, size_t *got)
{
    struct tls_bio *bio = BIO_get_data(library_bio);
    BIO_clear_retry_flags(library_bio);
    if (bio->arrived.len == 0) {
        BIO_set_retry_read(library_bio);
        return 0;
    }
    *got = size < bio->arrived.len ? size : bio->arrived.len;
    memcpy(out, bio->arrived.at, *got);
    bio->arrived = span_skip(bio->arrived, *got);
    return 1;
}

static int on_write(BIO *library_bio, const char *bytes, size_t len, size_t *written)
{
    struct tls_bio *bio = BIO_get_data(library_bio);
    if (!bio->records.at) {
        bio->records = bio->loop->records;
        buffer_init(&bio->loop->records, SIZE_MAX);
    }
    ASSERT(buffer_append(&bio->records, (struct span){bytes, len}) == OK);
    *written = len;
    return 1;
}

static long on_control(BIO *library_bio, int command, long number, void *pointer)
{
    (void)library_bio, (void)number, (void)pointer;
    return command == BIO_CTRL_FLUSH;
}

static BIO_METHOD *method; /* made once, for the life of the process */

static void make_method(void)
{
    method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "bpgate stream");
    ASSERT(method && BIO_meth_set_read_ex(method, on_read) == 1 &&
           BIO_meth_set_write_ex(method, on_write) == 1 &&
           BIO_meth_set_ctrl(method, on_control) == 1);
}

void tls_bio_init(struct tls_bio *bio, struct loop *loop)
{
    *bio = (struct tls_bio){.loop = loop};
    buffer_init(&bio->records, SIZE_MAX);
}

BIO *tls_bio_new(struct tls_bio *bio)
{
    static uv_once_t once = UV_ONCE_INIT;
    uv_once(&once, make_method);
    BIO *library_bio = BIO_new(method);
    ASSERT(library_bio);
    BIO_set_data(library_bio, bio);
    BIO_set_init(library_bio, 1);
    return library_bio;
}

void tls_bio_flush(struct tls_bio *bio, struct stream *lower)
{
    struct buffer *records = &bio->records;
    if (records->len == 0)
        return;
    struct span bytes = buffer_bytes(records);
    stream_write(lower, &bytes, 1);
    records->len = 0;
    if (!bio->loop->records.at && records->cap <= RECORDS_KEPT)
        bio->loop->records = *records;
    else
        free(records->at);
    buffer_init(records, SIZE_MAX);
}

void tls_bio_clear(struct tls_bio *bio)
{
    buffer_clear(&bio->records);
    bio->arrived = (struct span){0};
}
