#include "config/first_key.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "base/text.h"

enum { OWNER_ONLY = 0600, OWNER_ONLY_FOLDER = 0700, OTHERS = 077 };

/* Empty counts as not set. */
static const char *variable(const char *name)
{
    const char *value = getenv(name);
    return value && value[0] ? value : NULL;
}

bool first_key_directory(char path[FIRST_KEY_PATH_SIZE])
{
    static const struct {
        const char *variable, *below;
    } places[] = {
        {"STATE_DIRECTORY", ""}, {"XDG_STATE_HOME", "/bpgate"}, {"HOME", "/.local/state/bpgate"}};
    for (size_t i = 0; i < COUNT_OF(places); i++) {
        struct span value = span_of(variable(places[i].variable));
        if (i == 0)
            value = span_cut(&(struct span){value.at, value.len}, ':');
        if (value.len == 0)
            continue;
        int len = snprintf(path, FIRST_KEY_PATH_SIZE, "%.*s%s", (int)value.len, value.at,
                           places[i].below);
        return len < FIRST_KEY_PATH_SIZE;
    }
    return false;
}

/* With those above it. */
static bool make_directory(const char *directory)
{
    char path[FIRST_KEY_PATH_SIZE];
    int len = snprintf(path, sizeof(path), "%s", directory);
    if (len >= FIRST_KEY_PATH_SIZE) {
        errno = ENAMETOOLONG;
        return false;
    }
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(path, OWNER_ONLY_FOLDER) != 0 && errno != EEXIST)
            return false;
        *slash = '/';
    }
    return mkdir(path, OWNER_ONLY_FOLDER) == 0 || errno == EEXIST;
}

static void say(char error[FIRST_KEY_ERROR_SIZE], const char *path, const char *what)
{
    snprintf(error, FIRST_KEY_ERROR_SIZE, "the gateway's key, %s, %s", path, what);
}

static void say_errno(char error[FIRST_KEY_ERROR_SIZE], const char *path, const char *what)
{
    snprintf(error, FIRST_KEY_ERROR_SIZE,
             "the gateway's key, %s, cannot be %s: %s; set STATE_DIRECTORY to a folder that can be "
             "written",
             path, what, strerror(errno));
}

/* ERR_MISSING: there is none yet. */
static enum status read_key(struct first_key *key, char error[FIRST_KEY_ERROR_SIZE])
{
    char text[KEY_LEN + 2];
    struct stat info;
    struct gateway_key parsed;
    int file = open(key->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (file < 0 && errno == ENOENT)
        return ERR_MISSING;
    if (file < 0) {
        say_errno(error, key->path, "opened");
        return ERR_IO;
    }
    bool is_stated = fstat(file, &info) == 0;
    ssize_t len = read(file, text, sizeof(text));
    close(file);
    bool is_whole = len == KEY_LEN || (len == KEY_LEN + 1 && text[KEY_LEN] == '\n');
    if (!is_stated || (info.st_mode & OTHERS) != 0) {
        say(error, key->path, "can be read by others; chmod 600 it, or remove it for a new one");
        return ERR_IO;
    }
    if (!is_whole || gateway_key_parse((struct span){text, KEY_LEN}, &parsed) != KEY_FORM_GOOD) {
        say(error, key->path, "is damaged; remove it for a new one");
        return ERR_SYNTAX;
    }
    memcpy(key->text, text, KEY_LEN);
    key->text[KEY_LEN] = '\0';
    OPENSSL_cleanse(text, sizeof(text));
    return OK;
}

static bool write_key(int file, const char *key)
{
    char line[KEY_LEN + 2];
    snprintf(line, sizeof(line), "%s\n", key);
    bool is_written = write(file, line, KEY_LEN + 1) == KEY_LEN + 1 && fsync(file) == 0;
    OPENSSL_cleanse(line, sizeof(line));
    return is_written;
}

/* Under another name first, then linked: a key that is there is whole, and the first of two starts
 * wins. ERR_MISSING: another start has been faster. */
static enum status make_key(struct first_key *key, char error[FIRST_KEY_ERROR_SIZE])
{
    char temporary[FIRST_KEY_PATH_SIZE + 8];
    snprintf(temporary, sizeof(temporary), "%s.XXXXXX", key->path);
    int file = mkostemp(temporary, O_CLOEXEC);
    if (file < 0) {
        say_errno(error, key->path, "made");
        return ERR_IO;
    }
    gateway_key_make(key->text);
    bool is_kept = fchmod(file, OWNER_ONLY) == 0 && write_key(file, key->text) &&
                   link(temporary, key->path) == 0;
    int reason = errno;
    close(file);
    unlink(temporary);
    errno = reason;
    if (is_kept)
        return OK;
    if (reason == EEXIST)
        return ERR_MISSING;
    say_errno(error, key->path, "written");
    return ERR_IO;
}

enum status first_key_load(const char *directory, struct first_key *key,
                           char error[FIRST_KEY_ERROR_SIZE])
{
    *key = (struct first_key){0};
    int len = snprintf(key->path, sizeof(key->path), "%s/first.key", directory);
    if (len >= FIRST_KEY_PATH_SIZE) {
        say(error, directory, "has too long a path; set STATE_DIRECTORY to a shorter one");
        return ERR_LIMIT;
    }
    if (!make_directory(directory)) {
        say_errno(error, key->path, "kept");
        return ERR_IO;
    }
    enum status status = read_key(key, error);
    if (status != ERR_MISSING)
        return status;
    status = make_key(key, error);
    key->is_new = status == OK;
    return status == ERR_MISSING ? read_key(key, error) : status;
}
