#include "worker/worker_limits.h"

#include "base/log.h"
#include "base/text.h"

static void on_up(void *owner)
{
    (void)owner;
    log_event(LOG_INFO, "redis_up", FIELDS(field_text("purpose", SPAN("limits"))));
}

static void on_down(void *owner, enum redis_trouble trouble, struct span detail)
{
    struct worker_limits *limits = owner;
    redis_trouble_log(&limits->trouble, SPAN("limits"), trouble, detail, loop_now_ms(limits->loop));
}

enum status worker_limits_open(struct worker_limits *limits, struct loop *loop,
                               const struct snapshot_options *options, struct span instance,
                               char error[SHARED_CACHE_ERROR_SIZE])
{
    static const struct redis_events events = {on_up, on_down};
    limits->loop = loop;
    limits->target = shared_cache_target(options, loop, error);
    if (!limits->target)
        return ERR_MISSING;
    limits->redis = redis_limits_create(loop, limits->target, instance, &events, limits);
    return OK;
}

void worker_limits_close(struct worker_limits *limits)
{
    redis_limits_destroy(limits->redis);
    if (limits->target)
        redis_target_destroy(limits->target);
}
