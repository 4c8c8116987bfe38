/* load_options.h - what the generator of load is told; load.c says what each means. */
#ifndef BENCH_LOAD_OPTIONS_H
#define BENCH_LOAD_OPTIONS_H

#include <netinet/in.h>

#include "base/base.h"

enum { REQUESTS_MAX = 4096, CONNECTIONS_MAX = 20000, PIDS_MAX = 64 };

struct load_options {
    struct sockaddr_in to;
    struct span requests[REQUESTS_MAX]; /* kept for good */
    size_t request_count;
    unsigned connections;
    uint64_t count; /* of answers, after which it is over; 0: time decides */
    double seconds, warm, rate;
    int uses_tls, is_fresh, resumes, holds, spins; /* flags */
    long pids[PIDS_MAX];
    size_t pid_count;
};

/* Ends the program with 2 and a message when they make no sense. */
void load_options_read(struct load_options *options, int argc, char **argv);

#endif
