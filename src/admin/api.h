/* api.h - what the admin listener tells as JSON, for the dashboard and for programs. */
#ifndef ADMIN_API_H
#define ADMIN_API_H

#include "admin/admin_call.h"

void api_keys(struct admin_call *call);
void api_limits(struct admin_call *call); /* api_limits.c */
void api_cache(struct admin_call *call);
void api_upstream(struct admin_call *call);
void api_redis(struct admin_call *call);
void api_refusals(struct admin_call *call);
void api_settings(struct admin_call *call);
void api_log_level(struct admin_call *call);
void api_set_log_level(struct admin_call *call);

#endif
