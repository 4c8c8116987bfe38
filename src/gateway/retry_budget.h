/* retry_budget.h - how many retries the traffic may carry, so that a failing upstream is not buried.
 *
 * A token bucket in hundredths: each first try earns `percent`, each retry costs 100; a small
 * reserve lets quiet gateways retry too. One per worker; pure.
 */
#ifndef GATEWAY_RETRY_BUDGET_H
#define GATEWAY_RETRY_BUDGET_H

#include "base/base.h"

struct retry_budget {
    uint32_t hundredths;
};

void retry_budget_init(struct retry_budget *budget);
void retry_budget_earn(struct retry_budget *budget, unsigned percent);

/* Takes one retry; false when there is none left. */
bool retry_budget_spend(struct retry_budget *budget);

#endif
