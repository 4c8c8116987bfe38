#include "config/config_outside.h"

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

void config_outside_check(const struct draft *draft, struct config_errors *errors)
{
    const struct draft_credential *credentials = draft->credentials.at;
    for (size_t i = 0; i < draft->credentials.count; i++)
        check_credential(&credentials[i], errors);
    if (draft->ca_file.text.len > 0)
        check_ca_file(draft, errors);
}
