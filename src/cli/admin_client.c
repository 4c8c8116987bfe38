#include "cli/admin_client.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "auth/credential_source.h"
#include "base/buffer.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/output.h"
#include "config/config.h"
#include "config/upstream_url.h"
#include "http/body_reader.h"
#include "http/parser.h"

/* What waits is a person. */
enum { PATIENCE_S = 10, REPLY_MAX = 256 * KIB, READ_SIZE = 16 * KIB, HEADERS_MAX = 100 };

/* --- Where it is --- */

static int take_token(struct span source, struct arena *arena, struct admin_target *target)
{
    struct credential_source opened;
    struct token_text token;
    char error[SOURCE_ERROR_SIZE];
    if (source.len == 0)
        return EXIT_OK;
    if (credential_source_open(&opened, source, &token, error) != OK) {
        output_error("the admin listener's token: %s", error);
        return EXIT_USAGE;
    }
    credential_source_close(&opened);
    target->token = arena_copy(arena, (struct span){token.at, token.len});
    token_text_wipe(&token);
    return EXIT_OK;
}

static int take_url(const char *what, const char *text, struct arena *arena,
                    struct admin_target *target)
{
    struct upstream_url url;
    const char *fault = upstream_url_parse(span_of(text), &url);
    if (fault || url.is_tls) {
        output_error("%s must be http://, host and port of the admin listener, as in "
                     "http://127.0.0.1:9901",
                     what);
        return EXIT_USAGE;
    }
    target->host = arena_format(arena, "%.*s", (int)url.host.len, url.host.at).at;
    target->port = url.port;
    target->authority = upstream_url_authority(&url, arena);
    return EXIT_OK;
}

/* What listens on all addresses is asked by the one of this machine. */
static const char *url_of(struct span address, struct arena *arena)
{
    const struct {
        struct span all, own;
    } rows[] = {{SPAN("*:"), SPAN("127.0.0.1:")},
                {SPAN("0.0.0.0:"), SPAN("127.0.0.1:")},
                {SPAN("[::]:"), SPAN("[::1]:")}};
    struct span host = SPAN("");
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (!span_starts_with(address, rows[i].all))
            continue;
        host = rows[i].own;
        address = span_skip(address, rows[i].all.len);
        break;
    }
    return arena_format(arena, "http://%.*s%.*s", (int)host.len, host.at, (int)address.len,
                        address.at)
        .at;
}

static bool has_free_port(struct span address)
{
    return address.len >= 2 && span_equal(span_skip(address, address.len - 2), SPAN(":0"));
}

static int take_settings(const char *path, const struct snapshot_options *options,
                         const char *token_from, struct arena *arena, struct admin_target *target)
{
    struct span address = options->admin.address;
    if (address.len == 0) {
        output_error("%s has no admin listener; add `admin: {address: 127.0.0.1:9901}` to it and "
                     "start the gateway anew",
                     path);
        return EXIT_USAGE;
    }
    if (has_free_port(address)) {
        output_error(
            "admin.address of %s takes any free port; the gateway's line \"ready\" has it: "
            "give it with --admin URL",
            path);
        return EXIT_USAGE;
    }
    int code = take_token(token_from ? span_of(token_from) : options->admin.token, arena, target);
    return code != EXIT_OK ? code
                           : take_url("admin.address", url_of(address, arena), arena, target);
}

static int take_file(const char *path, const char *token_from, struct arena *arena,
                     struct admin_target *target)
{
    struct config_errors *errors = xcalloc(1, sizeof(*errors));
    struct snapshot *snapshot = config_read(path, errors);
    int code = EXIT_USAGE;
    if (snapshot)
        code = take_settings(path, &snapshot->options, token_from, arena, target);
    else
        config_errors_print(errors, stderr);
    snapshot_release(snapshot);
    free(errors);
    return code;
}

int admin_target_find(const struct arguments *arguments, struct arena *arena,
                      struct admin_target *target)
{
    const char *given = arguments_value(arguments, "--config");
    const char *url = arguments_value(arguments, "--admin");
    const char *token_from = arguments_value(arguments, "--token-from");
    *target = (struct admin_target){0};
    if (url && given) {
        output_error("--admin and --config both say where the gateway is; leave one");
        return EXIT_USAGE;
    }
    if (url) {
        int code = take_token(span_of(token_from), arena, target);
        return code != EXIT_OK ? code : take_url("--admin", url, arena, target);
    }
    const char *path = config_choose(given);
    if (path)
        return take_file(path, token_from, arena, target);
    output_error(
        "there is no %s; name the settings file with --config FILE, or the gateway's admin "
        "listener with --admin URL",
        CONFIG_DEFAULT_PATH);
    return EXIT_USAGE;
}

/* --- Asking --- */

