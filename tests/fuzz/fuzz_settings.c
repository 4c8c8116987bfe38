/* Settings: any bytes give a sealed snapshot or problems, never both; every problem can be printed on
 * one line and stands inside the text. */
#include <stdlib.h>

#include "base/text.h"
#include "config/config.h"
#include "config/config_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned count_lines(struct span text)
{
    unsigned lines = 1;
    for (size_t i = 0; i < text.len; i++)
        lines += text.at[i] == '\n' || text.at[i] == '\r' || (text.at[i] & 0x80);
    return lines;
}

static void check_problem(const struct config_errors *errors, size_t index, unsigned most_lines)
{
    char line[CONFIG_LINE_SIZE];
    config_problem_write(errors, index, line);
    ASSERT(errors->at[index].place.line <= most_lines + 1);
    for (size_t i = 0; line[i]; i++)
        ASSERT((unsigned char)line[i] >= 0x20 && line[i] != 0x7f);
}

/* What the workers take for granted. */
static void check_options(const struct snapshot_options *options)
{
    ASSERT(options->workers >= 1 && options->workers <= options->max_connections);
    ASSERT(options->listen_count >= 1 && options->upstream.host[0] != '\0');
    ASSERT(options->client.keep_alive_s * UINT64_C(1000) < options->client.idle_ms);
    ASSERT(options->client.head.line_bytes <= options->client.head.head_bytes);
    for (size_t i = 0; i < options->key_count; i++) {
        ASSERT(options->keys[i].profile && options->keys[i].id.len == KEY_ID_LEN);
        ASSERT(options->keys[i].hash_count >= 1 && options->keys[i].hash_count <= KEY_MAX_HASHES);
    }
    for (size_t i = 0; i < options->profile_count; i++)
        ASSERT(options->profiles[i].credential < (int)options->credential_count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct config_errors errors;
    struct span yaml = {(const char *)data, size};
    if (size > CONFIG_FILE_MAX)
        return 0;
    struct snapshot *snapshot = config_parse(yaml, "fuzz", &errors);
    ASSERT((snapshot == NULL) == (errors.errors > 0));
    for (size_t i = 0; i < errors.count; i++)
        check_problem(&errors, i, count_lines(yaml));
    if (snapshot)
        check_options(&snapshot->options);
    snapshot_release(snapshot);
    return 0;
}
