#include "store/redis_greeting.h"

#include <stdio.h>

#include "base/text.h"
#include "store/redis_command.h"

enum { MAX_ARGUMENTS = 3, NUMBER_SIZE = 16 };

struct words {
    struct span at[MAX_ARGUMENTS];
    size_t count;
    char number[NUMBER_SIZE];
};

/* count 0: the step is left out. */
typedef void words_fn(const struct redis_login *login, struct words *words);
typedef enum redis_trouble judge_fn(const struct redis_reply *reply);

static void say(struct words *words, struct span word)
{
    words->at[words->count++] = word;
}

static void log_in(const struct redis_login *login, struct words *words)
{
    if (login->password.len == 0 && login->user.len == 0)
        return;
    say(words, SPAN("AUTH"));
    if (login->user.len > 0) /* Redis 5 knows no users */
        say(words, login->user);
    say(words, login->password);
}

static enum redis_trouble judge_log_in(const struct redis_reply *reply)
{
    if (reply->kind != REDIS_REFUSAL)
        return REDIS_NO_TROUBLE;
    enum redis_trouble trouble = redis_trouble_of(reply->text);
    if (trouble != REDIS_NO_TROUBLE)
        return trouble;
    /* A Redis that wants no password is no reason to do without it. */
    bool wants_none = span_starts_with(reply->text, SPAN("ERR AUTH <password> called without")) ||
                      span_starts_with(reply->text, SPAN("ERR Client sent AUTH, but no password"));
    return wants_none ? REDIS_NO_TROUBLE : REDIS_WRONG_PASSWORD;
}

static void ask_role(const struct redis_login *login, struct words *words)
{
    (void)login;
    say(words, SPAN("ROLE"));
}

/* An ACL may forbid the question, and a service may not know it: then it is a master. */
static enum redis_trouble judge_role(const struct redis_reply *reply)
{
    if (reply->kind == REDIS_REFUSAL)
        return redis_trouble_of(reply->text);
    const struct redis_reply *role = redis_reply_item(reply, 0);
    if (redis_reply_is(role, SPAN("slave")))
        return REDIS_REPLICA;
    return redis_reply_is(role, SPAN("sentinel")) ? REDIS_IS_SENTINEL : REDIS_NO_TROUBLE;
}

static void ask_cluster(const struct redis_login *login, struct words *words)
{
    (void)login;
    say(words, SPAN("INFO"));
    say(words, SPAN("cluster"));
}

static enum redis_trouble judge_cluster(const struct redis_reply *reply)
{
    static const char enabled[] = "cluster_enabled:1";
    if (reply->kind == REDIS_REFUSAL)
        return redis_trouble_of(reply->text);
    bool is_cluster = reply->text.len > 0 &&
                      memmem(reply->text.at, reply->text.len, enabled, sizeof(enabled) - 1) != NULL;
    return is_cluster ? REDIS_CLUSTER : REDIS_NO_TROUBLE;
}

static void select_database(const struct redis_login *login, struct words *words)
{
    if (login->database == 0)
        return;
    (void)snprintf(words->number, sizeof(words->number), "%u", login->database);
    say(words, SPAN("SELECT"));
    say(words, span_of(words->number));
}

static enum redis_trouble judge_select(const struct redis_reply *reply)
{
    if (reply->kind != REDIS_REFUSAL)
        return REDIS_NO_TROUBLE;
    enum redis_trouble trouble = redis_trouble_of(reply->text);
    if (trouble != REDIS_NO_TROUBLE)
        return trouble;
    return redis_reply_refuses(reply, SPAN("NOPERM")) ? REDIS_FORBIDDEN : REDIS_NO_DATABASE;
}

static void set_name(const struct redis_login *login, struct words *words)
{
    (void)login;
    say(words, SPAN("CLIENT"));
    say(words, SPAN("SETNAME"));
    say(words, SPAN("bpgate"));
}

/* Unlike the others it is answered only by who is ready: loading, and a replica without its master,
 * refuse it. Anything else that is wrong with it is no trouble of the connection. */
static void ping(const struct redis_login *login, struct words *words)
{
    (void)login;
    say(words, SPAN("PING"));
}

static enum redis_trouble judge_refusal(const struct redis_reply *reply)
{
    return reply->kind == REDIS_REFUSAL ? redis_trouble_of(reply->text) : REDIS_NO_TROUBLE;
}

static const struct step {
    words_fn *words;
    judge_fn *judge;
} steps[] = {
    {log_in, judge_log_in},          {ask_role, judge_role},    {ask_cluster, judge_cluster},
    {select_database, judge_select}, {set_name, judge_refusal}, {ping, judge_refusal},
};

static bool is_left_out(const struct redis_greeting *greeting)
{
    struct words words = {.count = 0};
    steps[greeting->step].words(greeting->login, &words);
    return words.count == 0;
}

static void skip_left_out(struct redis_greeting *greeting)
{
    while (!redis_greeting_is_done(greeting) && is_left_out(greeting))
        greeting->step++;
}

void redis_greeting_begin(struct redis_greeting *greeting, const struct redis_login *login,
                          struct buffer *out)
{
    *greeting = (struct redis_greeting){.login = login};
    for (size_t i = 0; i < COUNT_OF(steps); i++) {
        struct words words = {.count = 0};
        steps[i].words(login, &words);
        if (words.count > 0)
            ASSERT(redis_command_append(out, words.at, words.count) == OK);
    }
    skip_left_out(greeting);
}

enum redis_trouble redis_greeting_take(struct redis_greeting *greeting,
                                       const struct redis_reply *reply)
{
    ASSERT(!redis_greeting_is_done(greeting));
    enum redis_trouble trouble = steps[greeting->step++].judge(reply);
    skip_left_out(greeting);
    return trouble;
}

bool redis_greeting_is_done(const struct redis_greeting *greeting)
{
    return greeting->step == COUNT_OF(steps);
}
