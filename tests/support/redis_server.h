/* redis_server.h - a real redis-server of the test's own, in a folder that goes with it. Header only. */
#ifndef SUPPORT_REDIS_SERVER_H
#define SUPPORT_REDIS_SERVER_H

#include <arpa/inet.h>
#include <fcntl.h>
#include <ftw.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/base.h"

enum { REDIS_SERVER_ARGUMENTS = 32 };

struct redis_server {
    pid_t pid; /* 0 while it does not run */
    char folder[32], socket[64];
    char port[8];
};

static inline unsigned redis_server_free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof(address);
    int descriptor = socket(AF_INET, SOCK_STREAM, 0);
    ASSERT(bind(descriptor, (struct sockaddr *)&address, len) == 0);
    ASSERT(getsockname(descriptor, (struct sockaddr *)&address, &len) == 0);
    (void)close(descriptor);
    return ntohs(address.sin_port);
}

/* Redis Cluster listens on the port plus 10 000 as well. Somebody else may take it before the server
 * does: then the test fails, and says so. */
static inline void redis_server_choose_port(char port[8])
{
    unsigned number = redis_server_free_port();
    while (number > UINT16_MAX - 10000)
        number = redis_server_free_port();
    (void)snprintf(port, 8, "%u", number);
}

static inline void redis_server_init(struct redis_server *server)
{
    *server = (struct redis_server){.pid = 0};
    (void)snprintf(server->folder, sizeof(server->folder), "/tmp/bpgate-redis-XXXXXX");
    ASSERT(mkdtemp(server->folder));
    (void)snprintf(server->socket, sizeof(server->socket), "%s/redis.sock", server->folder);
    redis_server_choose_port(server->port);
}

/* Ends with the test, however that ends. */
static inline void redis_server_run(const char *const *arguments, pid_t parent)
{
    int nowhere = open("/dev/null", O_RDWR);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
    (void)dup2(nowhere, STDIN_FILENO);
    (void)dup2(nowhere, STDOUT_FILENO);
    execvp("redis-server", (char *const *)(uintptr_t)arguments);
    _exit(127);
}

/* extra: further arguments, up to NULL. Does not wait until it listens: clients come by themselves. */
static inline void redis_server_start(struct redis_server *server, const char *const *extra)
{
    const char *arguments[REDIS_SERVER_ARGUMENTS] = {
        "redis-server", "--dir",  server->folder, "--unixsocket", server->socket,
        "--save",       "",       "--loglevel",   "warning",      "--bind",
        "127.0.0.1",    "--port", server->port,   "--daemonize",  "no",
        "--appendonly", "no",
    };
    size_t count = 17;
    while (*extra && count < REDIS_SERVER_ARGUMENTS - 1)
        arguments[count++] = *extra++;
    ASSERT(!*extra && !server->pid);
    pid_t parent = getpid();
    server->pid = fork();
    ASSERT(server->pid >= 0);
    if (server->pid == 0)
        redis_server_run(arguments, parent);
}

/* A sentinel in the server's place that watches one master, alone and impatiently. */
static inline void redis_server_start_sentinel(struct redis_server *server, const char *name,
                                               const char *master_port)
{
    char path[64];
    const char *arguments[] = {"redis-server", path, "--sentinel", NULL};
    (void)snprintf(path, sizeof(path), "%s/sentinel.conf", server->folder);
    FILE *file = fopen(path, "w");
    ASSERT(file && !server->pid);
    fprintf(file,
            "bind 127.0.0.1\nport %s\ndir %s\nsentinel monitor %s 127.0.0.1 %s 1\n"
            "sentinel down-after-milliseconds %s 300\nsentinel failover-timeout %s 3000\n",
            server->port, server->folder, name, master_port, name, name);
    (void)fclose(file);
    pid_t parent = getpid();
    server->pid = fork();
    ASSERT(server->pid >= 0);
    if (server->pid == 0)
        redis_server_run(arguments, parent);
}

static inline void redis_server_stop(struct redis_server *server)
{
    if (!server->pid)
        return;
    ASSERT(kill(server->pid, SIGKILL) == 0);
    ASSERT(waitpid(server->pid, NULL, 0) == server->pid);
    server->pid = 0;
}

static inline int redis_server_remove(const char *path, const struct stat *status, int kind,
                                      struct FTW *where)
{
    (void)status, (void)kind, (void)where;
    return remove(path);
}

static inline void redis_server_clear(struct redis_server *server)
{
    redis_server_stop(server);
    (void)nftw(server->folder, redis_server_remove, 8, FTW_DEPTH | FTW_PHYS);
}

#endif
