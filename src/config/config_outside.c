#include "config/config_outside.h"

#include "base/text.h"
#include "net/tls_context.h"

static void check_credential(const struct draft_credential *draft, struct config_errors *errors)
{
    char error[CREDENTIAL_ERROR_SIZE];
    const struct credential_options options = {
        .name = draft->name.text, .token = draft->token.text, .next_token = draft->next_token.text};
    struct credential *credential = credential_create(&options, error);
    if (!credential)
        config_errors_add(errors, draft->token.place, "%s", error);
    credential_destroy(credential);
}

static void check_ca_file(const struct draft *draft, struct config_errors *errors)
{
    char error[TLS_ERROR_SIZE];
    const struct tls_client_options options = {.server_name = "localhost",
                                               .ca_file = draft->ca_file.text.at};
    struct tls_context *context = tls_context_create_client(&options, error);
    if (!context)
        config_errors_add(errors, draft->ca_file.place, "upstream.ca_file: %s", error);
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
    const struct {
        const char *setting;
        const struct located *file;
    } files[] = {{"certificate", &listen->certificate},
                 {"key", &listen->key},
                 {"client_ca", &listen->client_ca}};
    const struct tls_server_options options = {.certificate_file = listen->certificate.text.at,
                                               .key_file = listen->key.text.at,
                                               .client_ca_file = listen->client_ca.text.at};
    struct tls_context *context = tls_context_create_server(&options, error);
    if (context) {
        tls_context_release(context);
        return;
    }
    size_t at = 0;
    while (at + 1 < COUNT_OF(files) && !is_about(error, files[at].file))
        at++;
    config_errors_add(errors, files[at].file->place, "listen[].tls.%s: %s", files[at].setting,
                      error);
}

void config_outside_check(const struct draft *draft, struct config_errors *errors)
{
    const struct draft_credential *credentials = draft->credentials.at;
    for (size_t i = 0; i < draft->credentials.count; i++)
        check_credential(&credentials[i], errors);
    if (draft->ca_file.text.len > 0)
        check_ca_file(draft, errors);
    const struct draft_listen *listen = draft->listen.at;
    for (size_t i = 0; i < draft->listen.count; i++) {
        if (listen[i].certificate.text.len > 0)
            check_listen_tls(&listen[i], errors);
    }
}
