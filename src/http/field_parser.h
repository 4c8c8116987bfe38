/* field_parser.h - the fields of a head into a list, by llhttp with every lenient flag off.
 *
 * llhttp also has an opinion on where the message ends. framing.c decides that; a message on which
 * the two differ is refused. Pure.
 */
#ifndef HTTP_FIELD_PARSER_H
#define HTTP_FIELD_PARSER_H

#include "http/head_check.h"
#include "http/message.h"

struct end_opinion {
    bool is_chunked, has_length;
    uint64_t length;
};

/* fields: what follows the start line, the empty line included. Fills *list, whose spans point into
 * fields. */
enum http_fault field_parser_run(struct span fields, enum head_kind kind, struct header_list *list,
                                 struct end_opinion *opinion);

bool end_opinion_agrees(const struct end_opinion *opinion, const struct framing *framing);

#endif
