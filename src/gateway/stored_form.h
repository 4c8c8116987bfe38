/* stored_form.h - a stored response in the coding that the client takes (RFC 9110 §12.5.3).
 *
 * What was stored in gzip is given decoded to who does not take that: made once, and kept in the cache
 * beside the other. */
#ifndef GATEWAY_STORED_FORM_H
#define GATEWAY_STORED_FORM_H

#include "gateway/lookup.h"

/* Counted for the caller; NULL: there is no form that the client takes. */
struct cache_entry *stored_form(const struct lookup *lookup, struct cache_entry *entry);

#endif
