#include "config/text_form.h"

#include <arpa/inet.h>

#include "auth/authenticator.h"
#include "base/text.h"
#include "config/config_text.h"
#include "config/proxy_url.h"
#include "store/redis_url.h"

static bool is_visible(struct span text, size_t most)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] <= ' ' || text.at[i] > '~')
            return false;
    }
    return text.len > 0 && text.len <= most;
}

/* Between quotes in a header and in JSON it is what it is. */
static bool is_label(struct span text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] == '"' || text.at[i] == '\\')
            return false;
    }
    return is_visible(text, NAME_MAX_LEN);
}

static bool is_key_id(struct span text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = ascii_lower(text.at[i]);
        if ((c < '0' || c > '9') && (c < 'a' || c > 'z'))
            return false;
    }
    return text.len == KEY_ID_LEN;
}

static bool is_hash(struct span text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (hex_digit(text.at[i]) < 0)
            return false;
    }
    return text.len == 2 * (size_t)KEY_HASH_SIZE;
}

static bool is_fingerprint(struct span text)
{
    unsigned char sha256[KEY_HASH_SIZE];
    return fingerprint_parse(text, sha256);
}

static bool is_ip(int family, struct span text)
{
    char copy[INET6_ADDRSTRLEN];
    unsigned char address[16];
    if (text.len >= sizeof(copy))
        return false;
    memcpy(copy, text.at, text.len);
    copy[text.len] = '\0';
    return inet_pton(family, copy, address) == 1;
}

/* The host of a listen address: "*", an IPv4 address or an IPv6 address in brackets. */
static bool is_listen_host(struct span host)
{
    if (span_equal(host, SPAN("*")))
        return true;
    if (host.len < 2 || host.at[0] != '[' || host.at[host.len - 1] != ']')
        return is_ip(AF_INET, host);
    return is_ip(AF_INET6, (struct span){host.at + 1, host.len - 2});
}

static bool is_address(struct span text)
{
    size_t colon = text.len;
    while (colon > 0 && text.at[colon - 1] != ':')
        colon--;
    uint64_t port = 0;
    return colon > 0 && span_to_u64(span_skip(text, colon), &port) && port <= UINT16_MAX &&
           is_listen_host((struct span){text.at, colon - 1});
}

static bool is_file(struct span text)
{
    return text.len > 0 && text.len <= TEXT_MAX_LEN;
}

static bool is_source(struct span text)
{
    const struct span kinds[] = {SPAN("env:"), SPAN("file:"), SPAN("cred:")};
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        if (span_starts_with(text, kinds[i]))
            return text.len > kinds[i].len && text.len <= TEXT_MAX_LEN;
    }
    return false;
}

static bool is_cidr(struct span text)
{
    struct cidr cidr;
    return cidr_parse(text, &cidr);
}

/* The port behind a host, if there is one; false when it is none, or the usual one. */
static bool is_origin_port(struct span port, struct span usual)
{
    uint64_t number = 0;
    return span_to_u64(port, &number) && number > 0 && number <= UINT16_MAX &&
           !span_equal(port, usual);
}

static bool is_origin_host(struct span host, struct span usual_port)
{
    size_t colon = host.len;
    for (size_t i = 0; i < host.len; i++) {
        char c = host.at[i];
        if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789.-_:[]", c))
            return false;
        colon = c == ':' ? i : c == ']' ? host.len : colon;
    }
    if (colon == 0 || host.len > ID_MAX_LEN)
        return false;
    return colon == host.len || is_origin_port(span_skip(host, colon + 1), usual_port);
}

/* RFC 6454 §6.2, as a browser writes it: the comparison is byte for byte. */
static bool is_origin(struct span text)
{
    const struct span secure = SPAN("https://"), plain = SPAN("http://");
    if (span_starts_with(text, secure))
        return is_origin_host(span_skip(text, secure.len), SPAN("443"));
    return span_starts_with(text, plain) && is_origin_host(span_skip(text, plain.len), SPAN("80"));
}

static bool has_form(enum text_form form, struct span text)
{
    switch (form) {
    case FORM_NAME:
        return is_visible(text, NAME_MAX_LEN);
    case FORM_LABEL:
        return is_label(text);
    case FORM_ID:
        return is_visible(text, ID_MAX_LEN);
    case FORM_KEY_ID:
        return is_key_id(text);
    case FORM_HASH:
        return is_hash(text);
    case FORM_FINGERPRINT:
        return is_fingerprint(text);
    case FORM_ADDRESS:
        return is_address(text);
    case FORM_FILE:
    case FORM_LOG:
        return is_file(text);
    case FORM_SOURCE:
        return is_source(text);
    case FORM_CIDR:
        return is_cidr(text);
    case FORM_ORIGIN:
        return is_origin(text);
    case FORM_OPERATION:
        return is_visible(text, ID_MAX_LEN);
    case FORM_ROUTE:
        return is_visible(text, ID_MAX_LEN) && (text.at[0] == '/' || text.at[0] == '*');
    case FORM_MAP: /* it is no text in the file */
        return true;
    case FORM_URL: /* these have more to say than yes or no */
    case FORM_PROXY:
    case FORM_REDIS:
        break;
    }
    UNREACHABLE();
}

const char *text_form_word(enum text_form form)
{
    static const char *const words[] = {
#define FORM_WORD(name, word, rule) [FORM_##name] = (word),
        TEXT_FORMS(FORM_WORD)
#undef FORM_WORD
    };
    return words[form];
}

static const char *rule_of(enum text_form form)
{
    static const char *const rules[] = {
#define FORM_RULE(name, word, rule) [FORM_##name] = (rule),
        TEXT_FORMS(FORM_RULE)
#undef FORM_RULE
    };
    return rules[form];
}

static bool has_control_byte(struct span text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char byte = (unsigned char)text.at[i];
        if (byte < 0x20 || byte == 0x7f)
            return true;
    }
    return false;
}

static const char *redis_fault(struct span text)
{
    struct redis_url url;
    struct arena arena;
    if (text.len > TEXT_MAX_LEN)
        return rule_of(FORM_REDIS);
    arena_init(&arena, MIB);
    const char *fault = redis_url_parse(text, &arena, &url);
    arena_clear(&arena);
    return fault;
}

const char *text_form_fault(enum text_form form, struct span text)
{
    if (has_control_byte(text))
        return "must not hold control characters or line ends";
    if (form == FORM_URL) {
        struct upstream_url url;
        return upstream_url_parse(text, &url);
    }
    if (form == FORM_PROXY) {
        struct proxy_url url;
        return proxy_url_parse(text, &url);
    }
    if (form == FORM_REDIS)
        return redis_fault(text);
    return has_form(form, text) ? NULL : rule_of(form);
}
