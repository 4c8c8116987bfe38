/* stand_in.c - a small stand-in of the Botpress API over TLS, for deploy/quickstart.sh.
 *
 *     stand-in CERTIFICATE KEY
 *
 * Listens on a free port of 127.0.0.1, says on standard output which, and serves until SIGTERM or
 * SIGINT. It answers with what it heard, the token masked; a hub integration and the page of an edge
 * proxy have places of their own. One thread, one loop.
 */
#include <stdio.h>

#include "base/json_writer.h"
#include "base/text.h"
#include "client/client_connection.h"
#include "net/listener.h"
#include "net/tls_stream.h"

enum {
    MOST_CONNECTIONS = 1024,
    ECHO_BYTES = 64 * KIB, /* of JSON; what does not fit is left out */
    SHOWN_OF_TOKEN = 4,
    LEAST_TOKEN = 16, /* a shorter one is not shown at all */
};

struct stand_in {
    struct loop loop;
    struct tls_context *tls;
    struct client_server clients;
    struct listener *listener;
    uv_signal_t signals[2];
    uint64_t answers; /* so far */
};

/* One request; in its arena. */
struct heard {
    struct stand_in *stand_in;            /* borrowed */
    struct client_connection *connection; /* borrowed */
    struct arena *arena;
    struct request *request;
    uint64_t body_bytes;
};

/* --- Answers --- */

static void answer(struct heard *heard, unsigned status, struct span type, struct span body)
{
    struct response response = {
        .status = status, .framing = {BODY_LENGTH, body.len}, .version = 11, .keep_alive = true};
    struct span number =
        arena_format(heard->arena, "%llu", (unsigned long long)++heard->stand_in->answers);
    header_list_init(&response.headers, heard->arena, 2);
    ASSERT(header_list_add(&response.headers, SPAN("content-type"), type));
    ASSERT(header_list_add(&response.headers, SPAN("x-stand-in-answer"), number));
    client_send_head(heard->connection, &response);
    client_send_body(heard->connection, body);
    client_send_end(heard->connection);
    client_done(heard->connection);
}

/* "Bearer ***wxyz": enough to tell two tokens apart, too little to use. */
static struct span masked(struct arena *arena, struct span credentials)
{
    struct span token = credentials, scheme = span_cut(&token, ' ');
    if (token.len < LEAST_TOKEN)
        return SPAN("***");
    struct span end = span_skip(token, token.len - SHOWN_OF_TOKEN);
    return arena_format(arena, "%.*s ***%.*s", (int)scheme.len, scheme.at, (int)end.len, end.at);
}

static void echo(struct heard *heard)
{
    const struct request *request = heard->request;
    struct json_writer json;
    json_init(&json, arena_alloc(heard->arena, ECHO_BYTES), ECHO_BYTES);
    json_object(&json);
    json_text(&json, SPAN("from"), SPAN("the stand-in, which answers with what it heard"));
    json_text(&json, SPAN("method"), request->method_name);
    json_text(&json, SPAN("target"), request->target);
    json_object_in(&json, SPAN("headers"));
    for (size_t i = 0; i < request->headers.count; i++) {
        const struct header *header = &request->headers.at[i];
        bool is_secret = header->id == HEADER_AUTHORIZATION;
        json_text(&json, header->name,
                  is_secret ? masked(heard->arena, header->value) : header->value);
    }
    json_close(&json);
    json_number(&json, SPAN("body_bytes"), (int64_t)heard->body_bytes);
    struct span text = json_finish(&json);
    answer(heard, 200, SPAN("application/json"),
           arena_format(heard->arena, "%.*s\n", (int)text.len, text.at));
}

static const struct place {
    struct span path;
    unsigned status;
    struct span type, body;
} places[] = {
    {SPAN_INIT("/v1/admin/hub/integrations/telegram/1.0.0"), 200, SPAN_INIT("application/json"),
     SPAN_INIT("{\"integration\":{\"id\":\"intver_stand_in\",\"name\":\"telegram\","
               "\"version\":\"1.0.0\",\"title\":\"Telegram\",\"public\":true}}\n")},
    {SPAN_INIT("/v1/chat/users/behind-a-broken-edge"), 502, SPAN_INIT("text/html"),
     SPAN_INIT("<html><head><title>502 Bad Gateway</title></head>"
               "<body><center><h1>502 Bad Gateway</h1></center></body></html>\n")},
};

static void answer_by_path(struct heard *heard)
{
    for (size_t i = 0; i < COUNT_OF(places); i++) {
        if (span_equal(heard->request->path, places[i].path)) {
            answer(heard, places[i].status, places[i].type, places[i].body);
            return;
        }
    }
    echo(heard);
}

/* --- What the connections tell --- */

static struct heard *hear(void *owner, struct client_connection *connection, struct arena *arena)
{
    struct heard *heard = arena_zalloc(arena, sizeof(*heard));
    heard->stand_in = owner;
    heard->connection = connection;
    heard->arena = arena;
    return heard;
}

