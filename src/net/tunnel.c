#include "net/tunnel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "base/text.h"

enum { HEAD_BYTES = 8 * KIB, STATUS_AT = 9, STATUS_LINE_LEN = 13 };

/* --- The request --- */

static char *basic_of(const char *credentials)
{
    size_t len = strlen(credentials);
    ASSERT(len < HEAD_BYTES);
    char *text = xmalloc((len + 2) / 3 * 4 + 1);
    EVP_EncodeBlock((unsigned char *)text, (const unsigned char *)credentials, (int)len);
    return text;
}

char *tunnel_request(const char *host, unsigned port, const char *credentials)
{
    static const char format[] = "CONNECT %s%s%s:%u HTTP/1.1\r\nHost: %s%s%s:%u\r\n%s%s%s\r\n";
    bool is_ipv6 = strchr(host, ':') != NULL;
    const char *open = is_ipv6 ? "[" : "", *close = is_ipv6 ? "]" : "";
    char *basic = credentials ? basic_of(credentials) : NULL;
    size_t size = sizeof(format) + 2 * strlen(host) + 64 + (basic ? strlen(basic) : 0);
    char *text = xmalloc(size);
    int len = snprintf(text, size, format, open, host, close, port, open, host, close, port,
                       basic ? "Proxy-Authorization: Basic " : "", basic ? basic : "",
                       basic ? "\r\n" : "");
    ASSERT(len > 0 && (size_t)len < size);
    if (basic)
        explicit_bzero(basic, strlen(basic));
    free(basic);
    return text;
}

/* --- The answer --- */

enum reading { READ_MORE, READ_END, READ_WRONG };

/* How many bytes of the head are there, or that it can be none: bytes after its first line matter
 * only as far as they show where it ends. */
static enum reading find_end(struct span got, size_t *len)
{
    const struct span protocol = SPAN("HTTP/1.");
    size_t shown = got.len < protocol.len ? got.len : protocol.len;
    if (memcmp(got.at, protocol.at, shown) != 0)
        return READ_WRONG;
    for (size_t i = 0; i < got.len; i++) {
        unsigned char c = (unsigned char)got.at[i];
        bool is_after_cr = i > 0 && got.at[i - 1] == '\r';
        if (is_after_cr != (c == '\n') || (c < ' ' && c != '\t' && c != '\r' && c != '\n'))
            return READ_WRONG;
        if (c == '\n' && i >= 3 && got.at[i - 2] == '\n') {
            *len = i + 1;
            return READ_END;
        }
    }
    return READ_MORE;
}

/* "HTTP/1.1 200 …": 0 for anything else. */
static unsigned status_of(struct span head)
{
    uint64_t status = 0;
    if (head.len < STATUS_LINE_LEN)
        return 0;
    const char *at = head.at + STATUS_AT;
    bool is_line =
        (at[-2] == '0' || at[-2] == '1') && at[-1] == ' ' && (at[3] == ' ' || at[3] == '\r');
    return is_line && span_to_u64((struct span){at, 3}, &status) ? (unsigned)status : 0;
}

static void finish(struct tunnel *tunnel, enum tunnel_result result)
{
    tunnel_clear(tunnel);
    tunnel->on_done(tunnel->owner, result);
}

static void judge(struct tunnel *tunnel, struct span got, size_t len)
{
    unsigned status = status_of((struct span){got.at, len});
    tunnel->status = status;
    if (status >= 200 && status < 300)
        finish(tunnel, got.len == len ? TUNNEL_OPEN : TUNNEL_BROKEN);
    else
        finish(tunnel, status >= 300 ? TUNNEL_REFUSED : TUNNEL_BROKEN);
}

static void on_data(void *owner, struct span bytes)
{
    struct tunnel *tunnel = owner;
    size_t len;
    if (buffer_append(&tunnel->head, bytes) != OK) {
        finish(tunnel, TUNNEL_BROKEN);
        return;
    }
    struct span got = buffer_bytes(&tunnel->head);
    switch (find_end(got, &len)) {
    case READ_MORE:
        return;
    case READ_END:
        judge(tunnel, got, len);
        return;
    case READ_WRONG:
        finish(tunnel, TUNNEL_BROKEN);
        return;
    }
    UNREACHABLE();
}

static void on_nothing(void *owner)
{
    (void)owner;
}

static void on_end(void *owner)
{
    finish(owner, TUNNEL_BROKEN);
}

static void on_failed(void *owner, enum status why)
{
    (void)why;
    finish(owner, TUNNEL_BROKEN);
}

static const struct stream_events tunnel_events = {
    .on_open = on_nothing,
    .on_data = on_data,
    .on_drained = on_nothing,
    .on_end = on_end,
    .on_failed = on_failed,
};

void tunnel_begin(struct tunnel *tunnel, struct stream *stream, struct span request,
                  void (*on_done)(void *owner, enum tunnel_result result), void *owner)
{
    *tunnel = (struct tunnel){.stream = stream, .owner = owner, .on_done = on_done};
    buffer_init(&tunnel->head, HEAD_BYTES);
    stream_listen_to(stream, &tunnel_events, tunnel);
    stream_write(stream, &request, 1);
}

void tunnel_clear(struct tunnel *tunnel)
{
    buffer_clear(&tunnel->head);
}
