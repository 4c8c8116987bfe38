#include "response_head.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The value of a field, or NULL. */
static const char *field(const char *head, const char *name)
{
    size_t len = strlen(name);
    for (const char *line = strstr(head, "\r\n"); line; line = strstr(line + 2, "\r\n")) {
        if (strncasecmp(line + 2, name, len) == 0 && line[2 + len] == ':')
            return line + 3 + len;
    }
    return NULL;
}

bool response_head_read(const char *head, unsigned *status, uint64_t *length)
{
    static const char version[] = "HTTP/1.1 ";
    const char *text = field(head, "content-length");
    if (!text || strncmp(head, version, sizeof(version) - 1) != 0)
        return false;
    *status = (unsigned)strtoul(head + sizeof(version) - 1, NULL, 10);
    *length = strtoull(text, NULL, 10);
    return true;
}
