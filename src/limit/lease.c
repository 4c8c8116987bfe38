#include "limit/lease.h"

#include <stdlib.h>

enum { LEASES = 4096, LIFE_MAX_US = 250 * 1000, LEAST = 4, SHARE = 4, PAUSES = 4, BATCHES = 2 };

/* A refusal is looked at again after this: somebody may have emptied Redis. */
enum { BELIEVED_US = 1000 * 1000 };

struct batch {
    uint64_t tokens, ends_us;
};

struct lease {
    struct limit_key key;
    struct batch batches[BATCHES]; /* the one that ends sooner first */
    uint64_t remaining;            /* of the burst beyond them, when it was last heard of */
    uint64_t refused_until_us, ask_again_us; /* 0: it is not refused */
    uint64_t window_us, asked, before;       /* what has come since then; in the window before */
    uint64_t wished_until_us;                /* a batch is under way */
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

/* --- Places --- */

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

/* --- What comes --- */

/* Counted in windows as long as a lease lives. */
static void count_demand(struct lease *lease, const struct limit_claim *claim, uint64_t now_us)
{
    uint64_t life_us = lease_life_us(claim->rate), passed_us = now_us - lease->window_us;
    if (passed_us >= life_us) {
        bool is_next = passed_us < 2 * life_us;
        lease->before = is_next ? lease->asked : 0;
        lease->window_us = is_next ? lease->window_us + life_us : now_us;
        lease->asked = 0;
    }
    lease->asked += claim->cost;
}

/* What comes in half a life: so a batch is spent long before its end. 0: not worth while. */
static uint64_t batch_of(const struct lease *lease, const struct limit_claim *claim)
{
    uint64_t demand = lease->asked > lease->before ? lease->asked : lease->before;
    uint64_t half = demand / 2, quarter = claim->rate->burst / SHARE;
    uint64_t batch = half < quarter ? half : quarter;
    return batch >= LEAST * claim->cost ? batch : 0;
}

/* --- What is lent --- */

static uint64_t lent(const struct lease *lease, uint64_t now_us)
{
    uint64_t tokens = 0;
    for (size_t i = 0; i < BATCHES; i++)
        tokens += lease->batches[i].ends_us > now_us ? lease->batches[i].tokens : 0;
    return tokens;
}

/* Those that end first. Sets lent_until_us to the soonest end. */
static void spend(struct lease *lease, struct limit_claim *claim, uint64_t now_us)
{
    uint64_t wanted = claim->cost;
    for (size_t i = 0; i < BATCHES; i++) {
        struct batch *batch = &lease->batches[i];
        if (batch->ends_us <= now_us || batch->tokens == 0 || wanted == 0)
            continue;
        uint64_t part = batch->tokens < wanted ? batch->tokens : wanted;
        batch->tokens -= part;
        wanted -= part;
        if (claim->lent_until_us == 0)
            claim->lent_until_us = batch->ends_us;
    }
    uint64_t left = lease->remaining + lent(lease, now_us), burst = claim->rate->burst;
    left = left < burst ? left : burst;
    claim->since_us = now_us;
    claim->answer = (struct gcra_answer){
        .is_admitted = true,
        .remaining = left,
        .full_us = (burst - left) * claim->rate->interval_us,
    };
}

/* Under load it is worth while to wait until there is a batch to be had. */
static uint64_t pause_of(const struct lease *lease, const struct limit_claim *claim)
{
    return batch_of(lease, claim) > 0 ? lease_life_us(claim->rate) / PAUSES : 0;
}

/* When it is over, under load one asks for all: the others go on as if it were not until he is answered. */
static bool holds_refusal(struct lease *lease, struct limit_claim *claim, uint64_t now_us)
{
    if (lease->ask_again_us <= now_us) {
        if (lease->ask_again_us > 0)
            lease->refused_until_us = lease->ask_again_us = now_us + pause_of(lease, claim);
        return false;
    }
    claim->answer = (struct gcra_answer){.retry_us = lease->refused_until_us - now_us};
    return true;
}

/* What the place says of a claim before anything is spent. */
enum standing { OPEN, LENT, REFUSED };

static enum standing look(struct lease_table *leases, struct limit_claim *claim, uint64_t now_us)
{
    struct lease *lease = find_or_take(leases, &claim->key);
    count_demand(lease, claim, now_us);
    claim->answer = (struct gcra_answer){.is_admitted = true};
    claim->lent_until_us = 0;
    if (lent(lease, now_us) >= claim->cost)
        return LENT;
    return holds_refusal(lease, claim, now_us) ? REFUSED : OPEN;
}

enum lease_answer lease_take(struct lease_table *leases, struct limit_claim *claims, size_t count,
                             uint64_t now_us, unsigned *open)
{
    enum standing standings[LIMIT_CLAIMS_MAX];
    bool is_refused = false;
    ASSERT(count <= LIMIT_CLAIMS_MAX);
    *open = 0;
    for (size_t i = 0; i < count; i++) {
        standings[i] = look(leases, &claims[i], now_us);
        is_refused |= standings[i] == REFUSED && !claims[i].is_shadow;
    }
    if (is_refused)
        return LEASE_REFUSED;
    for (size_t i = 0; i < count; i++) {
        /* Two partitions may have one place: the second has pushed out the first. */
        struct lease *lease = find(leases, &claims[i].key);
        if (standings[i] == LENT && lease)
            spend(lease, &claims[i], now_us);
        else if (standings[i] != REFUSED)
            *open |= 1u << i;
    }
    return *open == 0 ? LEASE_ADMITTED : LEASE_ASK;
}

void lease_put_back(struct lease_table *leases, const struct limit_claim *claim, uint64_t now_us)
{
    struct lease *lease = find(leases, &claim->key);
    for (size_t i = 0; lease && claim->lent_until_us > now_us && i < BATCHES; i++) {
        if (lease->batches[i].ends_us != claim->lent_until_us)
            continue;
        lease->batches[i].tokens += claim->cost;
        return;
    }
}

/* --- Debiting ahead --- */

uint64_t lease_wish(struct lease_table *leases, const struct limit_claim *claim, uint64_t now_us,
                    uint64_t until_us)
{
    struct lease *lease = find_or_take(leases, &claim->key);
    uint64_t batch = batch_of(lease, claim), tokens = lent(lease, now_us);
    uint64_t room = claim->rate->burst / SHARE;
    room = tokens < room ? room - tokens : 0;
    if (tokens >= (batch + 1) / 2 || lease->wished_until_us > now_us || room == 0)
        return 0;
    lease->wished_until_us = until_us;
    return batch < room ? batch : room;
}

/* What is over goes; of three the two that end first are one, which ends as soon as the first of them. */
static void add_batch(struct lease *lease, struct batch batch, uint64_t now_us)
{
    struct batch *sooner = &lease->batches[0], *later = &lease->batches[1];
    if (sooner->ends_us <= now_us || sooner->tokens == 0)
        *sooner = *later;
    else if (later->ends_us > now_us)
        sooner->tokens += later->tokens;
    *later = batch;
}

static void believe_refusal(struct lease *lease, const struct limit_claim *claim, uint64_t retry_us,
                            uint64_t now_us)
{
    uint64_t pause_us = pause_of(lease, claim);
    if (retry_us < pause_us)
        retry_us = pause_us;
    lease->refused_until_us = now_us + retry_us;
    lease->ask_again_us = now_us + (retry_us < BELIEVED_US ? retry_us : BELIEVED_US);
}

void lease_fill(struct lease_table *leases, const struct limit_claim *claim, uint64_t granted,
                uint64_t since_us, uint64_t now_us)
{
    struct lease *lease = find_or_take(leases, &claim->key);
    uint64_t left = claim->answer.remaining;
    lease->wished_until_us = 0;
    lease->remaining = granted < left ? left - granted : 0;
    if (granted > 0)
        add_batch(lease, (struct batch){granted, since_us + lease_life_us(claim->rate)}, now_us);
    if (lease->remaining > 0)
        return;
    /* That was all there was: it is as good as refused once it is spent, and for some time there will be no
     * batch worth a command. */
    believe_refusal(lease, claim, claim->rate->interval_us, now_us);
    lease->wished_until_us = now_us + lease_life_us(claim->rate) / PAUSES;
}

void lease_note(struct lease_table *leases, const struct limit_claim *claim, bool has_wished,
                uint64_t now_us)
{
    struct lease *lease = find_or_take(leases, &claim->key);
    if (has_wished)
        lease->wished_until_us = 0;
    if (!claim->answer.is_admitted) {
        believe_refusal(lease, claim, claim->answer.retry_us, now_us);
        return;
    }
    lease->remaining = claim->answer.remaining;
    lease->refused_until_us = lease->ask_again_us = 0;
}

uint64_t lease_lent(const struct lease_table *leases, const struct limit_claim *claim,
                    uint64_t now_us)
{
    const struct lease *lease = &leases->leases[claim->key.words[0] % LEASES];
    bool is_its =
        lease->key.words[0] == claim->key.words[0] && lease->key.words[1] == claim->key.words[1];
    return is_its ? lent(lease, now_us) : 0;
}
