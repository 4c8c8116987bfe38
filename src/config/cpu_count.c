#include "config/cpu_count.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/text.h"

enum { MOST_CORES_ASKED = 64 * KIB, FILE_SIZE = 4 * KIB };

/* The set is made larger until the kernel's fits in. */
static unsigned count_affinity(void)
{
    for (size_t cores = 1024; cores <= MOST_CORES_ASKED; cores *= 2) {
        size_t size = CPU_ALLOC_SIZE(cores);
        cpu_set_t *set = xcalloc(1, size);
        int count = sched_getaffinity(0, size, set) == 0 ? CPU_COUNT_S(size, set) : 0;
        free(set);
        if (count > 0)
            return (unsigned)count;
    }
    return 1;
}

/* The start of a small file; empty when it cannot be read. */
static struct span read_start(const char *path, char text[FILE_SIZE])
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return (struct span){"", 0};
    ssize_t len = read(file, text, FILE_SIZE);
    close(file);
    return (struct span){text, len > 0 ? (size_t)len : 0};
}

unsigned cpu_quota(struct span cpu_max)
{
    uint64_t quota = 0, period = 0;
    struct span rest = span_cut(&cpu_max, '\n');
    struct span first = span_cut(&rest, ' ');
    if (!span_to_u64(first, &quota) || !span_to_u64(rest, &period) || quota == 0 || period == 0)
        return 0;
    uint64_t cores = quota / period + (quota % period > 0);
    return (unsigned)(cores < CPU_COUNT_MAX ? cores : CPU_COUNT_MAX);
}

/* The path of "0::/system.slice/bpgate.service", the line of cgroup v2. */
static struct span path_of(struct span self)
{
    while (self.len > 0) {
        struct span line = span_cut(&self, '\n');
        if (span_starts_with(line, SPAN("0::/")))
            return span_skip(line, 3);
    }
    return (struct span){"", 0};
}

/* The folder above; "" is the root. */
static struct span parent_of(struct span path)
{
    while (path.len > 0 && path.at[path.len - 1] != '/')
        path.len--;
    path.len -= path.len > 0;
    return path;
}

/* In a container the root has a quota too, which is that of the container. */
unsigned cpu_quota_of_cgroup(const char *self, const char *root)
{
    char text[FILE_SIZE], file[2 * FILE_SIZE], content[FILE_SIZE];
    struct span path = path_of(read_start(self, text));
    bool is_root = path.len == 0;
    unsigned least = 0;
    while (!is_root) {
        snprintf(file, sizeof(file), "%s%.*s/cpu.max", root, (int)path.len, path.at);
        unsigned quota = cpu_quota(read_start(file, content));
        if (quota > 0 && (least == 0 || quota < least))
            least = quota;
        is_root = path.len == 0;
        path = parent_of(path);
    }
    return least;
}

unsigned cpu_count(void)
{
    unsigned count = count_affinity();
    unsigned quota = cpu_quota_of_cgroup("/proc/self/cgroup", "/sys/fs/cgroup");
    if (quota > 0 && quota < count)
        count = quota;
    return count < CPU_COUNT_MAX ? count : CPU_COUNT_MAX;
}
