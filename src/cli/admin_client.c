#include "cli/admin_client.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

static bool take_token(struct span source, struct arena *arena, struct admin_target *target,
                       char error[ADMIN_ERROR_SIZE])
{
    struct credential_source opened;
    struct token_text token;
    char why[SOURCE_ERROR_SIZE];
    if (source.len == 0)
        return true;
    if (credential_source_open(&opened, source, &token, why) != OK) {
        (void)snprintf(error, ADMIN_ERROR_SIZE, "the admin listener's token: %s", why);
        return false;
    }
    credential_source_close(&opened);
    target->token = arena_copy(arena, (struct span){token.at, token.len});
    token_text_wipe(&token);
    return true;
}

static bool take_url(const char *what, const char *text, struct arena *arena,
                     struct admin_target *target, char error[ADMIN_ERROR_SIZE])
{
    struct upstream_url url;
    if (!strstr(text, "://"))
        text = arena_format(arena, "http://%s", text).at;
    const char *fault = upstream_url_parse(span_of(text), &url);
    if (fault || url.is_tls) {
        (void)snprintf(error, ADMIN_ERROR_SIZE,
                       "%s must be http://, host and port of the admin listener, as in "
                       "http://127.0.0.1:9901",
                       what);
        return false;
    }
    target->host = arena_format(arena, "%.*s", (int)url.host.len, url.host.at).at;
    target->port = url.port;
    target->authority = upstream_url_authority(&url, arena);
    return true;
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

bool admin_target_of(const char *path, const struct snapshot_options *options,
                     const char *token_from, struct arena *arena, struct admin_target *target,
                     char error[ADMIN_ERROR_SIZE])
{
    struct span address = options->admin.address;
    *target = (struct admin_target){0};
    if (address.len == 0)
        (void)snprintf(error, ADMIN_ERROR_SIZE,
                       "%.200s has no admin listener; add `admin: {address: 127.0.0.1:9901}` to it "
                       "and start the gateway anew",
                       path);
    else if (has_free_port(address))
        (void)snprintf(error, ADMIN_ERROR_SIZE,
                       "admin.address of %.200s takes any free port; the gateway's line \"ready\" "
                       "has it: give it with --admin URL",
                       path);
    else
        return take_token(token_from ? span_of(token_from) : options->admin.token, arena, target,
                          error) &&
               take_url("admin.address", url_of(address, arena), arena, target, error);
    return false;
}

static int say(const char *error)
{
    output_error("%s", error);
    return EXIT_USAGE;
}

static int take_file(const char *path, const char *token_from, struct arena *arena,
                     struct admin_target *target)
{
    char error[ADMIN_ERROR_SIZE];
    struct config_errors *errors = xcalloc(1, sizeof(*errors));
    struct snapshot *snapshot = config_read(path, errors);
    int code = EXIT_USAGE;
    if (!snapshot)
        config_errors_print(errors, stderr);
    else if (admin_target_of(path, &snapshot->options, token_from, arena, target, error))
        code = EXIT_OK;
    else
        (void)say(error);
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
    char error[ADMIN_ERROR_SIZE];
    *target = (struct admin_target){0};
    if (url && given)
        return say("--admin and --config both say where the gateway is; leave one");
    if (url)
        return take_token(span_of(token_from), arena, target, error) &&
                       take_url("--admin", url, arena, target, error)
                   ? EXIT_OK
                   : say(error);
    const char *path = config_choose(given);
    if (path)
        return take_file(path, token_from, arena, target);
    return say("there is no " CONFIG_DEFAULT_PATH
               "; name the settings file with --config FILE, or the gateway's admin listener with "
               "--admin URL");
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

static void say_unreachable(char error[ADMIN_ERROR_SIZE], const struct admin_target *target,
                            const char *reason)
{
    (void)snprintf(error, ADMIN_ERROR_SIZE, "http://%.*s cannot be reached: %s",
                   (int)target->authority.len, target->authority.at, reason);
}

/* A connected socket, or -1. */
static int open_connection(const struct admin_target *target, char error[ADMIN_ERROR_SIZE])
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    char port[8];
    int descriptor = -1;
    (void)snprintf(port, sizeof(port), "%u", target->port);
    int rc = getaddrinfo(target->host, port, &hints, &found);
    if (rc != 0) {
        say_unreachable(error, target, gai_strerror(rc));
        return -1;
    }
    for (const struct addrinfo *at = found; at && descriptor < 0; at = at->ai_next)
        descriptor = connect_to(at);
    if (descriptor < 0)
        say_unreachable(error, target,
                        errno == EINPROGRESS ? "no answer in time" : strerror(errno));
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

bool admin_ask(const struct admin_target *target, const char *path, struct span json,
               struct arena *arena, struct admin_reply *reply, char error[ADMIN_ERROR_SIZE])
{
    struct buffer bytes;
    int descriptor = open_connection(target, error);
    if (descriptor < 0)
        return false;
    buffer_init(&bytes, REPLY_MAX);
    bool is_there = send_all(descriptor, request_text(target, path, json, arena)) &&
                    receive_all(descriptor, &bytes);
    bool is_good = is_there && read_reply(buffer_bytes(&bytes), arena, reply);
    if (!is_there)
        say_unreachable(error, target, errno == EAGAIN ? "no answer in time" : strerror(errno));
    else if (!is_good)
        (void)snprintf(error, ADMIN_ERROR_SIZE,
                       "what answers at http://%.*s is no admin listener of bpgate",
                       (int)target->authority.len, target->authority.at);
    (void)close(descriptor);
    buffer_clear(&bytes);
    return is_good;
}

bool admin_post(const struct admin_target *target, const char *path, struct span json,
                struct arena *arena, struct admin_reply *reply)
{
    char error[ADMIN_ERROR_SIZE];
    if (admin_ask(target, path, json, arena, reply, error))
        return true;
    output_error("%s; is the gateway running, with this admin listener?", error);
    return false;
}
