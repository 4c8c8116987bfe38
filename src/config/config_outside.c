#include "config/config_outside.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auth/credential_source.h"
#include "base/text.h"
#include "net/tls_context.h"

static const char trust_hint[] = "name a PEM file with the certificates to trust";

/* Settings that name a file, and what to do where it is the wrong one. */
struct named_file {
    const char *setting;
    const struct located *file;
    const char *hint;
};

static void check_source(const char *setting, const struct located *source,
                         struct config_errors *errors)
{
    char error[SOURCE_ERROR_SIZE];
    struct credential_source opened;
    struct token_text token;
    if (source->text.len == 0)
        return;
    if (credential_source_open(&opened, source->text, &token, error) != OK) {
        config_errors_add(errors, source->place, "%s: %s", setting, error);
        return;
    }
    credential_source_close(&opened);
    token_text_wipe(&token);
}

/* What the library would say of a file that is not there is told of all of them. */
static bool can_be_read(const struct named_file *named, struct config_errors *errors)
{
    struct stat info;
    int error = 0;
    int file = open(named->file->text.at, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (file < 0 || fstat(file, &info) != 0)
        error = errno;
    else if (S_ISDIR(info.st_mode))
        error = EISDIR;
    if (file >= 0)
        close(file);
    if (error != 0)
        config_errors_add(errors, named->file->place, "%s: %.200s: %s; %s", named->setting,
                          named->file->text.at, strerror(error), named->hint);
    return error == 0;
}

static void check_ca_file(const char *setting, const struct located *file,
                          struct config_errors *errors)
{
    char error[TLS_ERROR_SIZE];
    const struct named_file named = {setting, file, trust_hint};
    const struct tls_client_options options = {.server_name = "localhost",
                                               .ca_file = file->text.at};
    if (file->text.len == 0 || !can_be_read(&named, errors))
        return;
    struct tls_context *context = tls_context_create_client(&options, error);
    if (!context)
        config_errors_add(errors, file->place, "%s: %s; %s", setting, error, trust_hint);
    else
        tls_context_release(context);
}

/* The library's words begin with the name of the file that it stumbled over. */
static bool is_about(const char *error, const struct located *file)
{
    struct span text = span_of(error), name = file->text;
    return name.len > 0 && span_starts_with(text, name) && text.at[name.len] == ':';
}

static void check_listen_tls(const struct draft_listen *listen, struct config_errors *errors)
{
    char error[TLS_ERROR_SIZE];
    const struct named_file files[] = {
        {"listen[].tls.certificate", &listen->certificate,
         "name a PEM file with the server's certificate chain"},
        {"listen[].tls.key", &listen->key,
         "name the PEM file of the certificate's key, not encrypted"},
        {"listen[].tls.client_ca", &listen->client_ca, trust_hint}};
    const struct tls_server_options options = {.certificate_file = listen->certificate.text.at,
                                               .key_file = listen->key.text.at,
                                               .client_ca_file = listen->client_ca.text.at};
    bool is_whole = listen->certificate.text.len > 0 && listen->key.text.len > 0;
    for (size_t i = 0; i < COUNT_OF(files); i++)
        is_whole &= files[i].file->text.len == 0 || can_be_read(&files[i], errors);
    struct tls_context *context = is_whole ? tls_context_create_server(&options, error) : NULL;
    if (context)
        tls_context_release(context);
    if (context || !is_whole)
        return;
    size_t at = 0;
    while (at + 1 < COUNT_OF(files) && !is_about(error, files[at].file))
        at++;
    config_errors_add(errors, files[at].file->place, "%s: %s; %s", files[at].setting, error,
                      files[at].hint);
}

/* As the start will open it, but without making it. */
static void check_log(const char *setting, const struct located *log, struct config_errors *errors)
{
    static const struct span words[] = {SPAN_INIT("stdout"), SPAN_INIT("stderr"), SPAN_INIT("off"),
                                        SPAN_INIT("syslog")};
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        if (span_equal(log->text, words[i]))
            return;
    }
    if (log->place.line == 0 || span_starts_with(log->text, SPAN("syslog:")))
        return;
    int file = open(log->text.at, O_WRONLY | O_APPEND | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    int error = file < 0 ? errno : 0;
    if (file >= 0)
        close(file);
    if (error == ENOENT) {
        char folder[TEXT_MAX_LEN + 1] = ".";
        const char *slash = strrchr(log->text.at, '/');
        if (slash)
            memcpy(folder, log->text.at, (size_t)(slash - log->text.at) + 1);
        folder[slash ? slash - log->text.at + 1 : 1] = '\0';
        error = access(folder, W_OK | X_OK) == 0 ? 0 : errno;
    }
    if (error != 0)
        config_errors_add(errors, log->place,
                          "%s: %.200s cannot be written: %s; name a file in a folder that "
                          "bpgate may write to, or stdout",
                          setting, log->text.at, strerror(error));
}

void config_outside_check(const struct draft *draft, struct config_errors *errors)
{
    const struct draft_credential *credentials = draft->credentials.at;
    for (size_t i = 0; i < draft->credentials.count; i++) {
        check_source("credentials[].token", &credentials[i].token, errors);
        check_source("credentials[].next_token", &credentials[i].next_token, errors);
    }
    check_source("redis.password", &draft->redis_password, errors);
    check_source("admin.token", &draft->admin_token, errors);
    check_ca_file("upstream.ca_file", &draft->ca_file, errors);
    check_ca_file("redis.ca_file", &draft->redis_ca_file, errors);
    const struct draft_listen *listen = draft->listen.at;
    for (size_t i = 0; i < draft->listen.count; i++)
        check_listen_tls(&listen[i], errors);
    check_log("access_log", &draft->access_log, errors);
    check_log("audit_log", &draft->audit_log, errors);
}
