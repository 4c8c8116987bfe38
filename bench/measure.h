/* measure.h - how long things took, and how much processor time processes have had. */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include "base/base.h"

enum {
    FRACTION_BITS = 7, /* of a time: less than 1 % off */
    BUCKETS = (64 - FRACTION_BITS + 1) << FRACTION_BITS,
};

struct histogram {
    uint64_t counts[BUCKETS], count, largest;
};

void histogram_note(struct histogram *histogram, uint64_t ns);

/* What the given part of all were not above, in microseconds. */
double histogram_us(const struct histogram *histogram, double part);

/* User and system time of all threads that the processes have now, by the kernel's accounting. */
uint64_t cpu_ns_of(const long *pids, size_t count);

#endif
