#include "net/tls_stream.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "support/tls_scene.h"

enum { BIG = 300 * 1000 };

static struct tls_scene all;

static int set_up_all(void **state)
{
    (void)state;
    tls_scene_make_certificates(&all);
    return 0;
}

static int tear_down_all(void **state)
{
    (void)state;
    tls_scene_drop_certificates(&all);
    return 0;
}

static int set_up(void **state)
{
    tls_scene_begin(&all);
    *state = &all;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    tls_scene_end(&all);
    return 0;
}

static void a_good_handshake_opens_both_sides_and_is_counted(void **state)
{
    struct tls_scene *scene = *state;
    tls_scene_settle(scene);
    assert_int_equal(scene->client.opened, 1);
    assert_int_equal(scene->server.opened, 1);
    assert_int_equal(tls_context_counts(scene->client_side).full, 1);
    assert_int_equal(tls_stream_error(scene->client.stream).len, 0);
    recorder_write(&scene->client, SPAN("ping"));
    recorder_write(&scene->server, SPAN("pong"));
    tls_scene_settle(scene);
    assert_true(span_equal(buffer_bytes(&scene->server.got), SPAN("ping")));
    assert_true(span_equal(buffer_bytes(&scene->client.got), SPAN("pong")));
}

static void a_lower_stream_that_is_open_already_will_do(void **state)
{
    struct tls_scene *scene = *state;
    struct recorder waiting = {0};
    tls_scene_part(scene);
    scene->client = scene->server = (struct recorder){0};
    scene->pair = memory_pair_create(&scene->client_lower, &scene->server_lower);
    recorder_listen(&waiting, scene->client_lower);
    recorder_listen(&scene->server,
                    tls_stream_create(scene->server_lower, scene->server_side, &scene->loop));
    tls_scene_settle(scene);
    assert_int_equal(waiting.opened, 1);
    recorder_listen(&scene->client,
                    tls_stream_create(waiting.stream, scene->client_side, &scene->loop));
    tls_scene_settle(scene);
    assert_int_equal(scene->client.opened, 1);
}

static void the_second_connection_is_resumed(void **state)
{
    struct tls_scene *scene = *state;
    tls_scene_settle(scene);
    tls_scene_part(scene);
    tls_scene_join(scene);
    tls_scene_settle(scene);
    assert_int_equal(tls_context_counts(scene->client_side).full, 1);
    assert_int_equal(tls_context_counts(scene->client_side).resumed, 1);
    assert_int_equal(tls_context_counts(scene->server_side).resumed, 1);
}

static void a_peer_that_hangs_up_rudely_does_not_spoil_the_session(void **state)
{
    struct tls_scene *scene = *state;
    tls_scene_settle(scene);
    stream_end(scene->server_lower);
    tls_scene_settle(scene);
    assert_int_equal(scene->client.failed, 1);
    tls_scene_part(scene);
    tls_scene_join(scene);
    tls_scene_settle(scene);
    assert_int_equal(tls_context_counts(scene->client_side).resumed, 1);
}

static void expect_untrusted(struct tls_scene *scene, const char *name,
                             const struct certificate *identity, const char *reason)
{
    tls_scene_drop_contexts(scene);
    tls_scene_part(scene);
    tls_scene_make_contexts(scene, name, identity);
    tls_scene_join(scene);
    tls_scene_settle(scene);
    assert_int_equal(scene->client.opened, 0);
    assert_int_equal(scene->client.failed, 1);
    assert_int_equal(scene->client.why, ERR_TLS);
    assert_true(tls_stream_is_untrusted(scene->client.stream));
    assert_non_null(strstr(tls_stream_error(scene->client.stream).at, reason));
    assert_int_equal(scene->server.failed, 1); /* the alert was sent */
    assert_false(tls_stream_is_untrusted(scene->server.stream));
}

static void a_certificate_for_another_name_is_not_trusted(void **state)
{
    expect_untrusted(*state, "b.test", &all.good, "ostname mismatch");
}

static void an_expired_certificate_is_not_trusted(void **state)
{
    expect_untrusted(*state, "a.test", &all.expired, "expired");
}

static void a_certificate_of_an_unknown_authority_is_not_trusted(void **state)
{
    expect_untrusted(*state, "a.test", &all.unknown, "self-signed");
}

static void a_certificate_for_another_address_is_not_trusted(void **state)
{
    expect_untrusted(*state, "127.0.0.2", &all.by_address, "IP address mismatch");
}

static void a_certificate_may_bear_an_ip_address(void **state)
{
    static const char *const addresses[] = {"127.0.0.1", "::1"};
    struct tls_scene *scene = *state;
    for (size_t i = 0; i < COUNT_OF(addresses); i++) {
        tls_scene_drop_contexts(scene);
        tls_scene_part(scene);
        tls_scene_make_contexts(scene, addresses[i], &all.by_address);
        tls_scene_join(scene);
        tls_scene_settle(scene);
        assert_int_equal(scene->client.opened, 1);
    }
}

