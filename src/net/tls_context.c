#include "net/tls_context.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>

#include "base/clock.h"
#include "base/text.h"

enum { MAX_SESSIONS = 8, NAME_SIZE = 256, SECURITY_LEVEL = 2 /* 112 bits, no SHA-1 */ };

struct tls_context {
    SSL_CTX *library;
    size_t holders;
    bool is_client;
    char server_name[NAME_SIZE]; /* for SNI; empty for an IP address */
    struct tls_counts counts;
    struct metrics_cells *metrics;       /* borrowed; may be NULL */
    struct tls_tickets *tickets;         /* borrowed; NULL: the library's own keys */
    SSL_SESSION *sessions[MAX_SESSIONS]; /* newest last */
    size_t session_count;
};

static const unsigned char http_protocol[] = "\x08http/1.1";
enum { HTTP_PROTOCOL_LEN = sizeof(http_protocol) - 1 };

static const char *failure_text(void)
{
    unsigned long code = ERR_peek_error();
    if (ERR_SYSTEM_ERROR(code))
        return strerror((int)ERR_GET_REASON(code));
    const char *text = ERR_reason_error_string(code);
    return text ? text : "not usable";
}

static bool has_failed(char error[TLS_ERROR_SIZE], const char *what)
{
    (void)snprintf(error, TLS_ERROR_SIZE, "%s: %s", what, failure_text());
    return false;
}

/* The library would ask on the terminal. */
static int refuse_passphrase(char *buf, int size, int is_writing, void *unused)
{
    (void)buf, (void)size, (void)is_writing, (void)unused;
    return -1;
}

static void forget_oldest(struct tls_context *context)
{
    SSL_SESSION_free(context->sessions[0]);
    context->session_count--;
    memmove(&context->sessions[0], &context->sessions[1],
            context->session_count * sizeof(context->sessions[0]));
}

static int on_new_session(SSL *ssl, SSL_SESSION *session)
{
    struct tls_context *context = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
    if (context->session_count == MAX_SESSIONS)
        forget_oldest(context);
    context->sessions[context->session_count++] = session;
    return 1; /* the count is ours now */
}

static struct tls_context *create(const SSL_METHOD *method, bool is_client)
{
    struct tls_context *context = xcalloc(1, sizeof(*context));
    ERR_clear_error();
    context->library = SSL_CTX_new(method);
    ASSERT(context->library);
    context->holders = 1;
    context->is_client = is_client;
    SSL_CTX_set_app_data(context->library, context);
    ASSERT(SSL_CTX_set_min_proto_version(context->library, TLS1_2_VERSION) == 1);
    SSL_CTX_set_security_level(context->library, SECURITY_LEVEL);
    ASSERT(SSL_CTX_set_cipher_list(context->library, "ECDHE+AESGCM:ECDHE+CHACHA20") == 1);
    (void)SSL_CTX_set_options(context->library, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                                    SSL_OP_CIPHER_SERVER_PREFERENCE |
                                                    SSL_OP_PRIORITIZE_CHACHA);
    (void)SSL_CTX_set_mode(context->library,
                           SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_default_passwd_cb(context->library, refuse_passphrase);
    return context;
}

static bool is_ip(const char *name)
{
    struct in6_addr address;
    return inet_pton(AF_INET, name, &address) == 1 || inet_pton(AF_INET6, name, &address) == 1;
}

static bool demand_name(struct tls_context *context, const char *name, char error[TLS_ERROR_SIZE])
{
    X509_VERIFY_PARAM *param = SSL_CTX_get0_param(context->library);
    if (is_ip(name))
        return X509_VERIFY_PARAM_set1_ip_asc(param, name) == 1 || has_failed(error, name);
    /* An empty name would turn the check off. */
    size_t len = strlen(name);
    if (len == 0 || len >= NAME_SIZE) {
        (void)snprintf(error, TLS_ERROR_SIZE, "server name: empty or too long");
        return false;
    }
    memcpy(context->server_name, name, len + 1);
    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return X509_VERIFY_PARAM_set1_host(param, name, len) == 1 || has_failed(error, name);
}

static bool load_trust(struct tls_context *context, const char *file, char error[TLS_ERROR_SIZE])
{
    if (!file)
        return SSL_CTX_set_default_verify_paths(context->library) == 1 ||
               has_failed(error, "the system's certificates");
    return SSL_CTX_load_verify_locations(context->library, file, NULL) == 1 ||
           has_failed(error, file);
}

struct tls_context *tls_context_create_client(const struct tls_client_options *options,
                                              char error[TLS_ERROR_SIZE])
{
    struct tls_context *context = create(TLS_client_method(), true);
    SSL_CTX_set_verify(context->library, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_session_cache_mode(context->library,
                                   SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context->library, on_new_session);
    ASSERT(SSL_CTX_set_alpn_protos(context->library, http_protocol, HTTP_PROTOCOL_LEN) == 0);
    if (demand_name(context, options->server_name, error) &&
        load_trust(context, options->ca_file, error))
        return context;
    tls_context_release(context);
    return NULL;
}

/* RFC 7301 §3.2: who offers only what we do not speak is refused. */
static int on_protocols(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                        const unsigned char *offered, unsigned offered_len, void *unused)
{
    (void)ssl, (void)unused;
    unsigned char *chosen = NULL;
    int rc = SSL_select_next_proto(&chosen, out_len, http_protocol, HTTP_PROTOCOL_LEN, offered,
                                   offered_len);
    *out = chosen;
    return rc == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

static bool use_key(const struct tls_ticket_key *key, const unsigned char *iv,
                    EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, bool is_new)
{
    unsigned char secret[TLS_TICKET_SECRET_SIZE];
    memcpy(secret, key->mac, sizeof(secret)); /* the library's parameters are not const */
    char digest[] = "SHA256";
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, secret, sizeof(secret)),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end(),
    };
    bool is_set =
        EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), NULL, key->seal, iv, is_new ? 1 : 0) == 1 &&
        EVP_MAC_CTX_set_params(mac, params) == 1;
    OPENSSL_cleanse(secret, sizeof(secret));
    return is_set;
}

