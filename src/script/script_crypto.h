/* script_crypto.h - gw.sha256, gw.hmac, gw.base64: of OpenSSL, as text. One thread. */
#ifndef SCRIPT_SCRIPT_CRYPTO_H
#define SCRIPT_SCRIPT_CRYPTO_H

#include <lua.h>

int script_sha256(lua_State *lua);        /* (text): hexadecimal */
int script_hmac(lua_State *lua);          /* (key, text): of SHA-256, hexadecimal */
int script_base64_encode(lua_State *lua); /* (text) */
int script_base64_decode(lua_State *lua); /* (text): nil for what is none */

#endif
