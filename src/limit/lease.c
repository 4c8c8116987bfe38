#include "limit/lease.h"

#include <stdlib.h>

enum { LEASES = 4096, LIFE_MAX_US = 250 * 1000, MANY = 4, SHARE = 4, LEAST = 4, PAUSES = 4 };

/* A refusal is looked at again after this: somebody may have emptied Redis. */
enum { BELIEVED_US = 1000 * 1000 };

struct lease {
    struct limit_key key;
    uint64_t tokens, ends_us;
    uint64_t remaining;                      /* of the burst, when they were granted */
    uint64_t refused_until_us, ask_again_us; /* 0: it is not refused */
    uint64_t window_us, asked;               /* how many have asked since then */
};

struct lease_table {
    struct lease leases[LEASES];
};

struct lease_table *lease_table_create(void)
{
    return xcalloc(1, sizeof(struct lease_table));
}

void lease_table_destroy(struct lease_table *leases)
{
    free(leases);
}

uint64_t lease_life_us(const struct gcra_rate *rate)
{
    uint64_t quarter_us = rate->burst * rate->interval_us / SHARE;
    return quarter_us < LIFE_MAX_US ? quarter_us : LIFE_MAX_US;
}

static struct lease *place_of(struct lease_table *leases, const struct limit_key *key)
{
    return &leases->leases[key->words[0] % LEASES];
}

static struct lease *find(struct lease_table *leases, const struct limit_key *key)
{
    struct lease *lease = place_of(leases, key);
    bool is_its = lease->key.words[0] == key->words[0] && lease->key.words[1] == key->words[1];
    return is_its ? lease : NULL;
}

static struct lease *find_or_take(struct lease_table *leases, const struct limit_key *key)
{
    struct lease *lease = find(leases, key);
    if (lease)
        return lease;
    lease = place_of(leases, key);
    *lease = (struct lease){.key = *key};
    return lease;
}

static bool holds_refusal(struct lease_table *leases, struct limit_claim *claim, uint64_t now_us)
{
    struct lease *lease = find(leases, &claim->key);
    if (!lease || lease->ask_again_us <= now_us)
        return false;
    lease->asked++;
    claim->answer = (struct gcra_answer){.retry_us = lease->refused_until_us - now_us};
    return true;
}

static bool has_tokens(struct lease_table *leases, const struct limit_claim *claim, uint64_t now_us)
{
    const struct lease *lease = find(leases, &claim->key);
    return lease && lease->ends_us > now_us && lease->tokens >= claim->cost;
}

static void spend(struct lease_table *leases, struct limit_claim *claim)
{
    struct lease *lease = find(leases, &claim->key);
    lease->tokens -= claim->cost;
    lease->asked++;
    uint64_t left = lease->remaining + lease->tokens;
    claim->answer = (struct gcra_answer){
        .is_admitted = true,
        .remaining = left,
        .full_us = (claim->rate->burst - left) * claim->rate->interval_us,
    };
}

enum lease_answer lease_take(struct lease_table *leases, struct limit_claim *claims, size_t count,
                             uint64_t now_us)
{
    bool is_refused = false, is_leased = true;
    for (size_t i = 0; i < count; i++) {
        claims[i].answer = (struct gcra_answer){.is_admitted = true};
        if (has_tokens(leases, &claims[i], now_us))
            continue;
        is_leased = false;
        is_refused |= !claims[i].is_shadow && holds_refusal(leases, &claims[i], now_us);
    }
    if (is_refused)
        return LEASE_REFUSED;
    if (!is_leased)
        return LEASE_ASK;
    for (size_t i = 0; i < count; i++)
        spend(leases, &claims[i]);
    return LEASE_ADMITTED;
}

static uint64_t batch_of(const struct lease *lease, const struct gcra_rate *rate)
{
    uint64_t batch = rate->burst / SHARE;
    return lease->asked > MANY && batch >= LEAST ? batch : 0;
}

uint64_t lease_wish(struct lease_table *leases, const struct limit_claim *claim, uint64_t now_us)
{
    struct lease *lease = find_or_take(leases, &claim->key);
    if (now_us - lease->window_us >= lease_life_us(claim->rate)) {
        lease->window_us = now_us;
        lease->asked = 0;
    }
    lease->asked++;
    return batch_of(lease, claim->rate);
}

/* Under load it is worth while to wait until there is a batch to be had, also when the last one was all
 * that there was. */
static void note_refusal(struct lease *lease, const struct limit_claim *claim, uint64_t granted,
                         uint64_t now_us)
{
    bool is_loaded = batch_of(lease, claim->rate) > 0;
    bool is_empty = is_loaded && claim->answer.is_admitted && claim->answer.remaining <= granted;
    uint64_t pause_us = is_loaded ? lease_life_us(claim->rate) / PAUSES : 0;
    uint64_t retry_us = claim->answer.retry_us > pause_us ? claim->answer.retry_us : pause_us;
    lease->refused_until_us = lease->ask_again_us = 0;
    if (claim->answer.is_admitted && !is_empty)
        return;
    lease->refused_until_us = now_us + retry_us;
    lease->ask_again_us = now_us + (retry_us < BELIEVED_US ? retry_us : BELIEVED_US);
}

void lease_note(struct lease_table *leases, const struct limit_claim *claim, uint64_t granted,
                uint64_t now_us)
{
    struct lease *lease = find_or_take(leases, &claim->key);
    note_refusal(lease, claim, granted, now_us);
    if (granted == 0)
        return;
    uint64_t spent = granted < claim->answer.remaining ? granted : claim->answer.remaining;
    lease->tokens = granted;
    lease->ends_us = now_us + lease_life_us(claim->rate);
    lease->remaining = claim->answer.remaining - spent;
}
