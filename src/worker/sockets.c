#include "worker/sockets.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/text.h"

static bool had(const struct snapshot_options *before, struct span address)
{
    for (size_t i = 0; before && i < before->listen_count; i++) {
        if (span_equal(before->listen[i].address, address))
            return true;
    }
    return false;
}

/* Workers share the queue of a socket that was opened before: it cannot be told to spread. */
static bool take_inherited(struct inherited_sockets *inherited, struct span address,
                           int *descriptors, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        descriptors[i] = inherited ? inherited_sockets_take(inherited, address) : -1;
        if (descriptors[i] < 0)
            return false;
    }
    return true;
}

static enum status bind_column(struct sockets *sockets, size_t column, struct span address,
                               struct inherited_sockets *inherited, char error[LISTENER_ERROR_SIZE])
{
    int *same = xcalloc(sockets->workers, sizeof(*same));
    enum status status = OK;
    if (!take_inherited(inherited, address, same, sockets->workers))
        status = listener_bind(address, same, sockets->workers, error);
    for (size_t i = 0; i < sockets->workers && status == OK; i++)
        sockets->at[i * sockets->addresses + column] = same[i];
    free(same);
    return status;
}

static enum status bind_admin(struct sockets *sockets, const struct snapshot_options *options,
                              const struct snapshot_options *before,
                              struct inherited_sockets *inherited, char error[LISTENER_ERROR_SIZE])
{
    struct span address = options->admin.address;
    if (address.len == 0 || (before && span_equal(before->admin.address, address)) ||
        take_inherited(inherited, address, &sockets->admin, 1))
        return OK;
    return listener_bind(address, &sockets->admin, 1, error);
}

enum status sockets_bind(struct sockets *sockets, const struct snapshot_options *options,
                         const struct snapshot_options *before, struct inherited_sockets *inherited,
                         size_t workers, char error[LISTENER_ERROR_SIZE])
{
    enum status status = OK;
    size_t count = workers * options->listen_count;
    *sockets =
        (struct sockets){.workers = workers, .addresses = options->listen_count, .admin = -1};
    sockets->at = xcalloc(count, sizeof(*sockets->at));
    for (size_t i = 0; i < count; i++)
        sockets->at[i] = -1;
    for (size_t i = 0; i < sockets->addresses && status == OK; i++) {
        if (!had(before, options->listen[i].address))
            status = bind_column(sockets, i, options->listen[i].address, inherited, error);
    }
    if (status == OK)
        status = bind_admin(sockets, options, before, inherited, error);
    if (status != OK)
        sockets_close(sockets);
    return status;
}

const int *sockets_of(const struct sockets *sockets, size_t worker)
{
    return sockets->at + worker * sockets->addresses;
}

void sockets_clear(struct sockets *sockets)
{
    free(sockets->at);
    *sockets = (struct sockets){.admin = -1};
}

void sockets_close(struct sockets *sockets)
{
    for (size_t i = 0; i < sockets->workers * sockets->addresses; i++) {
        if (sockets->at[i] >= 0)
            (void)close(sockets->at[i]);
    }
    if (sockets->admin >= 0)
        (void)close(sockets->admin);
    sockets_clear(sockets);
}
