#include "net/resolver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RETRY_MS = 1000, PORT_TEXT_SIZE = 16 };

/* A look-up in progress; lives until libuv is done with it, even if the resolver does not. */
struct lookup {
    uv_getaddrinfo_t request;
    struct resolver *resolver; /* borrowed; NULL once that is gone */
};

struct resolver {
    struct loop *loop; /* borrowed */
    char *host;
    char port[PORT_TEXT_SIZE];
    uint64_t refresh_ms, due_ms; /* due: when to look up again */
    bool is_fixed;               /* an IP address */
    struct addresses known;
    struct lookup *running; /* or NULL */
    struct list waits;      /* of struct resolve */
    struct task answer;     /* tells the waits what needs no look-up, or that none could begin */
    const char *error;      /* static text */
};

static void set_port(struct sockaddr_storage *address, unsigned port)
{
    if (address->ss_family == AF_INET6)
        ((struct sockaddr_in6 *)(void *)address)->sin6_port = htons((uint16_t)port);
    else
        ((struct sockaddr_in *)(void *)address)->sin_port = htons((uint16_t)port);
}

static bool read_ip(struct resolver *resolver, unsigned port)
{
    struct sockaddr_storage *address = &resolver->known.at[0];
    if (uv_ip4_addr(resolver->host, 0, (struct sockaddr_in *)(void *)address) != 0 &&
        uv_ip6_addr(resolver->host, 0, (struct sockaddr_in6 *)(void *)address) != 0)
        return false;
    set_port(address, port);
    resolver->known.count = 1;
    return true;
}

struct resolver *resolver_create(struct loop *loop, const char *host, unsigned port,
                                 uint64_t refresh_ms)
{
    struct resolver *resolver = xcalloc(1, sizeof(*resolver));
    resolver->loop = loop;
    resolver->host = xstrdup((struct span){host, strlen(host)});
    resolver->refresh_ms = refresh_ms;
    resolver->error = "";
    (void)snprintf(resolver->port, sizeof(resolver->port), "%u", port);
    list_init(&resolver->waits);
    resolver->is_fixed = read_ip(resolver, port);
    return resolver;
}

/* The last on_done may destroy the resolver, so the waits move to the stack before the first. */
static void tell_waits(struct resolver *resolver)
{
    struct list waits, *link;
    list_init(&waits);
    while ((link = list_pop_front(&resolver->waits)) != NULL)
        list_push_back(&waits, link);
    while ((link = list_pop_front(&waits)) != NULL) {
        struct resolve *resolve = container_of(link, struct resolve, link);
        resolve->on_done(resolve);
    }
}

static void on_answer(struct task *task)
{
    tell_waits(container_of(task, struct resolver, answer));
}

/* The next from at on that is, or is not, of the family. */
static const struct addrinfo *seek(const struct addrinfo *at, int family, bool is_same)
{
    while (at && (at->ai_family == family) != is_same)
        at = at->ai_next;
    return at;
}

static void take_in(struct addresses *addresses, const struct addrinfo *found)
{
    int family = found->ai_family;
    const struct addrinfo *same = found, *other = seek(found, family, false);
    addresses->count = 0;
    while ((same || other) && addresses->count < RESOLVER_MAX_ADDRESSES) {
        bool is_turn_of_other = other && (addresses->count % 2 == 1 || !same);
        const struct addrinfo **next = is_turn_of_other ? &other : &same;
        memcpy(&addresses->at[addresses->count++], (*next)->ai_addr, (*next)->ai_addrlen);
        *next = seek((*next)->ai_next, family, !is_turn_of_other);
    }
}

static void on_looked_up(uv_getaddrinfo_t *request, int rc, struct addrinfo *found)
{
    struct lookup *lookup = container_of(request, struct lookup, request);
    struct resolver *resolver = lookup->resolver;
    free(lookup);
    if (resolver) {
        bool is_good = rc == 0 && found;
        resolver->running = NULL;
        resolver->error = is_good ? "" : uv_strerror(rc);
        resolver->due_ms =
            loop_now_ms(resolver->loop) + (is_good ? resolver->refresh_ms : RETRY_MS);
        if (is_good)
            take_in(&resolver->known, found);
    }
    uv_freeaddrinfo(found);
    if (resolver)
        tell_waits(resolver);
}

static void look_up(struct resolver *resolver)
{
    static const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct lookup *lookup = xcalloc(1, sizeof(*lookup));
    lookup->resolver = resolver;
    int rc = uv_getaddrinfo(&resolver->loop->uv, &lookup->request, on_looked_up, resolver->host,
                            resolver->port, &hints);
    if (rc == 0) {
        resolver->running = lookup;
        return;
    }
    free(lookup);
    resolver->error = uv_strerror(rc);
    resolver->due_ms = loop_now_ms(resolver->loop) + RETRY_MS;
    later_run(&resolver->loop->later, &resolver->answer, on_answer);
}

bool resolver_find(struct resolver *resolver, struct addresses *addresses)
{
    if (resolver->known.count == 0)
        return false;
    if (!resolver->is_fixed && !resolver->running &&
        loop_now_ms(resolver->loop) >= resolver->due_ms)
        look_up(resolver);
    *addresses = resolver->known;
    return true;
}

const char *resolver_error(const struct resolver *resolver)
{
    return resolver->error;
}

void resolver_wait(struct resolver *resolver, struct resolve *resolve,
                   void (*on_done)(struct resolve *resolve))
{
    *resolve = (struct resolve){.on_done = on_done};
    list_push_back(&resolver->waits, &resolve->link);
    if (resolver->is_fixed)
        later_run(&resolver->loop->later, &resolver->answer, on_answer);
    else if (!resolver->running)
        look_up(resolver);
}

void resolver_call_off(struct resolve *resolve)
{
    list_remove(&resolve->link);
}

static bool is_same_address(const struct sockaddr_storage *a, const struct sockaddr *b)
{
    if (a->ss_family != b->sa_family)
        return false;
    if (b->sa_family == AF_INET6)
        return memcmp(&((const struct sockaddr_in6 *)(const void *)a)->sin6_addr,
                      &((const struct sockaddr_in6 *)(const void *)b)->sin6_addr,
                      sizeof(struct in6_addr)) == 0;
    return ((const struct sockaddr_in *)(const void *)a)->sin_addr.s_addr ==
           ((const struct sockaddr_in *)(const void *)b)->sin_addr.s_addr;
}

void resolver_demote(struct resolver *resolver, const struct sockaddr *address)
{
    struct addresses *known = &resolver->known;
    for (size_t i = 0; i < known->count; i++) {
        if (!is_same_address(&known->at[i], address))
            continue;
        struct sockaddr_storage demoted = known->at[i];
        memmove(&known->at[i], &known->at[i + 1], (known->count - i - 1) * sizeof(known->at[0]));
        known->at[known->count - 1] = demoted;
        return;
    }
}

void resolver_destroy(struct resolver *resolver)
{
    ASSERT(list_is_empty(&resolver->waits));
    later_cancel(&resolver->answer);
    if (resolver->running) {
        resolver->running->resolver = NULL;
        (void)uv_cancel((uv_req_t *)&resolver->running->request);
    }
    free(resolver->host);
    free(resolver);
}
