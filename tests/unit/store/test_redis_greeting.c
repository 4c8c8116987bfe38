#include "store/redis_greeting.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/text.h"

#define ROLE_TO_PING  "*1\r\n$4\r\nROLE\r\n*2\r\n$4\r\nINFO\r\n$7\r\ncluster\r\n"
#define NAME_AND_PING "*3\r\n$6\r\nCLIENT\r\n$7\r\nSETNAME\r\n$6\r\nbpgate\r\n*1\r\n$4\r\nPING\r\n"

static void assert_says(const struct redis_login *login, struct span expected)
{
    struct redis_greeting greeting;
    struct buffer out;
    buffer_init(&out, KIB);
    redis_greeting_begin(&greeting, login, &out);
    assert_true(span_equal(buffer_bytes(&out), expected));
    assert_false(redis_greeting_is_done(&greeting));
    buffer_clear(&out);
}

static void only_what_the_login_needs_is_said(void **state)
{
    const struct redis_login nobody = {.database = 0};
    const struct redis_login password = {.password = SPAN("pw"), .database = 12};
    const struct redis_login user = {.user = SPAN("me"), .password = SPAN("pw")};
    const struct redis_login open_user = {.user = SPAN("me")};
    (void)state;
    assert_says(&nobody, SPAN(ROLE_TO_PING NAME_AND_PING));
    assert_says(&password, SPAN("*2\r\n$4\r\nAUTH\r\n$2\r\npw\r\n" ROLE_TO_PING
                                "*2\r\n$6\r\nSELECT\r\n$2\r\n12\r\n" NAME_AND_PING));
    assert_says(&user,
                SPAN("*3\r\n$4\r\nAUTH\r\n$2\r\nme\r\n$2\r\npw\r\n" ROLE_TO_PING NAME_AND_PING));
    assert_says(&open_user,
                SPAN("*3\r\n$4\r\nAUTH\r\n$2\r\nme\r\n$0\r\n\r\n" ROLE_TO_PING NAME_AND_PING));
}

static const struct redis_reply ok = {.kind = REDIS_TEXT, .text = SPAN_INIT("OK")};
static const struct redis_reply role[] = {{.kind = REDIS_TEXT, .text = SPAN_INIT("master")}};

enum { LOGIN, ROLE, CLUSTER, SELECT, NAME, PING, STEPS };

/* The trouble that ends a greeting in which one step is answered otherwise. */
static enum redis_trouble judge(int step, struct redis_reply answer)
{
    const struct redis_login login = {.password = SPAN("pw"), .database = 3};
    struct redis_reply answers[STEPS] = {
        ok, {.kind = REDIS_LIST, .items = role, .count = 1}, ok, ok, ok, ok};
    struct redis_greeting greeting;
    struct buffer out;
    enum redis_trouble trouble = REDIS_NO_TROUBLE;
    int taken = 0;
    buffer_init(&out, KIB);
    redis_greeting_begin(&greeting, &login, &out);
    answers[step] = answer;
    while (!redis_greeting_is_done(&greeting) && trouble == REDIS_NO_TROUBLE)
        trouble = redis_greeting_take(&greeting, &answers[taken++]);
    assert_int_equal(taken, trouble == REDIS_NO_TROUBLE ? STEPS : step + 1);
    buffer_clear(&out);
    return trouble;
}

static void each_answer_is_judged(void **state)
{
#define REFUSAL(step, words, trouble)                                                              \
    {                                                                                              \
        step, {.kind = REDIS_REFUSAL, .text = SPAN_INIT(words)}, trouble                           \
    }
    static const struct redis_reply slave[] = {{.kind = REDIS_TEXT, .text = SPAN_INIT("slave")}};
    static const struct redis_reply sentinel[] = {
        {.kind = REDIS_TEXT, .text = SPAN_INIT("sentinel")}};
    static const struct {
        int step;
        struct redis_reply answer;
        enum redis_trouble trouble;
    } rows[] = {
        REFUSAL(LOGIN, "WRONGPASS invalid username-password pair", REDIS_WRONG_PASSWORD),
        REFUSAL(LOGIN, "ERR invalid password", REDIS_WRONG_PASSWORD),
        REFUSAL(LOGIN, "ERR wrong number of arguments for 'auth' command", REDIS_WRONG_PASSWORD),
        REFUSAL(LOGIN, "ERR AUTH <password> called without any password configured for the",
                REDIS_NO_TROUBLE),
        REFUSAL(LOGIN, "ERR Client sent AUTH, but no password is set", REDIS_NO_TROUBLE),
        REFUSAL(LOGIN, "ERR max number of clients reached", REDIS_FULL),
        REFUSAL(LOGIN, "DENIED Redis is running in protected mode", REDIS_FORBIDDEN),
        REFUSAL(ROLE, "NOAUTH Authentication required.", REDIS_NEEDS_PASSWORD),
        REFUSAL(ROLE, "NOPERM this user", REDIS_NO_TROUBLE),
        REFUSAL(ROLE, "ERR unknown command", REDIS_NO_TROUBLE),
        {ROLE, {.kind = REDIS_LIST, .items = slave, .count = 1}, REDIS_REPLICA},
        {ROLE, {.kind = REDIS_LIST, .items = sentinel, .count = 1}, REDIS_IS_SENTINEL},
        {ROLE, {.kind = REDIS_NIL}, REDIS_NO_TROUBLE},
        REFUSAL(CLUSTER, "NOPERM this user", REDIS_NO_TROUBLE),
        {CLUSTER,
         {.kind = REDIS_TEXT, .text = SPAN_INIT("# Cluster\r\ncluster_enabled:1\r\n")},
         REDIS_CLUSTER},
        {CLUSTER, {.kind = REDIS_TEXT}, REDIS_NO_TROUBLE},
        REFUSAL(SELECT, "ERR DB index is out of range", REDIS_NO_DATABASE),
        REFUSAL(SELECT, "ERR SELECT is not allowed in cluster mode", REDIS_CLUSTER),
        REFUSAL(SELECT, "NOPERM this user", REDIS_FORBIDDEN),
        REFUSAL(NAME, "NOPERM this user", REDIS_NO_TROUBLE),
        REFUSAL(PING, "LOADING Redis is loading the dataset in memory", REDIS_LOADING),
        REFUSAL(PING, "MASTERDOWN Link with MASTER is down", REDIS_REPLICA),
        REFUSAL(PING, "MISCONF Redis is configured to save RDB snapshots", REDIS_NO_TROUBLE),
        REFUSAL(PING, "NOPERM this user", REDIS_NO_TROUBLE),
    };
#undef REFUSAL
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_int_equal(judge(rows[i].step, rows[i].answer), rows[i].trouble);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_the_login_needs_is_said),
        cmocka_unit_test(each_answer_is_judged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
