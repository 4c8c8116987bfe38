#include <netinet/in.h>

#include "base/text.h"
#include "gateway/local_answer.h"
#include "gateway/stages.h"

static struct span value_of(const struct exchange *ex, enum header_id id)
{
    const struct header *header = header_list_find(&ex->request->headers, id);
    return header ? header->value : SPAN("");
}

static void set_address(const struct sockaddr *peer, struct presented *presented)
{
    if (peer->sa_family == AF_INET) {
        const struct sockaddr_in *ip4 = (const struct sockaddr_in *)(const void *)peer;
        presented->address = (const unsigned char *)&ip4->sin_addr;
        presented->address_len = sizeof(ip4->sin_addr);
    } else if (peer->sa_family == AF_INET6) {
        const struct sockaddr_in6 *ip6 = (const struct sockaddr_in6 *)(const void *)peer;
        presented->address = (const unsigned char *)&ip6->sin6_addr;
        presented->address_len = sizeof(ip6->sin6_addr);
    }
}

enum verdict authenticate_begin(struct exchange *ex)
{
    const struct services *services = ex->services;
    struct presented presented = {
        .authorization = value_of(ex, HEADER_AUTHORIZATION),
        .key_header = value_of(ex, HEADER_X_BPGATE_KEY),
    };
    set_address(client_peer(ex->client), &presented);
    size_t hash_index;
    enum auth_result result = key_ring_authenticate(services->keys, &presented, ex->started_wall_ms,
                                                    &ex->key, &hash_index);
    switch (result) {
    case AUTH_OK:
        ex->profile = ex->key->profile;
        return STAGE_NEXT;
    case AUTH_NO_KEY:
    case AUTH_NOT_OURS:
        if (services->anonymous) {
            ex->profile = services->anonymous;
            return STAGE_NEXT;
        }
        break;
    case AUTH_TYPO:
    case AUTH_WRONG:
    case AUTH_EXPIRED:
    case AUTH_DISABLED:
        break;
    case AUTH_ADDRESS:
        return problem_say(ex, PROBLEM_FORBIDDEN, auth_result_text(result));
    }
    (void)problem_say(ex, result == AUTH_NO_KEY ? PROBLEM_NO_KEY : PROBLEM_BAD_KEY,
                      auth_result_text(result));
    /* RFC 9110 §11.6.1: a 401 names a scheme. */
    ASSERT(header_list_add(&ex->response->headers, SPAN("www-authenticate"),
                           SPAN("Bearer realm=\"bpgate\"")));
    return STAGE_RESPOND;
}
