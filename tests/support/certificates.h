/* certificates.h - authorities and certificates for tests, made on the spot. Header only, so that
 * programs of layers below net need no OpenSSL.
 */
#ifndef SUPPORT_CERTIFICATES_H
#define SUPPORT_CERTIFICATES_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/base.h"

/* A key, its certificate, and both as PEM files in the folder of temporary files. */
struct certificate {
    EVP_PKEY *key;
    X509 *x509;
    char certificate_file[64], key_file[64];
};

struct certificate_wish {
    const char *common_name;
    const char *names;                /* subjectAltName, "DNS:a.test,IP:127.0.0.1"; or NULL */
    long valid_from_s, valid_until_s; /* from now on */
    const struct certificate *issuer; /* NULL: signed by itself */
    bool is_authority;
};

static inline FILE *certificate_new_file(char path[64])
{
    (void)snprintf(path, 64, "/tmp/bpgate-test-XXXXXX");
    int descriptor = mkstemp(path);
    ASSERT(descriptor >= 0);
    FILE *file = fdopen(descriptor, "w");
    ASSERT(file);
    return file;
}

static inline void certificate_extend(X509 *x509, int id, const char *value)
{
    X509V3_CTX context = {0};
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, x509, x509, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, id, value);
    ASSERT(extension && X509_add_ext(x509, extension, -1) == 1);
    X509_EXTENSION_free(extension);
}

static inline void certificate_save(struct certificate *certificate)
{
    FILE *file = certificate_new_file(certificate->certificate_file);
    ASSERT(PEM_write_X509(file, certificate->x509) == 1);
    (void)fclose(file);
    file = certificate_new_file(certificate->key_file);
    ASSERT(PEM_write_PrivateKey(file, certificate->key, NULL, NULL, 0, NULL, NULL) == 1);
    (void)fclose(file);
}

static inline void certificate_make(struct certificate *certificate,
                                    const struct certificate_wish *wish)
{
    static long serial = 1;
    const struct certificate *issuer = wish->issuer ? wish->issuer : certificate;
    certificate->key = EVP_EC_gen("P-256");
    certificate->x509 = X509_new();
    ASSERT(certificate->key && certificate->x509);
    X509 *x509 = certificate->x509;
    (void)X509_set_version(x509, 2);
    (void)ASN1_INTEGER_set(X509_get_serialNumber(x509), serial++);
    (void)X509_gmtime_adj(X509_getm_notBefore(x509), wish->valid_from_s);
    (void)X509_gmtime_adj(X509_getm_notAfter(x509), wish->valid_until_s);
    ASSERT(X509_NAME_add_entry_by_txt(X509_get_subject_name(x509), "CN", MBSTRING_ASC,
                                      (const unsigned char *)wish->common_name, -1, -1, 0) == 1);
    (void)X509_set_issuer_name(x509, X509_get_subject_name(issuer->x509));
    (void)X509_set_pubkey(x509, certificate->key);
    if (wish->is_authority)
        certificate_extend(x509, NID_basic_constraints, "critical,CA:TRUE");
    if (wish->names)
        certificate_extend(x509, NID_subject_alt_name, wish->names);
    ASSERT(X509_sign(x509, issuer->key, EVP_sha256()) > 0);
    certificate_save(certificate);
}

static inline void certificate_clear(struct certificate *certificate)
{
    (void)unlink(certificate->certificate_file);
    (void)unlink(certificate->key_file);
    X509_free(certificate->x509);
    EVP_PKEY_free(certificate->key);
}

enum { CERTIFICATE_HOUR_S = 3600 };

static inline void certificate_make_authority(struct certificate *authority, const char *name)
{
    certificate_make(authority, &(struct certificate_wish){.common_name = name,
                                                           .valid_from_s = -CERTIFICATE_HOUR_S,
                                                           .valid_until_s = CERTIFICATE_HOUR_S,
                                                           .is_authority = true});
}

static inline void certificate_make_server(struct certificate *server, const char *names,
                                           const struct certificate *issuer)
{
    certificate_make(server, &(struct certificate_wish){.common_name = "server",
                                                        .names = names,
                                                        .valid_from_s = -CERTIFICATE_HOUR_S,
                                                        .valid_until_s = CERTIFICATE_HOUR_S,
                                                        .issuer = issuer});
}

#endif
