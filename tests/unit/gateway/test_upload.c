#include "gateway/upload.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/text.h"

enum { REPLAY = 10, LIMIT = 1000000, OVERSHOOT = 3 * LOOP_READ_SIZE };

/* The client and the call beside the upload, as it sees them. Linked in the place of the real ones. */
struct scene {
    struct gateway_options options;
    struct services services;
    struct lasting lasting;
    struct request request;
    struct exchange exchange;
    struct upstream_call call;
    struct upload upload;
    bool client_reads;
    unsigned reads, pauses;
    struct buffer sent;
    unsigned sends, lasts;
    bool is_congested, is_over;
};

static struct scene *scene;

void client_read_body(struct client_connection *connection)
{
    (void)connection;
    scene->client_reads = true;
    scene->reads++;
}

void client_pause_body(struct client_connection *connection)
{
    (void)connection;
    scene->client_reads = false;
    scene->pauses++;
}

void upstream_call_send(struct upstream_call *call, struct span piece, bool is_last)
{
    assert_ptr_equal(call, &scene->call);
    assert_false(scene->is_over);
    assert_int_equal(scene->lasts, 0);
    assert_int_equal(buffer_append(&scene->sent, piece), OK);
    scene->sends++;
    scene->lasts += is_last;
}

bool upstream_call_is_congested(const struct upstream_call *call)
{
    (void)call;
    return scene->is_congested;
}

bool upstream_call_is_over(const struct upstream_call *call)
{
    (void)call;
    return scene->is_over;
}

static void begin_with(enum body_kind kind, uint64_t limit)
{
    scene->request.framing.kind = kind;
    upload_init(&scene->upload, &scene->exchange, &scene->call, limit);
}

static int set_up(void **state)
{
    static struct scene only;
    only = (struct scene){.options = {.replay_bytes = REPLAY, .held_bytes = 100 * MIB}};
    scene = &only;
    scene->services.options = &scene->options;
    scene->services.lasting = &scene->lasting;
    scene->exchange.services = &scene->services;
    scene->exchange.request = &scene->request;
    buffer_init(&scene->sent, SIZE_MAX);
    begin_with(BODY_CHUNKED, LIMIT);
    *state = scene;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    upload_clear(&scene->upload);
    assert_int_equal(scene->lasting.held, 0);
    buffer_clear(&scene->sent);
    return 0;
}

static enum upload_result take(size_t len)
{
    char *bytes = xcalloc(1, len);
    enum upload_result result = upload_take(&scene->upload, (struct span){bytes, len});
    free(bytes);
    return result;
}

static void assert_sent(struct span wanted)
{
    assert_int_equal(scene->sent.len, wanted.len);
    assert_memory_equal(scene->sent.at, wanted.at, wanted.len);
}

static void forget_what_was_sent(void)
{
    buffer_clear(&scene->sent);
    scene->sends = scene->lasts = 0;
}

/* --- Before the call is ready --- */

static void a_request_without_a_body_is_sent_whole_at_once(void **state)
{
    (void)state;
    begin_with(BODY_NONE, LIMIT);
    upload_begin(&scene->upload);
    assert_int_equal(scene->sends, 1);
    assert_int_equal(scene->lasts, 1);
    assert_int_equal(scene->reads, 0);
    assert_true(scene->upload.is_whole);
}

static void what_comes_before_the_call_is_ready_is_held_and_then_sent(void **state)
{
    (void)state;
    assert_int_equal(upload_take(&scene->upload, SPAN("abc")), UPLOAD_OK);
    assert_int_equal(upload_take(&scene->upload, SPAN("def")), UPLOAD_OK);
    assert_int_equal(scene->sends, 0);
    assert_int_equal(scene->lasting.held, 6);
    upload_begin(&scene->upload);
    assert_sent(SPAN("abcdef"));
    assert_int_equal(scene->lasts, 0);
    assert_true(scene->client_reads);
    upload_end(&scene->upload);
    assert_int_equal(scene->lasts, 1);
}

static void a_body_that_ended_before_the_call_was_ready_is_sent_as_the_last_piece(void **state)
{
    (void)state;
    assert_int_equal(upload_take(&scene->upload, SPAN("abc")), UPLOAD_OK);
    upload_end(&scene->upload);
    upload_begin(&scene->upload);
    assert_sent(SPAN("abc"));
    assert_int_equal(scene->sends, 1);
    assert_int_equal(scene->lasts, 1);
    assert_int_equal(scene->reads, 0);
}

