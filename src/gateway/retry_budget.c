#include "gateway/retry_budget.h"

enum { RETRY_COST = 100, RESERVE = 10 * RETRY_COST };

void retry_budget_init(struct retry_budget *budget)
{
    budget->hundredths = RESERVE;
}

void retry_budget_earn(struct retry_budget *budget, unsigned percent)
{
    budget->hundredths += percent;
    if (budget->hundredths > 10 * RESERVE)
        budget->hundredths = 10 * RESERVE;
}

bool retry_budget_spend(struct retry_budget *budget)
{
    if (budget->hundredths < RETRY_COST)
        return false;
    budget->hundredths -= RETRY_COST;
    return true;
}
