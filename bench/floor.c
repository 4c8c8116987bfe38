/* floor.c - the least that a proxy on libuv, llhttp and OpenSSL can do: the limits to compare with.
 *
 *   bench_floor PORT                           parses each request and answers 1 KiB
 *   bench_floor PORT 127.0.0.1:8443            asks that server over TLS, and passes the answer on
 *
 * One read and one write for a request, one of each for the call; nothing is checked, bounded,
 * timed, logged or kept. Ends with a signal; every error ends it too.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <llhttp.h>
#include <openssl/ssl.h>
#include <uv.h>

#include "base/base.h"

enum { READ_SIZE = 64 * KIB, BODY_SIZE = KIB, BACKLOG = 511 };

struct client {
    uv_tcp_t tcp;
    llhttp_t parser;
    struct span head; /* borrowed from the read */
    struct call *call;
};

/* A connection to the upstream; in the list of idle ones, or some client's. */
struct call {
    uv_tcp_t tcp;
    uv_connect_t connect;
    SSL *ssl;
    llhttp_t parser;
    struct span head;      /* what to ask; borrowed from the client's read, or a copy */
    struct span arrived;   /* ciphertext, borrowed from the read */
    struct client *client; /* NULL: idle, or the client has gone */
    struct call *next_idle;
    bool is_complete;
};

static uv_loop_t loop;
static struct sockaddr_in upstream;
static SSL_CTX *tls; /* NULL: answers itself */
static BIO_METHOD *bio_method;
static struct call *idle;
static char input[READ_SIZE], plain[READ_SIZE], record[READ_SIZE], body[BODY_SIZE];
static size_t record_len;

static void on_alloc(uv_handle_t *handle, size_t wanted, uv_buf_t *buf)
{
    (void)handle, (void)wanted;
    *buf = uv_buf_init(input, READ_SIZE);
}

static void send_all(uv_tcp_t *tcp, uv_buf_t *bufs, unsigned count)
{
    int rc = uv_try_write((uv_stream_t *)tcp, bufs, count);
    ASSERT(rc > 0 || rc == UV_EPIPE || rc == UV_ECONNRESET); /* the read says so too */
}

/* --- The call --- */

static int on_bio_read(BIO *bio, char *out, size_t size, size_t *got)
{
    struct call *call = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (call->arrived.len == 0) {
        BIO_set_retry_read(bio);
        return 0;
    }
    *got = size < call->arrived.len ? size : call->arrived.len;
    memcpy(out, call->arrived.at, *got);
    call->arrived.at += *got;
    call->arrived.len -= *got;
    return 1;
}

static int on_bio_write(BIO *bio, const char *bytes, size_t len, size_t *written)
{
    (void)bio;
    ASSERT(len <= READ_SIZE - record_len);
    memcpy(record + record_len, bytes, len);
    record_len += len;
    *written = len;
    return 1;
}

static long on_bio_control(BIO *bio, int command, long number, void *pointer)
{
    (void)bio, (void)number, (void)pointer;
    return command == BIO_CTRL_FLUSH;
}

static void flush(struct call *call)
{
    uv_buf_t buf = uv_buf_init(record, (unsigned)record_len);
    if (record_len > 0)
        send_all(&call->tcp, &buf, 1);
    record_len = 0;
}

static void ask(struct call *call)
{
    size_t written;
    struct span head = call->head;
    ASSERT(SSL_write_ex(call->ssl, head.at, head.len, &written) == 1);
    flush(call);
}

static int on_answer_complete(llhttp_t *parser)
{
    struct call *call = parser->data;
    call->is_complete = true;
    return 0;
}

static const llhttp_settings_t answer_settings = {.on_message_complete = on_answer_complete};

static void pass_on(struct call *call)
{
    size_t len = 0, got = 0;
    while (SSL_read_ex(call->ssl, plain + len, READ_SIZE - len, &got) == 1)
        len += got;
    if (len == 0)
        return;
    ASSERT(llhttp_execute(&call->parser, plain, len) == HPE_OK);
    uv_buf_t buf = uv_buf_init(plain, (unsigned)len);
    struct client *client = call->client;
    if (call->is_complete) {
        call->is_complete = false;
        call->client = NULL;
        call->next_idle = idle;
        idle = call;
        if (client)
            client->call = NULL;
    }
    if (client)
        send_all(&client->tcp, &buf, 1);
}

static void shake_hands(struct call *call)
{
    int rc = SSL_do_handshake(call->ssl);
    flush(call);
    ASSERT(rc == 1 || SSL_get_error(call->ssl, rc) == SSL_ERROR_WANT_READ);
    if (rc == 1)
        ask(call);
}

static void on_answer_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *buf)
{
    struct call *call = stream->data;
    ASSERT(got >= 0);
    call->arrived = (struct span){buf->base, (size_t)got};
    if (!SSL_is_init_finished(call->ssl))
        shake_hands(call);
    if (SSL_is_init_finished(call->ssl))
        pass_on(call);
}

