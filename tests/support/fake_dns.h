/* fake_dns.h - answers of the name service as the test wants them. Header only, for one file of a
 * program: it takes the place of the C library's functions, for libuv as well.
 */
#ifndef SUPPORT_FAKE_DNS_H
#define SUPPORT_FAKE_DNS_H

#include <arpa/inet.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"

/* What every name means from now on; IP addresses mean themselves. */
static struct {
    const char *const *addresses;
    size_t count;
    int error; /* EAI_NONAME …; 0: answers */
    unsigned asked;
} fake_dns;

struct fake_answer {
    struct addrinfo info;
    struct sockaddr_storage address;
};

static struct addrinfo *fake_dns_entry(const char *text, const char *port)
{
    struct fake_answer *answer = xcalloc(1, sizeof(*answer));
    struct sockaddr_in *ipv4 = (void *)&answer->address;
    struct sockaddr_in6 *ipv6 = (void *)&answer->address;
    in_port_t number = htons((uint16_t)strtoul(port, NULL, 10));
    if (inet_pton(AF_INET, text, &ipv4->sin_addr) == 1) {
        ipv4->sin_family = AF_INET;
        ipv4->sin_port = number;
        answer->info.ai_addrlen = sizeof(*ipv4);
    } else if (inet_pton(AF_INET6, text, &ipv6->sin6_addr) == 1) {
        ipv6->sin6_family = AF_INET6;
        ipv6->sin6_port = number;
        answer->info.ai_addrlen = sizeof(*ipv6);
    } else {
        free(answer);
        return NULL;
    }
    answer->info.ai_family = answer->address.ss_family;
    answer->info.ai_addr = (struct sockaddr *)&answer->address;
    return &answer->info;
}

int getaddrinfo(const char *host, const char *port, const struct addrinfo *hints,
                struct addrinfo **found)
{
    *found = fake_dns_entry(host, port);
    if (*found)
        return 0;
    if (hints->ai_flags & AI_NUMERICHOST)
        return EAI_NONAME;
    fake_dns.asked++;
    if (fake_dns.error)
        return fake_dns.error;
    for (size_t i = fake_dns.count; i > 0; i--) {
        struct addrinfo *entry = fake_dns_entry(fake_dns.addresses[i - 1], port);
        entry->ai_next = *found;
        *found = entry;
    }
    return 0;
}

void freeaddrinfo(struct addrinfo *found)
{
    while (found) {
        struct addrinfo *next = found->ai_next;
        free(container_of(found, struct fake_answer, info));
        found = next;
    }
}

#endif
