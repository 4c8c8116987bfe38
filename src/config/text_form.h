/* text_form.h - what the text of a setting must look like. Pure. */
#ifndef CONFIG_TEXT_FORM_H
#define CONFIG_TEXT_FORM_H

#include "base/base.h"

enum { NAME_MAX_LEN = 64, ID_MAX_LEN = 256, TEXT_MAX_LEN = 4096 };

/* Name, the word for it in the reference, what a text must be. */
#define TEXT_FORMS(FORM)                                                                           \
    FORM(NAME, "name", "must be 1 to 64 visible ASCII characters without spaces")                  \
    FORM(LABEL, "label",                                                                           \
         "must be 1 to 64 visible ASCII characters without spaces, \" or \\: it becomes part of "  \
         "a header")                                                                               \
    FORM(ID, "id",                                                                                 \
         "must be 1 to 256 visible ASCII characters without spaces: it becomes a header")          \
    FORM(KEY_ID, "key id", "must be 10 letters and digits, as `bpgate key new` prints them")       \
    FORM(                                                                                          \
        HASH, "SHA-256",                                                                           \
        "must be 64 hexadecimal digits, as `bpgate key new` prints them; the key itself does not " \
        "belong here")                                                                             \
    FORM(FINGERPRINT, "fingerprint",                                                               \
         "must be a certificate's SHA-256 fingerprint, 64 hexadecimal digits with or without "     \
         "colons, as `openssl x509 -noout -fingerprint -sha256` prints it")                        \
    FORM(ADDRESS, "address",                                                                       \
         "must be an IP address and a port: 127.0.0.1:8080, \"[::1]:8080\" or \"*:8080\"")         \
    FORM(URL, "URL", "must be https:// and a host, as in https://api.botpress.cloud")              \
    FORM(PROXY, "proxy URL", "must be http:// and a host, as in http://proxy:3128")                \
    FORM(REDIS, "Redis URL", "must be redis:// and a host, as in redis://127.0.0.1:6379/0")        \
    FORM(FILE, "file", "must be the name of a file")                                               \
    FORM(LOG, "stdout, stderr, off, syslog or file",                                               \
         "must be stdout, stderr, off, syslog or the name of a file")                              \
    FORM(SOURCE, "source",                                                                         \
         "must say where the secret is: env:NAME, file:PATH or cred:NAME; the secret itself does " \
         "not belong here")                                                                        \
    FORM(CIDR, "address range",                                                                    \
         "must be an address range such as 10.0.0.0/8 or ::1, with no bits set behind the prefix") \
    FORM(ORIGIN, "origin",                                                                         \
         "must be an origin as browsers send it: https://app.example.com, in lower case, without " \
         "a path, and without the port if it is the usual one")                                    \
    FORM(OPERATION, "operation", "must be an operation such as createMessage, \"list*\" or read")  \
    FORM(ROUTE, "path", "must be a path such as /v1/chat/*, in which * is any run of characters")  \
    FORM(MAP, "map", "must be a map of the script's own")

#define FORM_ENUM(name, word, rule) FORM_##name,
enum text_form { TEXT_FORMS(FORM_ENUM) };
#undef FORM_ENUM

/* The word for it: "name". */
const char *text_form_word(enum text_form form);

/* NULL when the text has the form, else the rest of a sentence: "must be …". Never shows the text,
 * which may be a secret put into the wrong place. */
const char *text_form_fault(enum text_form form, struct span text);

#endif
