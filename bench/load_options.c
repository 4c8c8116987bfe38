#include "load_options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <uv.h>

static void read_requests(struct load_options *options, const char *path)
{
    FILE *file = fopen(path, "r");
    size_t size = 0;
    char *text = NULL;
    while (file && options->request_count < REQUESTS_MAX &&
           getdelim(&text, &size, '\0', file) > 0) {
        options->requests[options->request_count++] = (struct span){text, strlen(text)};
        text = NULL;
        size = 0;
    }
    free(text);
    if (!file || options->request_count == 0) {
        fprintf(stderr, "bench_load: no request in %s\n", path);
        exit(2);
    }
    (void)fclose(file);
}

static void read_address(struct load_options *options, char *text)
{
    char *colon = strrchr(text, ':');
    int port = colon ? (int)strtoul(colon + 1, NULL, 10) : 0;
    if (colon)
        *colon = '\0';
    if (port == 0 || uv_ip4_addr(text, port, &options->to) != 0) {
        fprintf(stderr, "bench_load: --to wants an address as 127.0.0.1:8080\n");
        exit(2);
    }
}

static void read_pids(struct load_options *options, const char *text)
{
    char *end = (char *)(uintptr_t)text;
    while (*end && options->pid_count < PIDS_MAX) {
        options->pids[options->pid_count++] = strtol(end, &end, 10);
        end += *end == ',';
    }
}

static void refuse(void)
{
    fprintf(stderr, "bench_load: see the first lines of bench/load.c\n");
    exit(2);
}

static void read_option(struct load_options *options, int option, char *value)
{
    switch (option) {
    case 0: /* a flag, set by getopt */
        return;
    case 't':
        read_address(options, value);
        return;
    case 'q':
        read_requests(options, value);
        return;
    case 'p':
        read_pids(options, value);
        return;
    case 'c':
        options->connections = (unsigned)strtoul(value, NULL, 10);
        return;
    case 'n':
        options->count = strtoull(value, NULL, 10);
        return;
    case 's':
        options->seconds = strtod(value, NULL);
        return;
    case 'w':
        options->warm = strtod(value, NULL);
        return;
    case 'r':
        options->rate = strtod(value, NULL);
        return;
    default:
        refuse();
    }
}

void load_options_read(struct load_options *options, int argc, char **argv)
{
    *options = (struct load_options){.connections = 64, .seconds = 4, .warm = 1};
    const struct option names[] = {
        {"to", required_argument, NULL, 't'},
        {"requests", required_argument, NULL, 'q'},
        {"connections", required_argument, NULL, 'c'},
        {"seconds", required_argument, NULL, 's'},
        {"warm", required_argument, NULL, 'w'},
        {"rate", required_argument, NULL, 'r'},
        {"pids", required_argument, NULL, 'p'},
        {"count", required_argument, NULL, 'n'},
        {"tls", no_argument, &options->uses_tls, 1},
        {"fresh", no_argument, &options->is_fresh, 1},
        {"resume", no_argument, &options->resumes, 1},
        {"spin", no_argument, &options->spins, 1},
        {"hold", no_argument, &options->holds, 1},
        {NULL, 0, NULL, 0},
    };
    int option;
    while ((option = getopt_long(argc, argv, "", names, NULL)) != -1)
        read_option(options, option, optarg);
    if (options->request_count == 0 || options->to.sin_port == 0 || options->connections == 0 ||
        options->connections > CONNECTIONS_MAX)
        refuse();
}
