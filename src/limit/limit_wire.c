#include "limit/limit_wire.h"

#include <openssl/sha.h>
#include <stdio.h>

#include "base/text.h"

enum { DIGEST_BYTES = 16 };

struct span limit_name_write(const struct limit_partition *partition, char name[LIMIT_NAME_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char digest[SHA256_DIGEST_LENGTH];
    ASSERT(partition->policy.len <= LIMIT_POLICY_LEN);
    SHA256((const unsigned char *)partition->text.at, partition->text.len, digest);
    size_t len = (size_t)snprintf(
        name, LIMIT_NAME_SIZE, "bpgate:rl:%.*s:", (int)partition->policy.len, partition->policy.at);
    for (size_t i = 0; i < DIGEST_BYTES; i++) {
        name[len++] = digits[digest[i] >> 4];
        name[len++] = digits[digest[i] & 15];
    }
    return (struct span){name, len};
}

#define NOW                                                                                        \
    "local time = redis.call('TIME')\n"                                                            \
    "local now = time[1] * 1000000 + time[2]\n"

const struct span limit_script_take = SPAN_INIT(
    NOW
    "local answer, arrivals, is_admitted = {}, {}, true\n"
    "for i, key in ipairs(KEYS) do\n"
    "  local at = 5 * i - 4\n"
    "  local interval, burst = tonumber(ARGV[at]), tonumber(ARGV[at + 1])\n"
    "  local arrival = tonumber(redis.call('GET', key) or '') or 0\n"
    "  local room = burst * interval\n"
    /* A time beyond what can have been written: somebody else's, or a clock's that was set; nan is neither. */
    "  if not (arrival >= now and arrival <= now + 2 * room) then arrival = now end\n"
    "  local wanted = arrival - now + ARGV[at + 2] * interval\n"
    "  local more = 0\n"
    "  if wanted <= room then\n"
    "    more = math.floor((room - wanted) / interval)\n"
    "    more = math.max(0, math.min(more, tonumber(ARGV[at + 4])))\n"
    "    arrivals[i] = now + wanted + more * interval\n"
    "  elseif ARGV[at + 3] ~= '1' then\n"
    "    is_admitted = false\n"
    "  end\n"
    "  answer[2 * i - 1] = string.format('%.0f', arrival - now)\n"
    "  answer[2 * i] = more\n"
    "end\n"
    "if not is_admitted then return answer end\n"
    "for i, key in ipairs(KEYS) do\n"
    "  if arrivals[i] then\n"
    "    redis.call('SET', key, string.format('%.0f', arrivals[i]), 'PX',\n"
    "      string.format('%.0f', math.ceil((arrivals[i] - now) / 1000) + 1))\n"
    "  end\n"
    "end\n"
    "return answer\n");

const struct span limit_script_look =
    SPAN_INIT(NOW "local answer = {}\n"
                  "for i, key in ipairs(KEYS) do\n"
                  "  local room = ARGV[2 * i - 1] * ARGV[2 * i]\n"
                  "  local arrival = tonumber(redis.call('GET', key) or '') or 0\n"
                  "  if not (arrival >= now and arrival <= now + 2 * room) then arrival = now end\n"
                  "  answer[2 * i - 1] = string.format('%.0f', arrival - now)\n"
                  "  answer[2 * i] = 0\n"
                  "end\n"
                  "return answer\n");

const struct span limit_script_give_back =
    SPAN_INIT(NOW "for i, key in ipairs(KEYS) do\n"
                  "  local arrival = tonumber(redis.call('GET', key) or '') or 0\n"
                  "  arrival = arrival - ARGV[i]\n"
                  "  if arrival > now then\n"
                  "    redis.call('SET', key, string.format('%.0f', arrival), 'PX',\n"
                  "      string.format('%.0f', math.ceil((arrival - now) / 1000) + 1))\n"
                  "  else\n"
                  "    redis.call('DEL', key)\n"
                  "  end\n"
                  "end\n"
                  "return 'OK'\n");

const struct span limit_script_beat =
    SPAN_INIT("local now = redis.call('TIME')[1]\n"
              "redis.call('ZADD', KEYS[1], now, ARGV[1])\n"
              "redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - 15)\n"
              "redis.call('EXPIRE', KEYS[1], 60)\n"
              "return redis.call('ZCARD', KEYS[1])\n");

/* Beyond what the script takes for somebody else's time. */
static bool read_ahead(const struct redis_reply *reply, const struct gcra_rate *rate,
                       uint64_t *ahead_us)
{
    return reply->kind == REDIS_TEXT && span_to_u64(reply->text, ahead_us) &&
           *ahead_us <= 2 * rate->burst * rate->interval_us;
}

bool limit_reply_read(const struct redis_reply *reply, struct limit_claim *claims, size_t count,
                      uint64_t granted[LIMIT_CLAIMS_MAX])
{
    uint64_t ahead_us[LIMIT_CLAIMS_MAX];
    bool is_admitted = true;
    if (reply->kind != REDIS_LIST || reply->count != 2 * count)
        return false;
    for (size_t i = 0; i < count; i++) {
        const struct redis_reply *more = &reply->items[2 * i + 1];
        if (!read_ahead(&reply->items[2 * i], claims[i].rate, &ahead_us[i]) ||
            more->kind != REDIS_NUMBER || more->number < 0 ||
            (uint64_t)more->number > claims[i].rate->burst)
            return false;
    }
    for (size_t i = 0; i < count; i++) {
        claims[i].answer = gcra_ask(claims[i].rate, ahead_us[i], claims[i].cost, 0);
        is_admitted = is_admitted && (claims[i].is_shadow || claims[i].answer.is_admitted);
    }
    for (size_t i = 0; i < count; i++)
        granted[i] = is_admitted ? (uint64_t)reply->items[2 * i + 1].number : 0;
    return true;
}
