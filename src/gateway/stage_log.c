#include "base/clock.h"
#include "gateway/access_line.h"
#include "gateway/audit.h"
#include "gateway/filters.h"
#include "gateway/stages.h"
#include "gateway/tally.h"

enum verdict log_begin(struct exchange *ex)
{
    const struct services *services = ex->services;
    char text[ACCESS_LINE_SIZE];
    ex->ended_us = clock_us();
    filters_log(ex);
    tally_exchange(ex);
    audit_exchange(ex);
    if (services->access_log)
        (void)log_ring_write(services->access_log, services->access_log_is_text
                                                       ? access_line_text(ex, text)
                                                       : access_line_json(ex, text));
    return STAGE_NEXT;
}
