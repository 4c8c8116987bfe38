#include <stdio.h>

#include <jansson.h>
#include <llhttp.h>
#include <openssl/crypto.h>
#include <uv.h>
#include <yaml.h>
#include <zlib.h>

#include "cli/cli.h"
#include "cli/commands.h"

int version_command(const struct arguments *arguments)
{
    (void)arguments;
    printf("bpgate %s\n", BPGATE_VERSION);
    printf("libuv %s\n", uv_version_string());
    printf("llhttp %d.%d.%d\n", LLHTTP_VERSION_MAJOR, LLHTTP_VERSION_MINOR, LLHTTP_VERSION_PATCH);
    printf("OpenSSL %s\n", OpenSSL_version(OPENSSL_VERSION_STRING));
    printf("libyaml %s\n", yaml_get_version_string());
    printf("jansson %s\n", jansson_version_str());
    printf("zlib %s\n", zlibVersion());
    return EXIT_OK;
}
