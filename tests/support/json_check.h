/* json_check.h - whether bytes are one valid JSON text (RFC 8259) in valid UTF-8. Tests only. */
#ifndef SUPPORT_JSON_CHECK_H
#define SUPPORT_JSON_CHECK_H

#include "base/base.h"

bool json_is_valid(struct span text);

#endif
