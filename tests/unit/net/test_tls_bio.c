#include "net/tls_bio.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/text.h"
#include "net/memory_stream.h"
#include "support/recorder.h"

enum { LONG = 300 * KIB };

struct scene {
    struct loop loop;
    struct memory_pair *pair;
    struct recorder lower, peer;
    struct tls_bio bio;
    BIO *library_bio;
};

static int set_up(void **state)
{
    static struct scene scene;
    struct stream *lower, *peer;
    scene = (struct scene){0};
    loop_init(&scene.loop);
    scene.pair = memory_pair_create(&lower, &peer);
    recorder_listen(&scene.lower, lower);
    recorder_listen(&scene.peer, peer);
    tls_bio_init(&scene.bio, &scene.loop);
    scene.library_bio = tls_bio_new(&scene.bio);
    *state = &scene;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *scene = *state;
    BIO_free(scene->library_bio);
    tls_bio_clear(&scene->bio);
    recorder_close(&scene->lower);
    recorder_close(&scene->peer);
    memory_pair_destroy(scene->pair);
    loop_close(&scene->loop);
    return 0;
}

static void write_bytes(struct scene *scene, struct span bytes)
{
    size_t written;
    assert_int_equal(BIO_write_ex(scene->library_bio, bytes.at, bytes.len, &written), 1);
    assert_int_equal(written, bytes.len);
}

static void reads_take_from_what_arrived_and_then_ask_to_wait(void **state)
{
    struct scene *scene = *state;
    char got[4];
    size_t len;
    scene->bio.arrived = SPAN("record");
    assert_int_equal(BIO_read_ex(scene->library_bio, got, sizeof(got), &len), 1);
    assert_int_equal(len, 4);
    assert_memory_equal(got, "reco", 4);
    assert_int_equal(scene->bio.arrived.len, 2);
    assert_int_equal(BIO_read_ex(scene->library_bio, got, sizeof(got), &len), 1);
    assert_int_equal(len, 2);
    assert_int_equal(BIO_read_ex(scene->library_bio, got, sizeof(got), &len), 0);
    assert_true(BIO_should_retry(scene->library_bio));
}

static void records_are_handed_on_in_one_write(void **state)
{
    struct scene *scene = *state;
    write_bytes(scene, SPAN("one "));
    write_bytes(scene, SPAN("two"));
    assert_int_equal(scene->lower.stream->queued, 0);
    tls_bio_flush(&scene->bio, scene->lower.stream);
    tls_bio_flush(&scene->bio, scene->lower.stream); /* nothing left */
    while (memory_pair_step(scene->pair, LONG))
        continue;
    assert_true(span_equal(buffer_bytes(&scene->peer.got), SPAN("one two")));
}

static void the_run_is_the_loops_and_goes_back_after_the_flush(void **state)
{
    struct scene *scene = *state;
    write_bytes(scene, SPAN("first"));
    tls_bio_flush(&scene->bio, scene->lower.stream);
    assert_null(scene->bio.records.at);
    const char *lent = scene->loop.records.at;
    assert_non_null(lent);
    write_bytes(scene, SPAN("second"));
    assert_ptr_equal(scene->bio.records.at, lent);
    assert_null(scene->loop.records.at);
    tls_bio_flush(&scene->bio, scene->lower.stream);
    assert_ptr_equal(scene->loop.records.at, lent);
}

/* TLS inside TLS: the outer one's records are being written while the inner one makes its own. */
static void two_at_once_have_a_run_each(void **state)
{
    struct scene *scene = *state;
    struct tls_bio other;
    size_t written;
    tls_bio_init(&other, &scene->loop);
    BIO *other_library_bio = tls_bio_new(&other);
    write_bytes(scene, SPAN("outer"));
    assert_int_equal(BIO_write_ex(other_library_bio, "inner", 5, &written), 1);
    assert_ptr_not_equal(scene->bio.records.at, other.records.at);
    tls_bio_flush(&other, scene->lower.stream);
    tls_bio_flush(&scene->bio, scene->lower.stream);
    while (memory_pair_step(scene->pair, LONG))
        continue;
    assert_true(span_equal(buffer_bytes(&scene->peer.got), SPAN("innerouter")));
    BIO_free(other_library_bio);
    tls_bio_clear(&other);
}

static void a_very_long_run_is_not_kept(void **state)
{
    struct scene *scene = *state;
    struct span bytes = pattern_make(LONG);
    write_bytes(scene, bytes);
    tls_bio_flush(&scene->bio, scene->lower.stream);
    assert_null(scene->bio.records.at);
    assert_null(scene->loop.records.at);
    pattern_free(bytes);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(reads_take_from_what_arrived_and_then_ask_to_wait),
        TEST(records_are_handed_on_in_one_write),
        TEST(the_run_is_the_loops_and_goes_back_after_the_flush),
        TEST(two_at_once_have_a_run_each),
        TEST(a_very_long_run_is_not_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
