#include "auth/authenticator.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "base/random.h"
#include "base/text.h"

enum { FEWEST_SLOTS = 8, NO_HASH = KEY_MAX_HASHES };

struct certificate_place {
    const struct fingerprint *fingerprint; /* borrowed from the record */
    const struct key_record *record;       /* borrowed */
};

/* Open addressing, at most half full: a search ends at the first empty slot. */
struct key_ring {
    const struct key_record *records;       /* borrowed */
    struct certificate_place *certificates; /* sorted by fingerprint */
    size_t certificate_count;
    uint64_t seed;
    size_t count;
    size_t mask;      /* count of slots - 1, a power of two less one */
    uint32_t slots[]; /* a record's place + 1; 0: empty */
};

/* FNV-1a from a secret start, so that ids cannot be chosen to fall into one place. */
static size_t slot_of(const struct key_ring *ring, struct span id)
{
    uint64_t hash = ring->seed;
    for (size_t i = 0; i < id.len; i++)
        hash = (hash ^ (unsigned char)id.at[i]) * UINT64_C(0x100000001b3);
    return (size_t)(hash ^ hash >> 32) & ring->mask;
}

/* The slot where the id stands or, if it has none, would stand. */
static size_t find_slot(const struct key_ring *ring, struct span id)
{
    size_t slot = slot_of(ring, id);
    while (ring->slots[slot] && !span_equal(ring->records[ring->slots[slot] - 1].id, id))
        slot = (slot + 1) & ring->mask;
    return slot;
}

static void insert(struct key_ring *ring, size_t place)
{
    const struct key_record *record = &ring->records[place];
    ASSERT(record->hash_count <= KEY_MAX_HASHES && record->cidr_count <= KEY_MAX_CIDRS);
    size_t slot = find_slot(ring, record->id);
    ASSERT(!ring->slots[slot]);
    ring->slots[slot] = (uint32_t)place + 1;
}

static int compare_places(const void *a, const void *b)
{
    const struct certificate_place *left = a, *right = b;
    return memcmp(left->fingerprint, right->fingerprint, sizeof(*left->fingerprint));
}

static void collect_certificates(struct key_ring *ring, size_t record_count)
{
    size_t count = 0, filled = 0;
    for (size_t i = 0; i < record_count; i++)
        count += ring->records[i].certificate_count;
    ring->certificates = xcalloc(count, sizeof(ring->certificates[0]));
    ring->certificate_count = count;
    for (size_t i = 0; i < record_count; i++) {
        const struct key_record *record = &ring->records[i];
        for (size_t j = 0; j < record->certificate_count; j++)
            ring->certificates[filled++] =
                (struct certificate_place){&record->certificates[j], record};
    }
    qsort(ring->certificates, count, sizeof(ring->certificates[0]), compare_places);
}

struct key_ring *key_ring_create(const struct key_record *records, size_t count)
{
    ASSERT(count < UINT32_MAX / 2);
    size_t slot_count = FEWEST_SLOTS;
    while (slot_count < 2 * count)
        slot_count *= 2;
    struct key_ring *ring = xcalloc(1, sizeof(*ring) + slot_count * sizeof(uint32_t));
    ring->records = records;
    ring->count = count;
    ring->mask = slot_count - 1;
    random_bytes(&ring->seed, sizeof(ring->seed));
    for (size_t i = 0; i < count; i++)
        insert(ring, i);
    collect_certificates(ring, count);
    return ring;
}

void key_ring_destroy(struct key_ring *ring)
{
    if (!ring)
        return;
    free(ring->certificates);
    free(ring);
}

size_t key_ring_count(const struct key_ring *ring)
{
    return ring->count;
}

const struct key_record *key_ring_find(const struct key_ring *ring, struct span id)
{
    size_t slot = find_slot(ring, id);
    return ring->slots[slot] ? &ring->records[ring->slots[slot] - 1] : NULL;
}

/* A record without hashes for ids that nobody has: what follows takes the same time. */
static const struct key_record *find_record(const struct key_ring *ring, struct span id)
{
    static const struct key_record nobody;
    const struct key_record *record = key_ring_find(ring, id);
    return record ? record : &nobody;
}

struct hash_match {
    size_t index; /* NO_HASH: none */
    bool has_ended;
};

