#include "admin/most_used.h"

#include "base/clock.h"
#include "base/text.h"
#include "gateway/limit_claims.h"

enum { SHOWN = 5, KEYS_ASKED = 1000, SCRATCH_MAX = 4 * MIB, US_IN_MS = 1000 };

/* Those with the longest way to full, first. */
struct most_used {
    struct {
        struct span name;
        struct gcra_answer answer;
    } at[SHOWN];
    size_t count;
};

static void keep(struct most_used *most, struct span name, const struct gcra_answer *answer)
{
    size_t place = most->count;
    for (size_t i = 0; i < most->count; i++) {
        if (span_equal(most->at[i].name, name)) /* a profile, of another key */
            return;
    }
    while (place > 0 && most->at[place - 1].answer.full_us < answer->full_us)
        place--;
    if (place == SHOWN || answer->full_us == 0)
        return;
    size_t last = most->count < SHOWN ? most->count++ : SHOWN - 1;
    for (size_t i = last; i > place; i--)
        most->at[i] = most->at[i - 1];
    most->at[place].name = name;
    most->at[place].answer = *answer;
}

static struct span name_of(const struct limit_policy *policy, const struct key_record *key)
{
    if (policy->parts & LIMIT_BY_KEY)
        return key->name;
    return policy->parts & LIMIT_BY_PROFILE ? key->profile->name : SPAN("(all)");
}

/* Once a policy: a thousand keys are some hundred microseconds of the loop's time. */
static void collect(const struct admin_call *call, const struct limit_policy *policy,
                    struct arena *scratch, struct most_used *most)
{
    const struct admin_services *admin = call->services;
    struct services services = *admin->gateway;
    struct limits *limits = arena_zalloc(scratch, sizeof(*limits));
    uint64_t now_us = clock_us();
    for (size_t i = 0; i < admin->key_count && i < KEYS_ASKED; i++) {
        const struct key_record *key = &admin->keys[i];
        struct exchange ex = {
            .services = &services, .arena = scratch, .key = key, .profile = key->profile};
        if (!limit_is_of_key(policy, key))
            continue;
        limits->count = 0;
        limit_claim_add(&ex, limits, policy);
        limits->claims[0].cost = 0;
        const struct gcra_answer answer =
            limit_table_look(services.limits.table, &limits->claims[0], now_us);
        keep(most, name_of(policy, key), &answer);
    }
}

void most_used_write(const struct admin_call *call, const struct limit_policy *policy,
                     struct json_writer *json)
{
    static const unsigned unnamed = LIMIT_BY_BOT | LIMIT_BY_ADDRESS | LIMIT_BY_OPERATION;
    struct most_used most = {.count = 0};
    struct arena scratch;
    if (policy->parts & unnamed || !call->services->gateway->limits.table) {
        json_null(json, SPAN("most_used"));
        return;
    }
    arena_init(&scratch, SCRATCH_MAX);
    collect(call, policy, &scratch, &most);
    arena_clear(&scratch);
    json_array_in(json, SPAN("most_used"));
    for (size_t i = 0; i < most.count; i++) {
        json_object(json);
        json_text(json, SPAN("name"), most.at[i].name);
        json_number(json, SPAN("remaining"), (int64_t)most.at[i].answer.remaining);
        json_number(json, SPAN("reset_ms"),
                    (int64_t)((most.at[i].answer.full_us + US_IN_MS - 1) / US_IN_MS));
        json_close(json);
    }
    json_close(json);
}