static void *on_request(void *owner, struct client_connection *connection, struct arena *arena,
                        struct request *request)
{
    struct heard *heard = hear(owner, connection, arena);
    heard->request = request;
    if (request->framing.kind == BODY_NONE)
        answer_by_path(heard);
    else
        client_read_body(connection);
    return heard;
}

static void refuse(struct heard *heard, enum http_fault fault)
{
    client_close_after(heard->connection);
    answer(heard, http_fault_status(fault), SPAN("text/plain"), http_fault_text(fault));
}

static void *on_refused(void *owner, struct client_connection *connection, struct arena *arena,
                        enum http_fault fault, struct span line)
{
    struct heard *heard = hear(owner, connection, arena);
    (void)line;
    refuse(heard, fault);
    return heard;
}

static void on_body(void *exchange, struct span piece)
{
    struct heard *heard = exchange;
    heard->body_bytes += piece.len;
}

static void on_body_end(void *exchange)
{
    answer_by_path(exchange);
}

static void on_body_failed(void *exchange, enum http_fault fault)
{
    refuse(exchange, fault);
}

/* An answer is bounded and given whole: nothing waits for room. */
static void on_drained(void *exchange)
{
    (void)exchange;
}

static void on_gone(void *exchange)
{
    struct heard *heard = exchange;
    client_done(heard->connection);
}

static const struct client_handler handler = {.on_request = on_request,
                                              .on_refused = on_refused,
                                              .on_body = on_body,
                                              .on_body_end = on_body_end,
                                              .on_body_failed = on_body_failed,
                                              .on_drained = on_drained,
                                              .on_gone = on_gone};

static const struct client_options client_options = {
    .head = {.head_bytes = 32 * KIB, .line_bytes = 8 * KIB, .header_count = 100},
    .head_ms = 10000,
    .idle_ms = 65000,
    .keep_alive_s = 55,
    .linger_ms = 2000,
    .drain_bytes = 64 * KIB,
    .rate_window_ms = 30000,
    .rate_bytes = 15000,
};

/* --- The entrance --- */

static bool may_enter(void *owner, const struct sockaddr *peer)
{
    const struct stand_in *stand_in = owner;
    (void)peer;
    return stand_in->clients.count < MOST_CONNECTIONS;
}

static void on_accept(void *owner, struct stream *stream, const struct sockaddr *peer)
{
    struct stand_in *stand_in = owner;
    const struct client_origin origin = {.address = address_of(peer)};
    client_server_accept(&stand_in->clients,
                         tls_stream_create(stream, stand_in->tls, &stand_in->loop), &origin);
}

static const struct listener_events listener_events = {.on_accept = on_accept,
                                                       .may_enter = may_enter};

static bool open_entrance(struct stand_in *stand_in)
{
    char error[LISTENER_ERROR_SIZE] = "it cannot listen", name[LISTENER_NAME_SIZE];
    int descriptor;
    if (listener_bind(SPAN("127.0.0.1:0"), &descriptor, 1, error) == OK) {
        listener_name(descriptor, name);
        stand_in->listener =
            listener_create(&stand_in->loop, descriptor, &listener_events, stand_in);
    }
    if (!stand_in->listener) {
        fprintf(stderr, "stand-in: %s\n", error);
        return false;
    }
    return puts(name) >= 0 && fflush(stdout) == 0;
}

/* --- Start and end --- */

static void on_signal(uv_signal_t *handle, int number)
{
    struct stand_in *stand_in = handle->data;
    (void)number;
    loop_stop(&stand_in->loop);
}

static void set_up(struct stand_in *stand_in)
{
    static const int numbers[] = {SIGTERM, SIGINT};
    loop_init(&stand_in->loop);
    client_server_init(&stand_in->clients, &stand_in->loop, &client_options, &handler, stand_in);
    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
        ASSERT(uv_signal_init(&stand_in->loop.uv, &stand_in->signals[i]) == 0);
        stand_in->signals[i].data = stand_in;
        ASSERT(uv_signal_start(&stand_in->signals[i], on_signal, numbers[i]) == 0);
    }
}

static void tear_down(struct stand_in *stand_in)
{
    if (stand_in->listener)
        listener_close(stand_in->listener);
    client_server_abort(&stand_in->clients);
    for (size_t i = 0; i < COUNT_OF(stand_in->signals); i++)
        uv_close((uv_handle_t *)&stand_in->signals[i], NULL);
    loop_close(&stand_in->loop);
    tls_context_release(stand_in->tls);
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fputs("usage: stand-in CERTIFICATE KEY\n", stderr);
        return 2;
    }
    static struct stand_in stand_in;
    char error[TLS_ERROR_SIZE];
    const struct tls_server_options tls = {.certificate_file = argv[1], .key_file = argv[2]};
    stand_in.tls = tls_context_create_server(&tls, error);
    if (!stand_in.tls) {
        fprintf(stderr, "stand-in: %s\n", error);
        return 1;
    }
    set_up(&stand_in);
    bool is_open = open_entrance(&stand_in);
    if (is_open)
        loop_run(&stand_in.loop);
    tear_down(&stand_in);
    return is_open ? 0 : 1;
}
