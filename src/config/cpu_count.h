/* cpu_count.h - how many cores this process may use: affinity, and the cgroup's quota (v2). */
#ifndef CONFIG_CPU_COUNT_H
#define CONFIG_CPU_COUNT_H

#include "base/base.h"

enum { CPU_COUNT_MAX = 256 };

/* From 1 to CPU_COUNT_MAX. */
unsigned cpu_count(void);

/* "150000 100000" of a cpu.max file: whole cores, rounded up; 0: no quota, or malformed. */
unsigned cpu_quota(struct span cpu_max);

/* The least quota of the process's cgroup and those above it; 0: none. self: /proc/self/cgroup;
 * root: where cgroups are mounted. */
unsigned cpu_quota_of_cgroup(const char *self, const char *root);

#endif
