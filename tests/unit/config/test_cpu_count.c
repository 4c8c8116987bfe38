#include "config/cpu_count.h"

#include "base/text.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void a_quota_is_rounded_up_to_whole_cores(void **state)
{
    (void)state;
    assert_int_equal(cpu_quota(SPAN("100000 100000\n")), 1);
    assert_int_equal(cpu_quota(SPAN("150000 100000\n")), 2);
    assert_int_equal(cpu_quota(SPAN("50000 100000")), 1);
    assert_int_equal(cpu_quota(SPAN("1 1000000")), 1);
    assert_int_equal(cpu_quota(SPAN("400000 100000")), 4);
    assert_int_equal(cpu_quota(SPAN("18446744073709551615 1")), CPU_COUNT_MAX);
}

static void what_is_no_quota_counts_as_none(void **state)
{
    (void)state;
    static const char *const none[] = {"",  "max 100000\n", "max", "0 100000", "100000 0",
                                       "1", "-1 1",         "a b", "1 2 3"};
    for (size_t i = 0; i < COUNT_OF(none); i++)
        assert_int_equal(cpu_quota(span_of(none[i])), 0);
}

static void write_file(const char *folder, const char *name, const char *text)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void make_folder(const char *folder, const char *name)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    assert_int_equal(mkdir(path, 0700), 0);
}

static void remove_all(const char *folder)
{
    static const char *const paths[] = {"a/b/cpu.max", "a/cpu.max", "cpu.max", "self",
                                        "a/b",         "a",         ""};
    char path[512];
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        snprintf(path, sizeof(path), "%s/%s", folder, paths[i]);
        (void)remove(path);
    }
}

static void the_least_quota_up_to_the_root_counts(void **state)
{
    (void)state;
    char folder[] = "/tmp/bpgate-cpu-XXXXXX", self[512];
    assert_non_null(mkdtemp(folder));
    snprintf(self, sizeof(self), "%s/self", folder);
    make_folder(folder, "a");
    make_folder(folder, "a/b");
    write_file(folder, "a/b/cpu.max", "max 100000\n");
    write_file(folder, "a/cpu.max", "300000 100000\n");
    write_file(folder, "self", "12:cpu:/other\n0::/a/b\n");
    assert_int_equal(cpu_quota_of_cgroup(self, folder), 3);
    write_file(folder, "cpu.max", "200000 100000\n");
    assert_int_equal(cpu_quota_of_cgroup(self, folder), 2);
    write_file(folder, "self", "0::/\n");
    assert_int_equal(cpu_quota_of_cgroup(self, folder), 2);
    write_file(folder, "self", "12:cpu:/a\n");
    assert_int_equal(cpu_quota_of_cgroup(self, folder), 0);
    assert_int_equal(cpu_quota_of_cgroup("/nonexistent", folder), 0);
    remove_all(folder);
}

static void there_is_always_at_least_one_core_and_no_more_than_affinity_allows(void **state)
{
    (void)state;
    cpu_set_t set;
    assert_in_range(cpu_count(), 1, CPU_COUNT_MAX);
    if (sched_getaffinity(0, sizeof(set), &set) == 0)
        assert_true(cpu_count() <= (unsigned)CPU_COUNT(&set));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_quota_is_rounded_up_to_whole_cores),
        cmocka_unit_test(what_is_no_quota_counts_as_none),
        cmocka_unit_test(the_least_quota_up_to_the_root_counts),
        cmocka_unit_test(there_is_always_at_least_one_core_and_no_more_than_affinity_allows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