static bool has_hash_ended(const struct key_record *record, size_t hash_index, uint64_t wall_ms)
{
    uint64_t not_after_ms = record->hashes[hash_index].not_after_ms;
    return not_after_ms > 0 && wall_ms > not_after_ms;
}

/* Compares with every place, used or not. Of two equal hashes the one that has not ended counts. */
static struct hash_match match_hash(const struct key_record *record,
                                    const unsigned char hash[KEY_HASH_SIZE], uint64_t wall_ms)
{
    struct hash_match match = {.index = NO_HASH};
    for (size_t i = 0; i < KEY_MAX_HASHES; i++) {
        bool is_equal = CRYPTO_memcmp(record->hashes[i].sha256, hash, KEY_HASH_SIZE) == 0;
        if (!is_equal || i >= record->hash_count)
            continue;
        bool has_ended = has_hash_ended(record, i, wall_ms);
        if (match.index == NO_HASH || match.has_ended)
            match = (struct hash_match){i, has_ended};
    }
    return match;
}

static bool is_from_permitted(const struct key_record *record, const struct presented *presented)
{
    for (size_t i = 0; i < record->cidr_count; i++) {
        if (cidr_contains(&record->cidrs[i], presented->address, presented->address_len))
            return true;
    }
    return record->cidr_count == 0;
}

/* What of the request should be a key. AUTH_OK or why there is none. */
static enum auth_result find_key_text(const struct presented *presented, struct span *text)
{
    *text = presented->key_header;
    if (text->len > 0)
        return AUTH_OK;
    *text = presented->authorization;
    if (text->len == 0)
        return AUTH_NO_KEY;
    /* RFC 9110 §11.4: the scheme in any case, then 1*SP. */
    if (!span_equal_nocase(span_cut(text, ' '), SPAN("Bearer")))
        return AUTH_NOT_OURS;
    while (text->len > 0 && text->at[0] == ' ')
        *text = span_skip(*text, 1);
    return text->len > 0 ? AUTH_OK : AUTH_NO_KEY;
}

static enum auth_result parse_key(struct span text, struct gateway_key *key)
{
    switch (gateway_key_parse(text, key)) {
    case KEY_FORM_GOOD:
        return AUTH_OK;
    case KEY_FORM_NOT_OURS:
        return AUTH_NOT_OURS;
    case KEY_FORM_TYPO:
        return AUTH_TYPO;
    }
    UNREACHABLE();
}

/* Of a key whose holder has shown to be that. */
static enum auth_result judge(const struct key_record *record, const struct presented *presented,
                              bool has_ended, uint64_t wall_ms)
{
    if (record->is_disabled)
        return AUTH_DISABLED;
    if (has_ended || (record->expires_ms > 0 && wall_ms >= record->expires_ms))
        return AUTH_EXPIRED;
    return is_from_permitted(record, presented) ? AUTH_OK : AUTH_ADDRESS;
}

/* NULL when no key has the certificate. */
static const struct key_record *find_certificate(const struct key_ring *ring,
                                                 const struct fingerprint *fingerprint)
{
    const struct certificate_place wanted = {.fingerprint = fingerprint};
    const struct certificate_place *place = bsearch(
        &wanted, ring->certificates, ring->certificate_count, sizeof(wanted), compare_places);
    return place ? place->record : NULL;
}

/* without: what it is to come without a key. */
static enum auth_result authenticate_certificate(const struct key_ring *ring,
                                                 const struct presented *presented,
                                                 uint64_t wall_ms, enum auth_result without,
                                                 const struct key_record **key)
{
    if (!presented->certificate)
        return without;
    const struct key_record *record = find_certificate(ring, presented->certificate);
    if (!record)
        return without == AUTH_NO_KEY ? AUTH_CERTIFICATE : without;
    *key = record;
    return judge(record, presented, false, wall_ms);
}

/* The key that was shown with this text before, unless that hash has ended; NULL: the hash must say. Makes
 * the tag of any text of a key's length, as long for each. */
static const struct key_record *recall(const struct key_ring *ring, const struct known_keys *known,
                                       struct span text, uint64_t wall_ms, struct siphash_pair *tag,
                                       size_t *hash_index)
{
    if (!known || text.len != KEY_LEN)
        return NULL;
    *tag = known_keys_tag(known, text);
    const struct key_record *record = key_ring_find(ring, key_id_of(text));
    if (!record || !known_keys_has(known, (size_t)(record - ring->records), tag, hash_index))
        return NULL;
    return has_hash_ended(record, *hash_index, wall_ms) ? NULL : record;
}

