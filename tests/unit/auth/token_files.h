/* token_files.h - a folder of a test's own, with files that hold tokens. */
#ifndef TEST_TOKEN_FILES_H
#define TEST_TOKEN_FILES_H

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"

enum { FILE_PATH_SIZE = 128 };

struct token_files {
    char folder[64];
};

static inline int token_files_make(void **state)
{
    struct token_files *files = xcalloc(1, sizeof(*files));
    snprintf(files->folder, sizeof(files->folder), "/tmp/bpgate-test-XXXXXX");
    *state = files;
    return mkdtemp(files->folder) ? 0 : -1;
}

static inline void token_files_path(const struct token_files *files, const char *name,
                                    char path[FILE_PATH_SIZE])
{
    snprintf(path, FILE_PATH_SIZE, "%s/%s", files->folder, name);
}

static inline int token_files_remove(void **state)
{
    struct token_files *files = *state;
    DIR *folder = opendir(files->folder);
    for (struct dirent *entry = readdir(folder); entry; entry = readdir(folder))
        (void)unlinkat(dirfd(folder), entry->d_name, 0);
    (void)closedir(folder);
    (void)rmdir(files->folder);
    free(files);
    return 0;
}

/* Into the same inode, as an editor without a temporary file does. */
static inline void token_files_write_in_place(const struct token_files *files, const char *name,
                                              struct span bytes)
{
    char path[FILE_PATH_SIZE];
    token_files_path(files, name, path);
    int descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    ASSERT(descriptor >= 0);
    ASSERT(write(descriptor, bytes.at, bytes.len) == (ssize_t)bytes.len);
    close(descriptor);
}

/* Another inode under the same name: seen whatever the file system's clock says. */
static inline void token_files_replace(const struct token_files *files, const char *name,
                                       const char *text)
{
    char path[FILE_PATH_SIZE], temporary[FILE_PATH_SIZE];
    token_files_write_in_place(files, "temporary", span_of(text));
    token_files_path(files, "temporary", temporary);
    token_files_path(files, name, path);
    ASSERT(rename(temporary, path) == 0);
}

static inline void token_files_drop(const struct token_files *files, const char *name)
{
    char path[FILE_PATH_SIZE];
    token_files_path(files, name, path);
    ASSERT(unlink(path) == 0);
}

/* A new link takes the name's place in one step, as Kubernetes swaps ..data. */
static inline void token_files_link(const struct token_files *files, const char *name,
                                    const char *target)
{
    char path[FILE_PATH_SIZE], temporary[FILE_PATH_SIZE];
    token_files_path(files, "temporary", temporary);
    token_files_path(files, name, path);
    ASSERT(symlink(target, temporary) == 0);
    ASSERT(rename(temporary, path) == 0);
}

#endif