static void a_peer_that_speaks_no_tls_is_refused(void **state)
{
    struct tls_scene *scene = *state;
    struct span request = SPAN("GET / HTTP/1.1\r\nHost: a.test\r\n\r\n");
    stream_write(scene->client_lower, &request, 1);
    tls_scene_settle(scene);
    assert_int_equal(scene->server.failed, 1);
    assert_int_equal(scene->server.why, ERR_TLS);
    assert_false(tls_stream_is_untrusted(scene->server.stream));
    assert_true(tls_stream_error(scene->server.stream).len > 0);
}

static void hanging_up_during_the_handshake_is_a_failure(void **state)
{
    struct tls_scene *scene = *state;
    (void)tls_scene_step(scene, TLS_SCENE_PIECE);
    stream_end(scene->server_lower);
    tls_scene_settle(scene);
    assert_int_equal(scene->client.failed, 1);
    assert_int_equal(scene->client.why, ERR_CLOSED);
    assert_int_equal(scene->client.opened, 0);
}

static void a_session_that_a_server_hangs_up_on_is_not_offered_again(void **state)
{
    struct tls_scene *scene = *state;
    tls_scene_settle(scene);
    tls_scene_part(scene);
    tls_scene_join(scene);
    (void)tls_scene_step(scene, TLS_SCENE_PIECE);
    stream_end(scene->server_lower);
    tls_scene_settle(scene);
    assert_int_equal(scene->client.failed, 1);
    tls_scene_part(scene);
    tls_scene_join(scene);
    tls_scene_settle(scene);
    assert_int_equal(tls_context_counts(scene->client_side).full, 2);
}

static void a_goodbye_is_an_end_and_not_a_failure(void **state)
{
    struct tls_scene *scene = *state;
    tls_scene_settle(scene);
    recorder_write(&scene->client, SPAN("last words"));
    stream_end(scene->client.stream);
    stream_end(scene->client.stream);
    recorder_write(&scene->client, SPAN("dropped"));
    tls_scene_settle(scene);
    assert_int_equal(scene->server.got.len, 10);
    assert_int_equal(scene->server.ended, 1);
    assert_int_equal(scene->server.failed, 0);
    recorder_write(&scene->server, SPAN("answer"));
    tls_scene_settle(scene);
    assert_int_equal(scene->client.got.len, 6);
    stream_end(scene->server.stream);
    tls_scene_settle(scene);
    assert_int_equal(scene->client.ended, 1);
    assert_int_equal(scene->client.failed + scene->server.failed, 0);
}

static void an_end_without_a_goodbye_may_be_a_truncation_and_fails(void **state)
{
    struct tls_scene *scene = *state;
    tls_scene_settle(scene);
    recorder_write(&scene->server, SPAN("half of"));
    stream_end(scene->server_lower);
    tls_scene_settle(scene);
    assert_int_equal(scene->client.got.len, 7);
    assert_int_equal(scene->client.ended, 0);
    assert_int_equal(scene->client.failed, 1);
    assert_int_equal(scene->client.why, ERR_CLOSED);
}

static void a_close_says_goodbye_and_an_abort_does_not(void **state)
{
    struct tls_scene *scene = *state;
    tls_scene_settle(scene);
    recorder_close(&scene->server);
    tls_scene_settle(scene);
    assert_int_equal(scene->client.ended, 1);
    assert_int_equal(scene->client.failed, 0);
    tls_scene_part(scene);
    tls_scene_join(scene);
    tls_scene_settle(scene);
    stream_abort(scene->server.stream);
    scene->server.stream = NULL;
    tls_scene_settle(scene);
    assert_int_equal(scene->client.ended, 0);
    assert_int_equal(scene->client.failed, 1);
}

static void garbage_after_the_handshake_fails_once(void **state)
{
    struct tls_scene *scene = *state;
    struct span garbage = SPAN("this is no record at all");
    tls_scene_settle(scene);
    recorder_write(&scene->server, SPAN("good"));
    stream_write(scene->server_lower, &garbage, 1);
    tls_scene_settle(scene);
    assert_int_equal(scene->client.got.len, 4);
    assert_int_equal(scene->client.failed, 1);
    assert_int_equal(scene->client.why, ERR_TLS);
    assert_int_equal(scene->server.failed, 1); /* told by the alert that answers it */
}

static void what_is_written_before_the_handshake_waits_for_it(void **state)
{
    struct tls_scene *scene = *state;
    recorder_write(&scene->client, SPAN("early "));
    recorder_write(&scene->client, SPAN("bird"));
    stream_end(scene->client.stream);
    tls_scene_settle(scene);
    assert_true(span_equal(buffer_bytes(&scene->server.got), SPAN("early bird")));
    assert_int_equal(scene->server.ended, 1);
    assert_int_equal(scene->client.failed + scene->server.failed, 0);
}

