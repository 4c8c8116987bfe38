#include "base/text.h"
#include "gateway/authenticated.h"
#include "gateway/limits.h"
#include "gateway/local_answer.h"
#include "gateway/stages.h"

static enum verdict refuse(struct exchange *ex, enum auth_result result)
{
    bool has_none = result == AUTH_NO_KEY || result == AUTH_CERTIFICATE;
    (void)problem_say(ex, has_none ? PROBLEM_NO_KEY : PROBLEM_BAD_KEY, auth_result_text(result));
    /* RFC 9110 §11.6.1: a 401 names a scheme. */
    ASSERT(header_list_add(&ex->response->headers, SPAN("www-authenticate"),
                           SPAN("Bearer realm=\"bpgate\"")));
    return STAGE_RESPOND;
}

enum verdict authenticated(struct exchange *ex, enum auth_result result)
{
    switch (result) {
    case AUTH_OK:
        ex->profile = ex->key->profile;
        return STAGE_NEXT;
    case AUTH_NO_KEY:
    case AUTH_NOT_OURS:
    case AUTH_CERTIFICATE:
        ex->profile = ex->services->anonymous;
        return ex->profile ? STAGE_NEXT : refuse(ex, result);
    case AUTH_TYPO:
    case AUTH_WRONG:
    case AUTH_EXPIRED:
    case AUTH_DISABLED:
        return refuse(ex, result);
    case AUTH_ADDRESS:
        return problem_say(ex, PROBLEM_FORBIDDEN, auth_result_text(result));
    }
    UNREACHABLE();
}

enum verdict authenticate_begin(struct exchange *ex)
{
    const struct services *services = ex->services;
    struct fingerprint fingerprint;
    bool has_certificate = client_fingerprint(ex->client, fingerprint.sha256);
    const struct presented presented = {
        .authorization = header_list_value(&ex->request->headers, HEADER_AUTHORIZATION),
        .key_header = header_list_value(&ex->request->headers, HEADER_X_BPGATE_KEY),
        .certificate = has_certificate ? &fingerprint : NULL,
        .address = ex->address.bytes,
        .address_len = ex->address.len,
    };
    size_t hash_index = 0;
    enum auth_result result =
        key_ring_authenticate(services->keys, services->known_keys, &presented, ex->started_wall_ms,
                              &ex->key, &hash_index);
    ex->secret = (unsigned)hash_index;
    enum verdict verdict = authenticated(ex, result);
    if (verdict == STAGE_RESPOND && result != AUTH_ADDRESS)
        limits_charge_failure(ex);
    return verdict;
}