static void the_client_is_paused_when_as_much_is_held_as_may_be_replayed(void **state)
{
    (void)state;
    assert_int_equal(take(REPLAY - 1), UPLOAD_OK);
    assert_int_equal(scene->pauses, 0);
    assert_int_equal(take(1), UPLOAD_OK);
    assert_int_equal(scene->pauses, 1);
}

static void what_was_read_before_the_pause_still_fits(void **state)
{
    (void)state;
    assert_int_equal(take(REPLAY), UPLOAD_OK);
    assert_int_equal(take(OVERSHOOT), UPLOAD_OK);
    assert_true(scene->upload.is_whole); /* nothing was sent: a new connection may be tried */
    assert_int_equal(take(1), UPLOAD_OVERLOADED);
}

static void a_long_head_start_is_sent_and_dropped(void **state)
{
    (void)state;
    assert_int_equal(take(REPLAY + 1), UPLOAD_OK);
    upload_begin(&scene->upload);
    assert_int_equal(scene->sent.len, REPLAY + 1);
    assert_false(scene->upload.is_whole);
    assert_int_equal(scene->lasting.held, 0);
    assert_true(scene->client_reads);
}

static void all_bodies_together_have_a_bound(void **state)
{
    (void)state;
    scene->options.held_bytes = 8;
    scene->lasting.held = 5;
    assert_int_equal(take(3), UPLOAD_OK);
    assert_int_equal(take(1), UPLOAD_OVERLOADED);
    assert_int_equal(scene->lasting.held, 8);
    scene->lasting.held -= 5;
}

static void nothing_more_is_held_when_a_reload_has_lowered_the_bound_below_what_is(void **state)
{
    (void)state;
    scene->options.held_bytes = 8;
    assert_int_equal(take(6), UPLOAD_OK);
    scene->options.held_bytes = 5;
    assert_int_equal(take(1), UPLOAD_OVERLOADED);
    assert_int_equal(scene->lasting.held, 6);
}

/* --- On the way --- */

static void pieces_pass_and_are_kept_for_a_second_try(void **state)
{
    (void)state;
    upload_begin(&scene->upload);
    assert_int_equal(upload_take(&scene->upload, SPAN("abc")), UPLOAD_OK);
    assert_int_equal(upload_take(&scene->upload, SPAN("def")), UPLOAD_OK);
    assert_sent(SPAN("abcdef"));
    assert_true(scene->upload.is_whole);
    forget_what_was_sent();
    upload_rewind(&scene->upload);
    assert_int_equal(upload_take(&scene->upload, SPAN("gh")), UPLOAD_OK);
    assert_int_equal(scene->sends, 0);
    upload_begin(&scene->upload);
    assert_sent(SPAN("abcdefgh"));
    upload_end(&scene->upload);
    assert_int_equal(scene->lasts, 1);
}

static void a_whole_request_is_sent_again_whole(void **state)
{
    (void)state;
    upload_begin(&scene->upload);
    assert_int_equal(upload_take(&scene->upload, SPAN("abc")), UPLOAD_OK);
    upload_end(&scene->upload);
    for (int i = 0; i < 3; i++) {
        forget_what_was_sent();
        upload_rewind(&scene->upload);
        upload_begin(&scene->upload);
        assert_sent(SPAN("abc"));
        assert_int_equal(scene->lasts, 1);
    }
}

static void beyond_the_bound_of_a_replay_nothing_is_kept(void **state)
{
    (void)state;
    upload_begin(&scene->upload);
    assert_int_equal(take(REPLAY), UPLOAD_OK);
    assert_true(scene->upload.is_whole);
    assert_int_equal(take(1), UPLOAD_OK);
    assert_false(scene->upload.is_whole);
    assert_int_equal(scene->lasting.held, 0);
    assert_int_equal(take(5), UPLOAD_OK);
    assert_int_equal(scene->lasting.held, 0);
    assert_int_equal(scene->sent.len, REPLAY + 6);
}

static void without_room_to_hold_a_body_passes_but_is_not_replayed(void **state)
{
    (void)state;
    scene->options.held_bytes = 5;
    upload_begin(&scene->upload);
    assert_int_equal(take(5), UPLOAD_OK);
    assert_int_equal(take(1), UPLOAD_OK);
    assert_false(scene->upload.is_whole);
    assert_int_equal(scene->sent.len, 6);
}

