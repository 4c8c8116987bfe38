/* What Redis answers to the script of the limits: it fits, or nothing is set; and what fits is within the
 * bounds of each limit, however it was put together. */
#include "limit/limit_wire.h"

#include <string.h>

#include "limit/lease.h"
#include "store/redis_reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CLAIMS = 3, MAX_BYTES = 4 * KIB };

static const uint64_t now_us = UINT64_C(1830297601123457);
static const struct gcra_rate rates[CLAIMS] = {
    {1000, 40}, {1, 1}, {GCRA_PER_MAX_MS * 1000, GCRA_BURST_MAX}};

static void check(const struct limit_claim *claim, uint64_t granted)
{
    uint64_t room_us = claim->rate->burst * claim->rate->interval_us;
    const struct gcra_answer *answer = &claim->answer;
    ASSERT(granted <= claim->rate->burst);
    ASSERT(answer->is_admitted ? answer->full_us <= room_us : answer->retry_us > 0);
    ASSERT(answer->retry_us <= 2 * room_us && answer->remaining <= claim->rate->burst);
}

/* Leases take whatever was read. */
static void lend(struct limit_claim *claims, const uint64_t *granted)
{
    struct lease_table *leases = lease_table_create();
    unsigned open;
    for (size_t i = 0; i < CLAIMS; i++) {
        lease_note(leases, &claims[i], true, now_us);
        if (claims[i].answer.is_admitted)
            lease_fill(leases, &claims[i], granted[i], now_us, now_us);
    }
    for (int i = 0; i < 50; i++)
        (void)lease_take(leases, claims, CLAIMS, now_us, &open);
    for (size_t i = 0; i < CLAIMS; i++)
        ASSERT(lease_wish(leases, &claims[i], now_us, now_us + 1) <= rates[i].burst / 4);
    lease_table_destroy(leases);
}

static void take(const struct redis_reply *reply)
{
    struct limit_claim claims[CLAIMS], before[CLAIMS];
    uint64_t granted[LIMIT_CLAIMS_MAX];
    memset(claims, 0, sizeof(claims));
    for (size_t i = 0; i < CLAIMS; i++) {
        claims[i].key.words[0] = i;
        claims[i].rate = &rates[i];
        claims[i].cost = 1;
        claims[i].is_shadow = i == 1;
    }
    memcpy(before, claims, sizeof(claims));
    if (!limit_reply_read(reply, claims, CLAIMS, granted)) {
        ASSERT(memcmp(before, claims, sizeof(claims)) == 0);
        return;
    }
    for (size_t i = 0; i < CLAIMS; i++)
        check(&claims[i], granted[i]);
    lend(claims, granted);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct redis_reader *reader = redis_reader_create(MAX_BYTES);
    const struct redis_reply *reply;
    redis_reader_feed(reader, (struct span){(const char *)data, size});
    while (redis_reader_next(reader, &reply) == REDIS_READ_REPLY)
        take(reply);
    redis_reader_destroy(reader);
    return 0;
}
