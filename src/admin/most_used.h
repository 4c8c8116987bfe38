/* most_used.h - who has used most of a limit, as far as this gateway's memory and the settings tell. */
#ifndef ADMIN_MOST_USED_H
#define ADMIN_MOST_USED_H

#include "admin/admin_call.h"
#include "base/json_writer.h"
#include "gateway/limit_rules.h"

/* A member "most_used": the five with the least left that are not untouched; null for a policy that counts by
 * what the settings do not name. The first 1000 keys are asked for. With Redis it is what this gateway
 * has admitted. */
void most_used_write(const struct admin_call *call, const struct limit_policy *policy,
                     struct json_writer *json);

#endif
