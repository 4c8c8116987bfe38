/* parser.h - a whole, checked head into a request or a response. llhttp behind one call each.
 *
 * The head is complete and has passed head_check; its bytes must stay in place as long as the
 * message, whose spans point into them. Pure but for the arena.
 */
#ifndef HTTP_PARSER_H
#define HTTP_PARSER_H

#include "http/head_check.h"
#include "http/known_fields.h"
#include "http/message.h"

struct parser_limits {
    size_t header_count; /* room for this many fields, and `spare` more that bpgate adds */
    size_t spare;
    size_t lines; /* of the head, as head_check has counted them; 0: nobody has */
    const struct known_fields *known; /* borrowed: what they mean if they are these; or NULL */
    bool takes_foreign_codings;       /* framing_has_foreign_coding */
};

/* Fills *request, its framing and target included, or says what is wrong with it (RFC 9112 §3, §5,
 * §6; product rules: repeated or aliased guarded fields, path rules). OPTIONS * has path "*". */
enum http_fault parse_request(struct span head, const struct parser_limits *limits,
                              struct arena *arena, struct request *request);

/* to_head: the request was HEAD, so there is no body whatever the fields say. An interim response
 * (1xx) has no body and is followed by another head. */
enum http_fault parse_response(struct span head, bool to_head, const struct parser_limits *limits,
                               struct arena *arena, struct response *response);

#endif
