#include "auth/gateway_key.h"

#include <pthread.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <zlib.h>

#include "base/random.h"
#include "base/text.h"

enum {
    BASE = 62,
    ID_AT = 4,
    SECRET_AT = ID_AT + KEY_ID_LEN + 1,
    CHECK_AT = SECRET_AT + KEY_SECRET_LEN + 1,
};

static const char digits[BASE + 1] =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

static bool is_base62(struct span text)
{
    unsigned others = 0;
    for (size_t i = 0; i < text.len; i++) {
        unsigned digit = (unsigned char)text.at[i] - (unsigned)'0';
        unsigned letter = ((unsigned char)text.at[i] | 0x20u) - 'a';
        others += (digit > 9) & (letter > 25);
    }
    return others == 0;
}

struct span key_id_of(struct span text)
{
    ASSERT(text.len == KEY_LEN);
    return (struct span){text.at + ID_AT, KEY_ID_LEN};
}

/* Of all before the last underscore. 62^6 > 2^32, so six digits always do. */
static void write_check(const char *key, char check[KEY_CHECK_LEN])
{
    unsigned long rest = crc32(0, (const unsigned char *)key, CHECK_AT - 1);
    for (size_t i = KEY_CHECK_LEN; i > 0; i--) {
        check[i - 1] = digits[rest % BASE];
        rest /= BASE;
    }
}

enum key_form gateway_key_parse(struct span text, struct gateway_key *key)
{
    if (!span_starts_with(text, SPAN("bpg_")))
        return KEY_FORM_NOT_OURS;
    if (text.len != KEY_LEN || text.at[SECRET_AT - 1] != '_' || text.at[CHECK_AT - 1] != '_')
        return KEY_FORM_TYPO;
    struct span id = key_id_of(text);
    struct span secret = {text.at + SECRET_AT, KEY_SECRET_LEN};
    if (!is_base62(id) || !is_base62(secret))
        return KEY_FORM_TYPO;
    char check[KEY_CHECK_LEN];
    write_check(text.at, check);
    if (memcmp(text.at + CHECK_AT, check, KEY_CHECK_LEN) != 0)
        return KEY_FORM_TYPO;
    *key = (struct gateway_key){id, secret};
    return KEY_FORM_GOOD;
}

/* Bytes from 248 on are thrown away: taken modulo 62 they would make the first digits likelier. */
static void write_random_digits(char *at, size_t len)
{
    unsigned char pool[64];
    size_t written = 0;
    while (written < len) {
        random_bytes(pool, sizeof(pool));
        for (size_t i = 0; i < sizeof(pool) && written < len; i++) {
            if (pool[i] < 256 / BASE * BASE)
                at[written++] = digits[pool[i] % BASE];
        }
    }
    OPENSSL_cleanse(pool, sizeof(pool));
}

void gateway_key_make(char text[KEY_LEN + 1])
{
    char id[KEY_ID_LEN];
    write_random_digits(id, sizeof(id));
    gateway_key_make_again((struct span){id, sizeof(id)}, text);
}

void gateway_key_make_again(struct span id, char text[KEY_LEN + 1])
{
    ASSERT(id.len == KEY_ID_LEN);
    memcpy(text, "bpg_", ID_AT);
    memcpy(text + ID_AT, id.at, KEY_ID_LEN);
    text[SECRET_AT - 1] = '_';
    write_random_digits(text + SECRET_AT, KEY_SECRET_LEN);
    text[CHECK_AT - 1] = '_';
    write_check(text, text + CHECK_AT);
    text[KEY_LEN] = '\0';
}

static EVP_MD *sha256;

static void fetch_sha256(void)
{
    sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    ASSERT(sha256);
}

/* EVP_sha256() would look the algorithm up anew for each digest, which costs more than the digest
 * itself (0.27 µs against 0.10); a fetched one may be shared by all threads. */
void gateway_key_hash(struct span secret, unsigned char hash[KEY_HASH_SIZE])
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    ASSERT(pthread_once(&once, fetch_sha256) == 0);
    ASSERT(EVP_Digest(secret.at, secret.len, hash, NULL, sha256, NULL) == 1);
}
