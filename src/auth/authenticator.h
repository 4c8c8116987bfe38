/* authenticator.h - who is this: from a presented key, or a client certificate, to the caller.
 *
 * The ring is built when the configuration is loaded, then only read, by any thread. A key is found
 * by its id; its secret's hash is compared in constant time, also when the id is unknown, so that
 * time tells nothing. A certificate stands in for a key where none is presented; its holder has
 * proved that it has it before it comes here.
 */
#ifndef AUTH_AUTHENTICATOR_H
#define AUTH_AUTHENTICATOR_H

#include "auth/cidr.h"
#include "auth/gateway_key.h"
#include "auth/identity.h"
#include "auth/known_keys.h"
#include "auth/scope.h"

enum { KEY_MAX_HASHES = 2, KEY_MAX_CIDRS = 16 };

/* SHA-256 of a client certificate. */
struct fingerprint {
    unsigned char sha256[KEY_HASH_SIZE];
};

/* One key as configured. Spans are borrowed from the configuration. */
struct key_record {
    struct span id, name;
    struct {
        unsigned char sha256[KEY_HASH_SIZE];
        uint64_t not_after_ms; /* wall clock; 0: no end */
    } hashes[KEY_MAX_HASHES];
    size_t hash_count;
    const struct fingerprint
        *certificates; /* borrowed: whoever holds one of these need not send it */
    size_t certificate_count;
    const struct profile *profile; /* borrowed */
    struct scope scope;
    struct id_list bots; /* count 0: as the profile says */
    uint64_t expires_ms; /* wall clock; 0: never */
    bool is_disabled;
    unsigned max_inflight; /* requests at a time; 0: any number */
    size_t index;          /* among all keys: its maker's */
    struct cidr cidrs[KEY_MAX_CIDRS];
    size_t cidr_count;    /* 0: from anywhere */
    unsigned metric_word; /* that its requests are counted under */
};

struct key_ring;

/* The records are borrowed and must outlive the ring; their ids and certificates must differ (checked
 * before). */
struct key_ring *key_ring_create(const struct key_record *records, size_t count);
void key_ring_destroy(struct key_ring *ring);

size_t key_ring_count(const struct key_ring *ring);

/* The key with this id, or NULL. Tells by its time whether there is one. */
const struct key_record *key_ring_find(const struct key_ring *ring, struct span id);

enum auth_result {
    AUTH_OK,
    AUTH_NO_KEY,   /* nothing presented */
    AUTH_NOT_OURS, /* something else was presented: a Botpress token, another scheme */
    AUTH_TYPO,     /* the check characters do not fit */
    AUTH_WRONG,    /* unknown id or wrong secret: not told apart */
    AUTH_EXPIRED,  /* told only to those who have the secret */
    AUTH_DISABLED,
    AUTH_ADDRESS,     /* not from this address */
    AUTH_CERTIFICATE, /* nothing but a certificate that no key has */
};

struct presented {
    struct span authorization;             /* the field's value; len 0 when absent */
    struct span key_header;                /* x-bpgate-key; wins over Authorization */
    const struct fingerprint *certificate; /* the caller's, verified; NULL: none */
    const unsigned char *address;          /* the caller's, network order */
    size_t address_len;                    /* 4, 16, or 0 for unknown */
};

/* On AUTH_OK sets *key. Also sets it for AUTH_EXPIRED, AUTH_DISABLED and AUTH_ADDRESS, for the log.
 * hash_index: which of the key's hashes matched (for the metric of old ones still in use);
 * KEY_MAX_HASHES: a certificate did. known: for as many keys, and the thread's own; NULL: nothing is remembered. */
enum auth_result key_ring_authenticate(const struct key_ring *ring, struct known_keys *known,
                                       const struct presented *presented, uint64_t wall_ms,
                                       const struct key_record **key, size_t *hash_index);

/* The key of this name or id, or NULL. */
const struct key_record *key_record_find(const struct key_record *records, size_t count,
                                         struct span name);

/* key_ring_authenticate's judgement for who is known to have a secret of the key that has not ended, if there is one. */
enum auth_result key_record_judge(const struct key_record *record, const unsigned char *address,
                                  size_t address_len, uint64_t wall_ms);

/* A sentence for the caller: what is wrong and what to do. */
struct span auth_result_text(enum auth_result result);

#endif
