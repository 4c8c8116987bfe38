#include "gateway/caller_address.h"

#include "base/text.h"

static bool is_trusted(const struct cidr_list *trusted, const struct address *address)
{
    return cidr_list_contains(trusted, address->bytes, address->len);
}

/* The last element of a comma-separated list, cut off it. */
static struct span cut_last(struct span *rest)
{
    size_t start = rest->len;
    while (start > 0 && rest->at[start - 1] != ',')
        start--;
    struct span last = span_skip(*rest, start);
    rest->len = start > 0 ? start - 1 : 0;
    return span_trim(last);
}

/* "192.0.2.1:4711", "[2001:db8::1]", "[2001:db8::1]:4711": some proxies write the port too. */
static struct span without_port(struct span text)
{
    const char *colon = text.len > 0 ? memchr(text.at, ':', text.len) : NULL;
    if (text.len > 0 && text.at[0] == '[') {
        struct span inside = span_skip(text, 1);
        return span_cut(&inside, ']');
    }
    bool has_one_colon = colon && !memchr(colon + 1, ':', (size_t)(text.at + text.len - colon - 1));
    return has_one_colon ? (struct span){text.at, (size_t)(colon - text.at)} : text;
}

/* Walks one field from its right; false once the chain has ended. */
static bool walk_back(struct span field, const struct cidr_list *trusted, struct address *caller)
{
    while (field.len > 0) {
        struct span element = cut_last(&field);
        struct address next;
        if (element.len == 0) /* RFC 9110 §5.6.1.2 */
            continue;
        if (!address_parse(without_port(element), &next))
            return false;
        *caller = next;
        if (!is_trusted(trusted, &next))
            return false;
    }
    return true;
}

struct address caller_address(const struct address *peer, const struct header_list *headers,
                              const struct cidr_list *trusted)
{
    struct address caller = *peer;
    bool goes_on = is_trusted(trusted, peer);
    /* RFC 9110 §5.3: several fields are one list, in their order. */
    for (size_t i = headers->count; goes_on && i > 0; i--) {
        if (headers->at[i - 1].id == HEADER_X_FORWARDED_FOR)
            goes_on = walk_back(headers->at[i - 1].value, trusted, &caller);
    }
    return caller;
}
