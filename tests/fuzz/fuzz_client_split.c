/* What a client sends, over a stream in memory: the same bytes in any pieces give the same requests,
 * the same bodies and the same answers. The first byte chooses what the handler does with each
 * request: 'e' answers early, before the body; everything else reads the body first. */
#include "support/client_scene.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LONGEST = 8 * KIB, UNTIL_ALL_DEADLINES_MS = 100 * 1000 };

/* Of a refused head as much is shown in the log as has come, which is all that pieces may change. */
static void refuse(struct heard *heard)
{
    heard->scene->said.len -= heard->line.len;
    heard_answer_fault(heard);
}

/* Sends all in pieces of this size, then lets every deadline pass. */
static void play(struct client_scene *scene, bool is_early, struct span bytes, size_t piece)
{
    client_scene_set_up(scene);
    scene->plan.on_request = is_early ? heard_echo_target : heard_read;
    scene->plan.on_refused = refuse;
    (void)client_scene_connect(scene);
    while (bytes.len > 0) {
        size_t len = bytes.len < piece ? bytes.len : piece;
        client_scene_send(scene, (struct span){bytes.at, len});
        bytes = span_skip(bytes, len);
    }
    client_scene_pass(scene, UNTIL_ALL_DEADLINES_MS);
    ASSERT(scene->left == 1 && scene->done == scene->requests + scene->refusals);
}

static void assert_same(const struct client_scene *a, const struct client_scene *b)
{
    ASSERT(a->requests == b->requests && a->refusals == b->refusals);
    ASSERT(a->body_bytes == b->body_bytes);
    ASSERT(span_equal(client_scene_said(a), client_scene_said(b)));
    ASSERT(span_equal(client_scene_got(a), client_scene_got(b)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct client_scene whole, parts;
    if (size == 0 || size > LONGEST)
        return 0;
    bool is_early = data[0] == 'e';
    struct span bytes = {(const char *)data + 1, size - 1};
    play(&whole, is_early, bytes, LONGEST);
    for (size_t piece = 1; piece <= 3; piece++) {
        play(&parts, is_early, bytes, piece);
        assert_same(&whole, &parts);
        client_scene_tear_down(&parts);
    }
    client_scene_tear_down(&whole);
    return 0;
}