static void on_connected(uv_connect_t *request, int rc)
{
    struct call *call = request->data;
    ASSERT(rc == 0 && uv_tcp_nodelay(&call->tcp, 1) == 0);
    ASSERT(uv_read_start((uv_stream_t *)&call->tcp, on_alloc, on_answer_read) == 0);
    shake_hands(call);
}

/* The head is copied, and the copy kept: the handshake takes longer than the read that lent it. */
static void call_anew(struct client *client)
{
    struct call *call = xcalloc(1, sizeof(*call));
    call->head = (struct span){xstrdup(client->head), client->head.len};
    client->call = call;
    call->client = client;
    llhttp_init(&call->parser, HTTP_RESPONSE, &answer_settings);
    call->parser.data = call->tcp.data = call->connect.data = call;
    call->ssl = SSL_new(tls);
    BIO *bio = BIO_new(bio_method);
    BIO_set_data(bio, call);
    BIO_set_init(bio, 1);
    SSL_set_bio(call->ssl, bio, bio);
    SSL_set_connect_state(call->ssl);
    ASSERT(uv_tcp_init(&loop, &call->tcp) == 0);
    ASSERT(uv_tcp_connect(&call->connect, &call->tcp, (const struct sockaddr *)&upstream,
                          on_connected) == 0);
}

static void call_upstream(struct client *client)
{
    struct call *call = idle;
    if (!call) {
        call_anew(client);
        return;
    }
    idle = call->next_idle;
    client->call = call;
    call->client = client;
    call->head = client->head;
    ask(call);
}

/* --- The client --- */

static void answer(struct client *client)
{
    static const char head[] = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
                               "content-length: 1024\r\n\r\n";
    uv_buf_t bufs[] = {uv_buf_init((char *)(uintptr_t)head, sizeof(head) - 1),
                       uv_buf_init(body, BODY_SIZE)};
    send_all(&client->tcp, bufs, 2);
}

static int on_request_complete(llhttp_t *parser)
{
    struct client *client = parser->data;
    if (tls)
        call_upstream(client);
    else
        answer(client);
    return 0;
}

static const llhttp_settings_t request_settings = {.on_message_complete = on_request_complete};

static void on_client_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static void on_client_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *buf)
{
    struct client *client = stream->data;
    if (got < 0) {
        if (client->call)
            client->call->client = NULL;
        uv_close((uv_handle_t *)stream, on_client_closed);
        return;
    }
    client->head = (struct span){buf->base, (size_t)got};
    ASSERT(llhttp_execute(&client->parser, buf->base, (size_t)got) == HPE_OK);
}

static void on_connection(uv_stream_t *server, int status)
{
    struct client *client = xcalloc(1, sizeof(*client));
    ASSERT(status == 0 && uv_tcp_init(&loop, &client->tcp) == 0);
    llhttp_init(&client->parser, HTTP_REQUEST, &request_settings);
    client->parser.data = client->tcp.data = client;
    ASSERT(uv_accept(server, (uv_stream_t *)&client->tcp) == 0);
    ASSERT(uv_tcp_nodelay(&client->tcp, 1) == 0);
    ASSERT(uv_read_start((uv_stream_t *)&client->tcp, on_alloc, on_client_read) == 0);
}

static void use_upstream(char *text)
{
    char *colon = strrchr(text, ':');
    ASSERT(colon);
    *colon = '\0';
    ASSERT(uv_ip4_addr(text, (int)strtoul(colon + 1, NULL, 10), &upstream) == 0);
    tls = SSL_CTX_new(TLS_client_method());
    ASSERT(tls);
    (void)SSL_CTX_set_mode(tls, SSL_MODE_RELEASE_BUFFERS);
    bio_method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "span");
    ASSERT(bio_method && BIO_meth_set_read_ex(bio_method, on_bio_read) == 1 &&
           BIO_meth_set_write_ex(bio_method, on_bio_write) == 1 &&
           BIO_meth_set_ctrl(bio_method, on_bio_control) == 1);
}

int main(int argc, char **argv)
{
    static uv_tcp_t server;
    struct sockaddr_in address;
    if (argc < 2 || argc > 3) {
        fprintf(stderr, "bench_floor PORT [ADDRESS:PORT of a server with TLS]\n");
        return 2;
    }
    (void)signal(SIGPIPE, SIG_IGN);
    memset(body, 'x', sizeof(body));
    if (argc == 3)
        use_upstream(argv[2]);
    ASSERT(uv_loop_init(&loop) == 0 && uv_tcp_init(&loop, &server) == 0);
    ASSERT(uv_ip4_addr("127.0.0.1", (int)strtoul(argv[1], NULL, 10), &address) == 0);
    ASSERT(uv_tcp_bind(&server, (const struct sockaddr *)&address, 0) == 0);
    ASSERT(uv_listen((uv_stream_t *)&server, BACKLOG, on_connection) == 0);
    return uv_run(&loop, UV_RUN_DEFAULT);
}
