#include "script/script_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "script/script_host.h"

static int read_all(int file, char *bytes, size_t *len)
{
    for (;;) {
        ssize_t got = read(file, bytes + *len, SCRIPT_SOURCE_MAX + 1 - *len);
        if (got < 0 && errno != EINTR)
            return errno;
        if (got > 0)
            *len += (size_t)got;
        if (*len > SCRIPT_SOURCE_MAX)
            return EFBIG;
        if (got == 0)
            return 0;
    }
}

int script_file_read(const char *path, struct arena *arena, struct span *text)
{
    size_t len = 0;
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (file < 0)
        return errno;
    char *bytes = xmalloc(SCRIPT_SOURCE_MAX + 1);
    int error = read_all(file, bytes, &len);
    close(file);
    if (error == 0)
        *text = arena_copy(arena, (struct span){bytes, len});
    free(bytes);
    return error;
}