static void congestion_pauses_the_client_and_its_end_resumes(void **state)
{
    (void)state;
    upload_begin(&scene->upload);
    scene->is_congested = true;
    assert_int_equal(take(1), UPLOAD_OK);
    assert_false(scene->client_reads);
    scene->is_congested = false;
    upload_drained(&scene->upload);
    assert_true(scene->client_reads);
}

static void a_call_congested_from_the_start_does_not_let_the_client_on(void **state)
{
    (void)state;
    scene->is_congested = true;
    upload_begin(&scene->upload);
    assert_int_equal(scene->reads, 0);
}

static void after_the_end_nobody_asks_the_client(void **state)
{
    (void)state;
    upload_begin(&scene->upload);
    upload_end(&scene->upload);
    scene->reads = 0;
    upload_drained(&scene->upload);
    assert_int_equal(scene->reads, 0);
}

/* --- Limits and ends --- */

static void a_body_may_be_as_long_as_the_limit(void **state)
{
    (void)state;
    begin_with(BODY_CHUNKED, 20);
    upload_begin(&scene->upload);
    assert_int_equal(take(20), UPLOAD_OK);
    assert_int_equal(take(1), UPLOAD_TOO_LARGE);
    assert_int_equal(scene->sent.len, 20);
}

static void a_body_that_is_too_long_is_seen_before_the_call_is_ready_too(void **state)
{
    (void)state;
    begin_with(BODY_CHUNKED, 5);
    assert_int_equal(take(6), UPLOAD_TOO_LARGE);
    assert_int_equal(scene->lasting.held, 0);
}

static void pieces_for_a_call_that_is_over_are_dropped(void **state)
{
    (void)state;
    upload_begin(&scene->upload);
    scene->is_over = true;
    assert_int_equal(take(5), UPLOAD_OK);
    upload_end(&scene->upload);
    assert_int_equal(scene->sent.len, 0);
}

static void what_is_forgotten_is_dropped_and_the_rest_still_passes(void **state)
{
    (void)state;
    upload_begin(&scene->upload);
    assert_int_equal(take(5), UPLOAD_OK);
    upload_forget(&scene->upload);
    assert_false(scene->upload.is_whole);
    assert_int_equal(scene->lasting.held, 0);
    assert_int_equal(take(5), UPLOAD_OK);
    assert_int_equal(scene->sent.len, 10);
    assert_int_equal(scene->lasting.held, 0);
}

static void what_was_not_sent_yet_is_not_forgotten(void **state)
{
    (void)state;
    assert_int_equal(upload_take(&scene->upload, SPAN("abc")), UPLOAD_OK);
    upload_forget(&scene->upload);
    upload_begin(&scene->upload);
    assert_sent(SPAN("abc"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(a_request_without_a_body_is_sent_whole_at_once),
        TEST(what_comes_before_the_call_is_ready_is_held_and_then_sent),
        TEST(a_body_that_ended_before_the_call_was_ready_is_sent_as_the_last_piece),
        TEST(the_client_is_paused_when_as_much_is_held_as_may_be_replayed),
        TEST(what_was_read_before_the_pause_still_fits),
        TEST(a_long_head_start_is_sent_and_dropped),
        TEST(all_bodies_together_have_a_bound),
        TEST(nothing_more_is_held_when_a_reload_has_lowered_the_bound_below_what_is),
        TEST(pieces_pass_and_are_kept_for_a_second_try),
        TEST(a_whole_request_is_sent_again_whole),
        TEST(beyond_the_bound_of_a_replay_nothing_is_kept),
        TEST(without_room_to_hold_a_body_passes_but_is_not_replayed),
        TEST(congestion_pauses_the_client_and_its_end_resumes),
        TEST(a_call_congested_from_the_start_does_not_let_the_client_on),
        TEST(after_the_end_nobody_asks_the_client),
        TEST(a_body_may_be_as_long_as_the_limit),
        TEST(a_body_that_is_too_long_is_seen_before_the_call_is_ready_too),
        TEST(pieces_for_a_call_that_is_over_are_dropped),
        TEST(what_is_forgotten_is_dropped_and_the_rest_still_passes),
        TEST(what_was_not_sent_yet_is_not_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