static int connect_to(const struct addrinfo *address)
{
    const struct timeval patience = {.tv_sec = PATIENCE_S};
    int descriptor = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0)
        return -1;
    (void)setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    (void)setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    if (connect(descriptor, address->ai_addr, address->ai_addrlen) == 0)
        return descriptor;
    int reason = errno;
    (void)close(descriptor);
    errno = reason;
    return -1;
}

static void say_unreachable(const struct admin_target *target, const char *reason)
{
    output_error("http://%.*s cannot be reached: %s; is the gateway running, with this admin "
                 "listener?",
                 (int)target->authority.len, target->authority.at, reason);
}

/* A connected socket, or -1. */
static int open_connection(const struct admin_target *target)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    char port[8];
    int descriptor = -1;
    (void)snprintf(port, sizeof(port), "%u", target->port);
    int rc = getaddrinfo(target->host, port, &hints, &found);
    if (rc != 0) {
        say_unreachable(target, gai_strerror(rc));
        return -1;
    }
    for (const struct addrinfo *at = found; at && descriptor < 0; at = at->ai_next)
        descriptor = connect_to(at);
    if (descriptor < 0)
        say_unreachable(target, errno == EINPROGRESS ? "no answer in time" : strerror(errno));
    freeaddrinfo(found);
    return descriptor;
}

static bool send_all(int descriptor, struct span bytes)
{
    while (bytes.len > 0) {
        ssize_t sent = send(descriptor, bytes.at, bytes.len, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0)
            return false;
        bytes = span_skip(bytes, (size_t)sent);
    }
    return true;
}

/* Until the gateway closes, as it was asked to. */
static bool receive_all(int descriptor, struct buffer *reply)
{
    char bytes[READ_SIZE];
    for (;;) {
        ssize_t got = recv(descriptor, bytes, sizeof(bytes), 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got == 0;
        if (buffer_append(reply, (struct span){bytes, (size_t)got}) != OK) {
            errno = EMSGSIZE;
            return false;
        }
    }
}

static struct span request_text(const struct admin_target *target, const char *path,
                                struct span json, struct arena *arena)
{
    bool has_token = target->token.len > 0;
    return arena_format(arena,
                        "POST %s HTTP/1.1\r\nHost: %.*s\r\nContent-Type: application/json\r\n"
                        "Content-Length: %zu\r\nConnection: close\r\n%s%.*s%s\r\n%.*s",
                        path, (int)target->authority.len, target->authority.at, json.len,
                        has_token ? "Authorization: Bearer " : "", (int)target->token.len,
                        has_token ? target->token.at : "", has_token ? "\r\n" : "", (int)json.len,
                        json.at);
}

/* The body's pieces, together. */
static bool read_body(struct span in, const struct framing *framing, struct arena *arena,
                      struct span *body)
{
    struct body_reader reader;
    struct span piece;
    char *at = arena_alloc(arena, in.len + 1);
    *body = (struct span){at, 0};
    body_reader_init(&reader, framing);
    for (;;) {
        switch (body_reader_next(&reader, &in, &piece)) {
        case BODY_PIECE:
            memcpy(at + body->len, piece.at, piece.len);
            body->len += piece.len;
            break;
        case BODY_MORE:
            return body_reader_end(&reader);
        case BODY_COMPLETE:
            return true;
        case BODY_BROKEN:
            return false;
        }
    }
}

static bool read_reply(struct span bytes, struct arena *arena, struct admin_reply *reply)
{
    const struct head_limits limits = {REPLY_MAX, REPLY_MAX, HEADERS_MAX};
    const struct parser_limits parser_limits = {.header_count = HEADERS_MAX};
    struct head_check check = {0};
    struct response response;
    struct span copy = arena_copy(arena, bytes);
    if (head_check(&check, HEAD_RESPONSE, copy, &limits) != HEAD_COMPLETE)
        return false;
    struct span head = {copy.at + check.skipped, check.len - check.skipped};
    if (parse_response(head, false, &parser_limits, arena, &response) != FAULT_NONE)
        return false;
    reply->status = response.status;
    return read_body(span_skip(copy, check.len), &response.framing, arena, &reply->body);
}

bool admin_post(const struct admin_target *target, const char *path, struct span json,
                struct arena *arena, struct admin_reply *reply)
{
    struct buffer bytes;
    int descriptor = open_connection(target);
    if (descriptor < 0)
        return false;
    buffer_init(&bytes, REPLY_MAX);
    bool is_there = send_all(descriptor, request_text(target, path, json, arena)) &&
                    receive_all(descriptor, &bytes);
    bool is_good = is_there && read_reply(buffer_bytes(&bytes), arena, reply);
    if (!is_there)
        say_unreachable(target, errno == EAGAIN ? "no answer in time" : strerror(errno));
    else if (!is_good)
        output_error("what answers at http://%.*s is no admin listener of bpgate",
                     (int)target->authority.len, target->authority.at);
    (void)close(descriptor);
    buffer_clear(&bytes);
    return is_good;
}