enum { TICKET_FAILED = -1, TICKET_IGNORED, TICKET_TAKEN, TICKET_TAKEN_RENEW }; /* the library's */

static int on_ticket(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher,
                     EVP_MAC_CTX *mac, int is_new)
{
    const struct tls_context *context = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
    struct tls_ticket_key key;
    enum ticket_age age = TICKET_FRESH;
    uint64_t now_ms = clock_ms(); /* the library hands on no time of ours */
    if (is_new) {
        tls_tickets_current(context->tickets, now_ms, &key);
        memcpy(name, key.name, sizeof(key.name));
        if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())) != 1)
            return TICKET_FAILED;
    } else {
        age = tls_tickets_find(context->tickets, name, now_ms, &key);
        if (age == TICKET_UNKNOWN)
            return TICKET_IGNORED;
    }
    bool is_set = use_key(&key, iv, cipher, mac, is_new);
    tls_ticket_key_wipe(&key);
    if (!is_set)
        return TICKET_FAILED;
    /* RFC 8446 §C.4: clients use a ticket once, so each needs one for its next connection. */
    bool is_used_up = !is_new && SSL_version(ssl) == TLS1_3_VERSION;
    return is_used_up || age == TICKET_OLD ? TICKET_TAKEN_RENEW : TICKET_TAKEN;
}

static void share_tickets(struct tls_context *context, struct tls_tickets *tickets)
{
    context->tickets = tickets;
    (void)SSL_CTX_set_timeout(context->library, TLS_TICKETS_PERIOD_S);
    if (tickets)
        ASSERT(SSL_CTX_set_tlsext_ticket_key_evp_cb(context->library, on_ticket) == 1);
}

static bool load_identity(struct tls_context *context, const struct tls_server_options *options,
                          char error[TLS_ERROR_SIZE])
{
    if (SSL_CTX_use_certificate_chain_file(context->library, options->certificate_file) != 1)
        return has_failed(error, options->certificate_file);
    if (SSL_CTX_use_PrivateKey_file(context->library, options->key_file, SSL_FILETYPE_PEM) != 1)
        return has_failed(error, options->key_file);
    return true;
}

/* A session must not outlive the authorities that let its client in: their digest, and whether a
 * certificate is demanded, name the contexts in which its ticket is good. */
static void name_sessions(struct tls_context *context, bool demands_certificate)
{
    unsigned char sum[SHA256_DIGEST_LENGTH];
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    ASSERT(digest && EVP_DigestInit_ex(digest, EVP_sha256(), NULL) == 1);
    ASSERT(EVP_DigestUpdate(digest, &demands_certificate, sizeof(demands_certificate)) == 1);
    const STACK_OF(X509_OBJECT) *trusted =
        X509_STORE_get0_objects(SSL_CTX_get_cert_store(context->library));
    for (int i = 0; i < sk_X509_OBJECT_num(trusted); i++) {
        const X509 *authority = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(trusted, i));
        if (!authority)
            continue;
        ASSERT(X509_digest(authority, EVP_sha256(), sum, NULL) == 1);
        ASSERT(EVP_DigestUpdate(digest, sum, sizeof(sum)) == 1);
    }
    ASSERT(EVP_DigestFinal_ex(digest, sum, NULL) == 1);
    EVP_MD_CTX_free(digest);
    ASSERT(SSL_CTX_set_session_id_context(context->library, sum, sizeof(sum)) == 1);
}

