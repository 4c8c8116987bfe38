#include "store/redis_trouble.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/text.h"

static void refusals_about_the_connection_are_told_from_those_about_a_command(void **state)
{
    static const struct {
        struct span text;
        enum redis_trouble trouble;
    } rows[] = {
        {SPAN_INIT("NOAUTH Authentication required."), REDIS_NEEDS_PASSWORD},
        {SPAN_INIT("WRONGPASS invalid username-password pair"), REDIS_WRONG_PASSWORD},
        {SPAN_INIT("LOADING Redis is loading the dataset in memory"), REDIS_LOADING},
        {SPAN_INIT("READONLY You can't write against a read only replica."), REDIS_REPLICA},
        {SPAN_INIT("ERR Error running script (call to f_1): @user_script:1: -READONLY You"),
         REDIS_REPLICA},
        {SPAN_INIT("MASTERDOWN Link with MASTER is down"), REDIS_REPLICA},
        {SPAN_INIT("MOVED 3999 127.0.0.1:6381"), REDIS_CLUSTER},
        {SPAN_INIT("CLUSTERDOWN Hash slot not served"), REDIS_CLUSTER},
        {SPAN_INIT("DENIED Redis is running in protected mode"), REDIS_FORBIDDEN},
        {SPAN_INIT("ERR max number of clients reached"), REDIS_FULL},
        {SPAN_INIT("NOSCRIPT No matching script."), REDIS_NO_TROUBLE},
        {SPAN_INIT("NOPERM this user has no permissions"), REDIS_NO_TROUBLE},
        {SPAN_INIT("OOM command not allowed when used memory > 'maxmemory'."), REDIS_NO_TROUBLE},
        {SPAN_INIT("MISCONF Redis is configured to save RDB snapshots"), REDIS_NO_TROUBLE},
        {SPAN_INIT("ERR unknown command 'MOVED '"), REDIS_NO_TROUBLE},
        {SPAN_INIT("ERR something: -READONLY in a value"), REDIS_NO_TROUBLE},
        {SPAN_INIT("MOVEDX"), REDIS_NO_TROUBLE},
        {SPAN_INIT(""), REDIS_NO_TROUBLE},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_int_equal(redis_trouble_of(rows[i].text), rows[i].trouble);
}

static void every_trouble_has_a_word_and_a_remedy(void **state)
{
    (void)state;
    for (int trouble = REDIS_NO_TROUBLE + 1; trouble <= REDIS_FULL; trouble++) {
        assert_true(redis_trouble_word(trouble).len > 0);
        assert_true(redis_trouble_remedy(trouble).len > 20);
    }
}

static void lines_are_folded(void **state)
{
    struct log_fold fold = {0};
    (void)state;
    redis_trouble_log(&fold, SPAN("cache"), REDIS_UNREACHABLE, SPAN("connection refused"), 1000);
    assert_int_equal(fold.untold, 0);
    redis_trouble_log(&fold, SPAN("cache"), REDIS_UNREACHABLE, SPAN("connection refused"), 2000);
    assert_int_equal(fold.untold, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refusals_about_the_connection_are_told_from_those_about_a_command),
        cmocka_unit_test(every_trouble_has_a_word_and_a_remedy),
        cmocka_unit_test(lines_are_folded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
