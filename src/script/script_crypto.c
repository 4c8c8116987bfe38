#include "script/script_crypto.h"

#include <lauxlib.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include "base/base.h"
#include "script/script_budget.h"

enum { HASH_WORK = 4, TEXT_MAX = 1 * MIB };

static struct span check_text(lua_State *lua, int index)
{
    struct span text;
    text.at = luaL_checklstring(lua, index, &text.len);
    luaL_argcheck(lua, text.len <= TEXT_MAX, index, "longer than 1 MiB");
    script_charge(lua, text.len * HASH_WORK);
    return text;
}

static int push_hex(lua_State *lua, const unsigned char *bytes, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    char text[2 * EVP_MAX_MD_SIZE];
    for (size_t i = 0; i < len; i++) {
        text[2 * i] = digits[bytes[i] >> 4];
        text[2 * i + 1] = digits[bytes[i] & 15];
    }
    lua_pushlstring(lua, text, 2 * len);
    return 1;
}

int script_sha256(lua_State *lua)
{
    unsigned char digest[SHA256_DIGEST_LENGTH];
    struct span text = check_text(lua, 1);
    SHA256((const unsigned char *)text.at, text.len, digest);
    return push_hex(lua, digest, sizeof(digest));
}

int script_hmac(lua_State *lua)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    struct span key = check_text(lua, 1), text = check_text(lua, 2);
    ASSERT(HMAC(EVP_sha256(), key.at, (int)key.len, (const unsigned char *)text.at, text.len,
                digest, &len));
    return push_hex(lua, digest, len);
}

int script_base64_encode(lua_State *lua)
{
    struct span text = check_text(lua, 1);
    luaL_Buffer out;
    char *bytes = luaL_buffinitsize(lua, &out, text.len / 3 * 4 + 5);
    int len =
        EVP_EncodeBlock((unsigned char *)bytes, (const unsigned char *)text.at, (int)text.len);
    luaL_pushresultsize(&out, (size_t)len);
    return 1;
}

static size_t padding_of(struct span text)
{
    size_t count = 0;
    while (count < 2 && count < text.len && text.at[text.len - 1 - count] == '=')
        count++;
    return count;
}

int script_base64_decode(lua_State *lua)
{
    struct span text = check_text(lua, 1);
    luaL_Buffer out;
    char *bytes = luaL_buffinitsize(lua, &out, text.len / 4 * 3 + 4);
    int len =
        EVP_DecodeBlock((unsigned char *)bytes, (const unsigned char *)text.at, (int)text.len);
    if (len < 0 || text.len % 4 != 0) {
        lua_pushnil(lua);
        return 1;
    }
    luaL_pushresultsize(&out, (size_t)len - padding_of(text));
    return 1;
}