static bool load_client_ca(struct tls_context *context, const struct tls_server_options *options,
                           char error[TLS_ERROR_SIZE])
{
    const char *file = options->client_ca_file;
    int demand = options->demands_certificate ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0;
    if (!file) {
        name_sessions(context, false);
        return true;
    }
    if (!load_trust(context, file, error))
        return false;
    STACK_OF(X509_NAME) *names = SSL_load_client_CA_file(file);
    if (!names)
        return has_failed(error, file);
    SSL_CTX_set_client_CA_list(context->library, names);
    SSL_CTX_set_verify(context->library, SSL_VERIFY_PEER | demand, NULL);
    name_sessions(context, options->demands_certificate);
    return true;
}

struct tls_context *tls_context_create_server(const struct tls_server_options *options,
                                              char error[TLS_ERROR_SIZE])
{
    struct tls_context *context = create(TLS_server_method(), false);
    context->metrics = options->metrics;
    /* Not the library's own list: to ask for the largest groups costs strangers little and us much. */
    char groups[] = "X25519:P-256:P-384"; /* the library's macro wants it not const */
    ASSERT(SSL_CTX_set1_groups_list(context->library, groups) == 1);
    SSL_CTX_set_session_cache_mode(context->library, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_alpn_select_cb(context->library, on_protocols, NULL);
    share_tickets(context, options->tickets);
    if (load_identity(context, options, error) && load_client_ca(context, options, error))
        return context;
    tls_context_release(context);
    return NULL;
}

void tls_context_count_in(struct tls_context *context, struct metrics_cells *metrics)
{
    context->metrics = metrics;
}

struct tls_context *tls_context_hold(struct tls_context *context)
{
    context->holders++;
    return context;
}

void tls_context_release(struct tls_context *context)
{
    ASSERT(context->holders > 0);
    context->holders--;
    if (context->holders > 0)
        return;
    tls_context_forget_sessions(context);
    SSL_CTX_free(context->library);
    free(context);
}

/* RFC 8446 §C.4: a ticket is used once, so that nobody can link connections by it; the last one is
 * kept all the same, because a full handshake costs more here than being linked. */
static SSL_SESSION *take_session(struct tls_context *context)
{
    while (context->session_count > 0) {
        SSL_SESSION *newest = context->sessions[context->session_count - 1];
        bool is_once = SSL_SESSION_get_protocol_version(newest) == TLS1_3_VERSION;
        if (!SSL_SESSION_is_resumable(newest)) {
            SSL_SESSION_free(newest);
            context->session_count--;
        } else if (is_once && context->session_count > 1) {
            context->session_count--;
            return newest;
        } else {
            ASSERT(SSL_SESSION_up_ref(newest) == 1);
            return newest;
        }
    }
    return NULL;
}

SSL *tls_context_new_ssl(struct tls_context *context)
{
    SSL *ssl = SSL_new(context->library);
    ASSERT(ssl);
    if (!context->is_client) {
        SSL_set_accept_state(ssl);
        return ssl;
    }
    SSL_set_connect_state(ssl);
    if (context->server_name[0] != '\0')
        ASSERT(SSL_set_tlsext_host_name(ssl, context->server_name) == 1);
    SSL_SESSION *session = take_session(context);
    if (session) {
        (void)SSL_set_session(ssl, session); /* refused: a full handshake */
        SSL_SESSION_free(session);
    }
    return ssl;
}

void tls_context_forget_sessions(struct tls_context *context)
{
    while (context->session_count > 0)
        forget_oldest(context);
}

void tls_context_count(struct tls_context *context, bool was_resumed)
{
    if (was_resumed)
        context->counts.resumed++;
    else
        context->counts.full++;
    metrics_add(context->metrics, METRIC_HANDSHAKES,
                AT(context->is_client ? SIDE_UPSTREAM : SIDE_CLIENT,
                   was_resumed ? HANDSHAKE_RESUMED : HANDSHAKE_FULL),
                1);
}

struct tls_counts tls_context_counts(const struct tls_context *context)
{
    return context->counts;
}
