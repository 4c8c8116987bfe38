/* fake_dialers.h - dialers that a module creates for itself, each connecting when the test says so.
 * Header only; as fake_dialer.h, in the place of net/dialer.c.
 */
#ifndef SUPPORT_FAKE_DIALERS_H
#define SUPPORT_FAKE_DIALERS_H

#include <stdio.h>

#include "base/text.h"
#include "support/fake_dialer.h"

enum { FAKE_DIALERS = 16 };

static struct {
    struct dialer at[FAKE_DIALERS];
    char names[FAKE_DIALERS][300]; /* "host:port" */
    bool is_destroyed[FAKE_DIALERS];
    size_t count;
} fake_dialers;

struct dialer *dialer_create(struct loop *loop, const struct dialer_options *options,
                             struct tls_context *tls)
{
    (void)loop, (void)tls;
    ASSERT(fake_dialers.count < FAKE_DIALERS);
    struct dialer *dialer = &fake_dialers.at[fake_dialers.count];
    (void)snprintf(fake_dialers.names[fake_dialers.count], sizeof(fake_dialers.names[0]), "%s:%u",
                   options->host, options->port);
    fake_dialers.is_destroyed[fake_dialers.count++] = false;
    fake_dialer_init(dialer);
    return dialer;
}

void dialer_destroy(struct dialer *dialer)
{
    ASSERT(list_is_empty(&dialer->running));
    fake_dialers.is_destroyed[dialer - fake_dialers.at] = true;
}

static inline void fake_dialers_init(void)
{
    fake_dialers.count = 0;
}

static inline void fake_dialers_turn(struct loop *loop)
{
    for (size_t i = 0; i < fake_dialers.count; i++)
        fake_dialer_turn(&fake_dialers.at[i], loop);
}

/* All are destroyed and all our ends are closed. */
static inline void fake_dialers_clear(void)
{
    for (size_t i = 0; i < fake_dialers.count; i++) {
        ASSERT(fake_dialers.is_destroyed[i]);
        fake_dialer_clear(&fake_dialers.at[i]);
    }
}

#endif
