/* replay_main.c - gives files, and the files of folders, to a fuzz target as an ordinary program.
 *
 * Usage: replay_fuzz_x PATH... Prints how many inputs ran. A path that cannot be read is an error,
 * so that a corpus that was moved does not pass for one that holds.
 */
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { LONGEST_PATH = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool complain(const char *path)
{
    fprintf(stderr, "%s: %s\n", path, strerror(errno));
    return false;
}

/* Memory of exactly the input's size, so that ASan sees a read past its end. */
static bool replay_file(const char *path, size_t size)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        return complain(path);
    uint8_t *data = malloc(size > 0 ? size : 1);
    bool is_read = data && fread(data, 1, size, file) == size;
    if (is_read)
        (void)LLVMFuzzerTestOneInput(data, size);
    free(data);
    fclose(file);
    return is_read || complain(path);
}

static bool replay(const char *path, bool may_be_folder, size_t *count);

static bool replay_folder(const char *path, size_t *count)
{
    DIR *folder = opendir(path);
    if (!folder)
        return complain(path);
    bool is_replayed = true;
    for (struct dirent *entry = readdir(folder); entry; entry = readdir(folder)) {
        char inside[LONGEST_PATH];
        if (entry->d_name[0] == '.')
            continue;
        (void)snprintf(inside, sizeof(inside), "%s/%s", path, entry->d_name);
        is_replayed = replay(inside, false, count) && is_replayed;
    }
    closedir(folder);
    return is_replayed;
}

static bool replay(const char *path, bool may_be_folder, size_t *count)
{
    struct stat status;
    if (stat(path, &status) < 0)
        return complain(path);
    if (S_ISDIR(status.st_mode))
        return may_be_folder && replay_folder(path, count);
    ++*count;
    return replay_file(path, (size_t)status.st_size);
}

int main(int argc, char **argv)
{
    size_t count = 0;
    bool is_replayed = true;
    for (int i = 1; i < argc; i++)
        is_replayed = replay(argv[i], true, &count) && is_replayed;
    printf("%zu inputs replayed\n", count);
    return is_replayed && count > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
