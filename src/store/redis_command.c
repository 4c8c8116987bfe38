#include "store/redis_command.h"

#include <stdio.h>

#include "base/text.h"

struct span redis_command_line(char line[REDIS_LINE_SIZE], char type, size_t number)
{
    int len = snprintf(line, REDIS_LINE_SIZE, "%c%zu\r\n", type, number);
    ASSERT(len > 0 && len < REDIS_LINE_SIZE);
    return (struct span){line, (size_t)len};
}

static size_t line_len(size_t number)
{
    size_t len = 1 + 1 + 2; /* type, digit, end */
    while (number >= 10) {
        number /= 10;
        len++;
    }
    return len;
}

size_t redis_command_len(const struct span *argv, size_t argc)
{
    size_t len = line_len(argc);
    for (size_t i = 0; i < argc; i++)
        len += line_len(argv[i].len) + argv[i].len + 2;
    return len;
}

enum status redis_command_append(struct buffer *buffer, const struct span *argv, size_t argc)
{
    char line[REDIS_LINE_SIZE];
    if (redis_command_len(argv, argc) > buffer->limit - buffer->len)
        return ERR_LIMIT;
    enum status status = buffer_append(buffer, redis_command_line(line, '*', argc));
    for (size_t i = 0; i < argc && status == OK; i++) {
        status = buffer_append(buffer, redis_command_line(line, '$', argv[i].len));
        if (status == OK)
            status = buffer_append(buffer, argv[i]);
        if (status == OK)
            status = buffer_append(buffer, SPAN("\r\n"));
    }
    return status;
}