static void a_lot_written_before_the_handshake_drains_after_it(void **state)
{
    struct tls_scene *scene = *state;
    struct span bytes = pattern_make(BIG);
    recorder_write(&scene->client, bytes);
    assert_true(stream_is_congested(scene->client.stream));
    tls_scene_settle(scene);
    assert_int_equal(scene->client.drained, 1);
    assert_true(span_equal(buffer_bytes(&scene->server.got), bytes));
    pattern_free(bytes);
}

static void congestion_mirrors_the_lower_stream(void **state)
{
    struct tls_scene *scene = *state;
    struct span bytes = pattern_make(BIG);
    tls_scene_settle(scene);
    stream_pause(scene->server.stream, 1);
    recorder_write(&scene->client, bytes);
    tls_scene_settle(scene);
    assert_true(stream_is_congested(scene->client.stream));
    assert_int_equal(scene->client.drained, 0);
    stream_resume(scene->server.stream, 1);
    tls_scene_settle(scene);
    assert_false(stream_is_congested(scene->client.stream));
    assert_int_equal(scene->client.drained, 1);
    pattern_free(bytes);
}

static void congestion_is_not_drained_by_a_failure(void **state)
{
    struct tls_scene *scene = *state;
    struct span bytes = pattern_make(BIG);
    tls_scene_settle(scene);
    recorder_write(&scene->client, bytes);
    memory_pair_break(scene->pair, scene->client_lower);
    tls_scene_settle(scene);
    recorder_write(&scene->client, bytes);
    tls_scene_settle(scene);
    assert_int_equal(scene->client.failed, 1);
    assert_int_equal(scene->client.drained, 0);
    pattern_free(bytes);
}

static void pausing_holds_bytes_and_the_end_back_even_inside_one_read(void **state)
{
    struct tls_scene *scene = *state;
    struct span bytes = pattern_make(BIG);
    tls_scene_settle(scene);
    recorder_write(&scene->client, bytes);
    stream_end(scene->client.stream);
    scene->server.pauses_on_data = true;
    unsigned reads = 0;
    while (scene->server.ended == 0) {
        size_t before = scene->server.got.len;
        while (tls_scene_step(scene, 2 * BIG)) /* everything is there at once */
            continue;
        assert_in_range(scene->server.got.len - before, 0, LOOP_READ_SIZE);
        assert_true(scene->server.got.len == BIG || scene->server.ended == 0);
        stream_resume(scene->server.stream, RECORDER_PAUSE);
        loop_flush(&scene->loop);
        assert_in_range(++reads, 1, 20);
    }
    assert_true(reads > BIG / LOOP_READ_SIZE);
    assert_true(span_equal(buffer_bytes(&scene->server.got), bytes));
    assert_int_equal(scene->server.failed, 0);
    pattern_free(bytes);
}

static void a_handshake_goes_on_while_the_owner_pauses(void **state)
{
    struct tls_scene *scene = *state;
    stream_pause(scene->server.stream, 1);
    recorder_write(&scene->client, SPAN("wait"));
    tls_scene_settle(scene);
    assert_int_equal(scene->server.opened, 1);
    assert_int_equal(scene->server.got.len, 0);
    stream_resume(scene->server.stream, 1);
    tls_scene_settle(scene);
    assert_int_equal(scene->server.got.len, 4);
}

static void a_stream_is_quiet_until_a_record_arrives(void **state)
{
    struct tls_scene *scene = *state;
    tls_scene_settle(scene);
    assert_true(stream_is_quiet(scene->client.stream));
    recorder_write(&scene->server, SPAN("x"));
    assert_false(stream_is_quiet(scene->client.stream));
    (void)tls_scene_step(scene, 3); /* part of a record */
    assert_false(stream_is_quiet(scene->client.stream));
    tls_scene_settle(scene);
    assert_true(stream_is_quiet(scene->client.stream));
    stream_end(scene->server.stream);
    assert_false(stream_is_quiet(scene->client.stream));
    tls_scene_settle(scene);
    assert_false(stream_is_quiet(scene->client.stream));
}