/* By its text and its hash. AUTH_OK: *record has the hash that match tells of. */
static enum auth_result prove(const struct key_ring *ring, struct span text, uint64_t wall_ms,
                              const struct key_record **record, struct hash_match *match)
{
    struct gateway_key given;
    enum auth_result result = parse_key(text, &given);
    if (result != AUTH_OK)
        return result;
    unsigned char hash[KEY_HASH_SIZE];
    gateway_key_hash(given.secret, hash);
    *record = find_record(ring, given.id);
    *match = match_hash(*record, hash, wall_ms);
    return match->index == NO_HASH ? AUTH_WRONG : AUTH_OK;
}

enum auth_result key_ring_authenticate(const struct key_ring *ring, struct known_keys *known,
                                       const struct presented *presented, uint64_t wall_ms,
                                       const struct key_record **key, size_t *hash_index)
{
    struct span text;
    struct siphash_pair tag;
    struct hash_match match = {.index = NO_HASH};
    const struct key_record *record = NULL;
    enum auth_result result = find_key_text(presented, &text);
    if (result == AUTH_OK)
        record = recall(ring, known, text, wall_ms, &tag, &match.index);
    if (result == AUTH_OK && !record) {
        result = prove(ring, text, wall_ms, &record, &match);
        if (known && result == AUTH_OK && !match.has_ended)
            known_keys_note(known, (size_t)(record - ring->records), &tag, match.index);
    }
    if (result == AUTH_NO_KEY || result == AUTH_NOT_OURS) {
        *hash_index = NO_HASH;
        return authenticate_certificate(ring, presented, wall_ms, result, key);
    }
    if (result != AUTH_OK)
        return result;
    *key = record;
    *hash_index = match.index;
    return judge(record, presented, match.has_ended, wall_ms);
}

const struct key_record *key_record_find(const struct key_record *records, size_t count,
                                         struct span name)
{
    for (size_t i = 0; i < count; i++) {
        if (span_equal(records[i].name, name) || span_equal(records[i].id, name))
            return &records[i];
    }
    return NULL;
}

enum auth_result key_record_judge(const struct key_record *record, const unsigned char *address,
                                  size_t address_len, uint64_t wall_ms)
{
    const struct presented presented = {.address = address, .address_len = address_len};
    size_t ended = 0;
    for (size_t i = 0; i < record->hash_count; i++)
        ended += record->hashes[i].not_after_ms > 0 && wall_ms > record->hashes[i].not_after_ms;
    bool has_ended = record->hash_count > 0 && ended == record->hash_count;
    return judge(record, &presented, has_ended && record->certificate_count == 0, wall_ms);
}

struct span auth_result_text(enum auth_result result)
{
    static const char *const texts[] = {
        [AUTH_OK] = "",
        [AUTH_NO_KEY] = "No gateway key was sent: send 'Authorization: Bearer bpg_...' or "
                        "'x-bpgate-key: bpg_...'.",
        [AUTH_NOT_OURS] = "What was sent is not a gateway key: use a key that begins with bpg_ "
                          "instead of the Botpress token (bp_pat_...) or other credential; the "
                          "gateway adds the Botpress token itself.",
        [AUTH_TYPO] = "The gateway key is mistyped or cut off (its check characters do not fit): "
                      "copy the whole key again.",
        [AUTH_WRONG] = "This gateway does not know the key: check that it was made for this "
                       "gateway, or ask its operator for a new one.",
        [AUTH_EXPIRED] = "The gateway key has expired: ask the gateway's operator for a new one.",
        [AUTH_DISABLED] = "The gateway key is disabled: ask the gateway's operator to enable it or "
                          "for a new one.",
        [AUTH_ADDRESS] = "The gateway key may not be used from this address: call from a network "
                         "that its cidrs list, or ask the gateway's operator to add yours.",
        [AUTH_CERTIFICATE] = "No key of this gateway has your client certificate: ask its operator "
                             "to add the certificate's SHA-256 fingerprint to a key, or send a "
                             "gateway key.",
    };
    ASSERT((size_t)result < COUNT_OF(texts));
    return span_of(texts[result]);
}