static void small_spans_share_a_record_and_long_ones_keep_their_order(void **state)
{
    struct tls_scene *scene = *state;
    struct span bytes = pattern_make(BIG);
    const struct span small[] = {SPAN("head"), SPAN(""), SPAN("body")};
    tls_scene_settle(scene);
    stream_write(scene->client.stream, small, COUNT_OF(small));
    size_t one_record = scene->client_lower->queued;
    assert_in_range(one_record, 8, 8 + 64);
    tls_scene_settle(scene);
    const struct span mixed[] = {SPAN("head"), bytes, SPAN("tail"), SPAN("tail"), bytes};
    stream_write(scene->client.stream, mixed, COUNT_OF(mixed));
    tls_scene_settle(scene);
    struct span got = span_skip(buffer_bytes(&scene->server.got), 8);
    assert_int_equal(got.len, 2 * bytes.len + 12);
    assert_memory_equal(got.at, "head", 4);
    assert_memory_equal(got.at + 4, bytes.at, bytes.len);
    assert_memory_equal(got.at + 4 + bytes.len, "tailtail", 8);
    assert_memory_equal(got.at + 12 + bytes.len, bytes.at, bytes.len);
    pattern_free(bytes);
}

static void a_stream_may_be_closed_by_its_own_event(void **state)
{
    struct tls_scene *scene = *state;
    struct span bytes = pattern_make(BIG);
    tls_scene_settle(scene);
    scene->server.closes_on_data = true;
    recorder_write(&scene->client, bytes);
    tls_scene_settle(scene);
    assert_null(scene->server.stream);
    assert_int_equal(scene->client.ended + scene->client.failed, 1);
    pattern_free(bytes);
}

/* A memory stream whose Nth write breaks it. */
static struct {
    struct memory_pair *pair;
    const struct stream_kind *kind;
    unsigned writes, breaks_at;
} fault;

static void write_or_break(struct stream *stream, const struct span *spans, size_t count)
{
    if (++fault.writes == fault.breaks_at)
        memory_pair_break(fault.pair, stream);
    fault.kind->write(stream, spans, count);
}

/* Returns whether the fault was reached. */
static bool talk_with_fault(struct tls_scene *scene, unsigned breaks_at)
{
    struct span bytes = pattern_make(BIG);
    tls_scene_join(scene);
    struct stream_kind kind = *scene->client_lower->kind;
    fault.pair = scene->pair;
    fault.kind = scene->client_lower->kind;
    fault.writes = 0;
    fault.breaks_at = breaks_at;
    kind.write = write_or_break;
    scene->client_lower->kind = &kind;
    scene->server.echoes = true;
    for (unsigned i = 0; i < 4; i++) {
        recorder_write(&scene->client, bytes);
        tls_scene_settle(scene);
    }
    stream_end(scene->client.stream);
    tls_scene_settle(scene);
    bool is_reached = fault.writes >= breaks_at;
    assert_int_equal(scene->client.failed, is_reached);
    assert_true(is_reached || scene->client.got.len == 4 * BIG);
    tls_scene_part(scene);
    pattern_free(bytes);
    return is_reached;
}

static void a_lower_stream_that_fails_at_its_nth_write_is_told_once_for_every_n(void **state)
{
    struct tls_scene *scene = *state;
    unsigned breaks_at = 1;
    tls_scene_part(scene);
    while (talk_with_fault(scene, breaks_at))
        breaks_at++;
    assert_true(breaks_at > 5);
    tls_scene_join(scene);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_good_handshake_opens_both_sides_and_is_counted),
        TEST(a_lower_stream_that_is_open_already_will_do),
        TEST(the_second_connection_is_resumed),
        TEST(a_peer_that_hangs_up_rudely_does_not_spoil_the_session),
        TEST(a_certificate_for_another_name_is_not_trusted),
        TEST(an_expired_certificate_is_not_trusted),
        TEST(a_certificate_of_an_unknown_authority_is_not_trusted),
        TEST(a_certificate_for_another_address_is_not_trusted),
        TEST(a_certificate_may_bear_an_ip_address),
        TEST(a_peer_that_speaks_no_tls_is_refused),
        TEST(hanging_up_during_the_handshake_is_a_failure),
        TEST(a_session_that_a_server_hangs_up_on_is_not_offered_again),
        TEST(a_goodbye_is_an_end_and_not_a_failure),
        TEST(an_end_without_a_goodbye_may_be_a_truncation_and_fails),
        TEST(a_close_says_goodbye_and_an_abort_does_not),
        TEST(garbage_after_the_handshake_fails_once),
        TEST(what_is_written_before_the_handshake_waits_for_it),
        TEST(a_lot_written_before_the_handshake_drains_after_it),
        TEST(congestion_mirrors_the_lower_stream),
        TEST(congestion_is_not_drained_by_a_failure),
        TEST(pausing_holds_bytes_and_the_end_back_even_inside_one_read),
        TEST(a_handshake_goes_on_while_the_owner_pauses),
        TEST(a_stream_is_quiet_until_a_record_arrives),
        TEST(small_spans_share_a_record_and_long_ones_keep_their_order),
        TEST(a_stream_may_be_closed_by_its_own_event),
        TEST(a_lower_stream_that_fails_at_its_nth_write_is_told_once_for_every_n),
    };
    return cmocka_run_group_tests(tests, set_up_all, tear_down_all);
}
