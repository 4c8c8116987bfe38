#include "script/script_regex.h"

#include <lauxlib.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/text.h"
#include "script/script_budget.h"

enum {
    PATTERN_MAX = 1 * KIB,
    REGEXES_MAX = 64,
    STEPS_MAX = 50000,
    DEPTH_MAX = 500,
    HEAP_KIB = 1024,
    GROUPS_MAX = 32,
    MATCH_WORK = 512,   /* as it is charged, beside its length */
    STARTS_A_LOOK = 64, /* places that are tried between two looks at the clock */
};

static const char type[] = "bpgate.regex";

struct script_regex {
    pcre2_code *code;
    pcre2_match_data *match;
    pcre2_match_context *bounds;
    struct script_budget *budget; /* borrowed */
    unsigned starts;              /* since the clock was looked at */
};

struct script_regex *script_regex_at(lua_State *lua, int index)
{
    return luaL_checkudata(lua, index, type);
}

/* --- Making one --- */

static int destroy(lua_State *lua)
{
    struct script_regex *regex = script_regex_at(lua, 1);
    if (regex->code)
        script_budget_of(lua)->regexes--;
    pcre2_match_data_free(regex->match);
    pcre2_match_context_free(regex->bounds);
    pcre2_code_free(regex->code);
    *regex = (struct script_regex){0};
    return 0;
}

/* PCRE2's limit of steps is one for each place of the text that is tried, so that a long text may take a
 * million times as many: the callout at the pattern's beginning comes at each place. */
static int on_start(pcre2_callout_block *block, void *owner)
{
    (void)block;
    struct script_regex *regex = owner;
    if (++regex->starts < STARTS_A_LOOK)
        return 0;
    regex->starts = 0;
    return script_budget_is_late(regex->budget) ? PCRE2_ERROR_MATCHLIMIT : 0;
}

/* Behind what must stand first, such as (*UTF). */
static size_t verbs_len(struct span pattern)
{
    size_t end = 0, next = 0;
    while (end = next, pattern.len - end > 2 && memcmp(pattern.at + end, "(*", 2) == 0) {
        next += 2 + strspn(pattern.at + end + 2, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_=");
        if (pattern.at[next] != ')')
            return end;
        next++;
    }
    return end;
}

static void compile(lua_State *lua, struct script_regex *regex, struct span pattern,
                    uint32_t options)
{
    static const struct span callout = SPAN_INIT("(?C1)");
    PCRE2_UCHAR words[128];
    int error;
    PCRE2_SIZE place;
    char text[PATTERN_MAX + sizeof("(?C1)")];
    size_t verbs = verbs_len(pattern);
    memcpy(text, pattern.at, verbs);
    memcpy(text + verbs, callout.at, callout.len);
    memcpy(text + verbs + callout.len, pattern.at + verbs, pattern.len - verbs);
    regex->code = pcre2_compile((PCRE2_SPTR)text, pattern.len + callout.len,
                                options | PCRE2_NEVER_BACKSLASH_C, &error, &place, NULL);
    if (!regex->code) {
        (void)pcre2_get_error_message(error, words, sizeof(words));
        place -= place > verbs + callout.len ? callout.len : 0;
        luaL_error(lua, "this regular expression is none, at byte %d: %s", (int)place + 1,
                   (const char *)words);
    }
    regex->budget = script_budget_of(lua);
    regex->budget->regexes++;
    regex->match = pcre2_match_data_create_from_pattern(regex->code, NULL);
    regex->bounds = pcre2_match_context_create(NULL);
    ASSERT(regex->match && regex->bounds);
    ASSERT(pcre2_set_match_limit(regex->bounds, STEPS_MAX) == 0);
    ASSERT(pcre2_set_depth_limit(regex->bounds, DEPTH_MAX) == 0);
    ASSERT(pcre2_set_heap_limit(regex->bounds, HEAP_KIB) == 0);
    ASSERT(pcre2_set_callout(regex->bounds, on_start, regex) == 0);
}

int script_regex_make(lua_State *lua)
{
    struct span pattern;
    pattern.at = luaL_checklstring(lua, 1, &pattern.len);
    const char *flags = luaL_optstring(lua, 2, "");
    luaL_argcheck(lua, pattern.len <= PATTERN_MAX, 1, "longer than 1 KiB");
    luaL_argcheck(lua, strspn(flags, "i") == strlen(flags), 2, "the only flag is \"i\"");
    script_charge(lua, PATTERN_MAX * 16);
    if (script_budget_of(lua)->regexes >= REGEXES_MAX)
        return luaL_error(lua,
                          "64 regular expressions are all; make each once, outside of functions");
    struct script_regex *regex = lua_newuserdatauv(lua, sizeof(*regex), 0);
    *regex = (struct script_regex){0};
    luaL_setmetatable(lua, type);
    compile(lua, regex, pattern, *flags ? PCRE2_CASELESS : 0);
    return 1;
}

/* --- Using it --- */

/* How many groups there are, 0 for no match, or < 0: too much. */
static int match(struct script_regex *regex, struct span text, size_t from)
{
    int found = pcre2_match(regex->code, (PCRE2_SPTR)(text.len ? text.at : ""), text.len, from, 0,
                            regex->match, regex->bounds);
    return found == PCRE2_ERROR_NOMATCH ? 0 : found;
}

/* Up to the match, and what stands for it. */
static bool append_pair(struct buffer *out, struct span before, struct span replacement)
{
    return buffer_append(out, before) == OK && buffer_append(out, replacement) == OK;
}

enum regex_end script_regex_replace(struct script_regex *regex, struct span text,
                                    struct span replacement, struct buffer *out)
{
    const PCRE2_SIZE *places = pcre2_get_ovector_pointer(regex->match);
    size_t copied = 0, from = 0;
    int found = match(regex, text, 0);
    if (found == 0)
        return REGEX_NONE;
    while (found > 0) {
        size_t begin = places[0] < copied ? copied : places[0];
        size_t end = places[1] > begin ? places[1] : begin;
        if (!append_pair(out, (struct span){text.at + copied, begin - copied}, replacement))
            return REGEX_TOO_MUCH;
        copied = end;
        from = end > begin ? end : begin + 1;
        found = from <= text.len ? match(regex, text, from) : 0;
    }
    bool is_whole = found == 0 && buffer_append(out, span_skip(text, copied)) == OK;
    return is_whole ? REGEX_FOUND : REGEX_TOO_MUCH;
}

static int match_here(lua_State *lua, struct script_regex *regex, struct span text, size_t from)
{
    script_charge(lua, MATCH_WORK);
    int found = match(regex, text, from);
    size_t end = found > 0 ? pcre2_get_ovector_pointer(regex->match)[1] : text.len;
    script_charge(lua, end > from ? end - from : 0);
    if (found < 0)
        luaL_error(lua, "this regular expression takes too many steps on a text of %I bytes",
                   (lua_Integer)text.len);
    return found;
}

static struct span check_text(lua_State *lua, int index)
{
    struct span text;
    text.at = luaL_checklstring(lua, index, &text.len);
    return text;
}

static int test(lua_State *lua)
{
    struct script_regex *regex = script_regex_at(lua, 1);
    lua_pushboolean(lua, match_here(lua, regex, check_text(lua, 2), 0) > 0);
    return 1;
}

/* The groups, or all of the match when there are none; false for a group that took no part. */
static int groups(lua_State *lua)
{
    struct script_regex *regex = script_regex_at(lua, 1);
    struct span text = check_text(lua, 2);
    int found = match_here(lua, regex, text, 0);
    const PCRE2_SIZE *places = pcre2_get_ovector_pointer(regex->match);
    if (found == 0) {
        lua_pushnil(lua);
        return 1;
    }
    int first = found > 1 ? 1 : 0, count = 0;
    for (int i = first; i < found && count < GROUPS_MAX; i++, count++) {
        if (places[2 * i] == PCRE2_UNSET)
            lua_pushboolean(lua, false);
        else
            lua_pushlstring(lua, text.at + places[2 * i], places[2 * i + 1] - places[2 * i]);
    }
    return count;
}

/* gsub(text, replacement): the text, and how often. The replacement is taken as it stands. */
static int replace_all(lua_State *lua)
{
    struct script_regex *regex = script_regex_at(lua, 1);
    struct span text = check_text(lua, 2), replacement = check_text(lua, 3);
    const PCRE2_SIZE *places = pcre2_get_ovector_pointer(regex->match);
    luaL_Buffer out;
    lua_Integer count = 0;
    size_t copied = 0, from = 0;
    luaL_buffinit(lua, &out);
    while (from <= text.len && match_here(lua, regex, text, from) > 0) {
        size_t begin = places[0] < copied ? copied : places[0], end = places[1];
        luaL_addlstring(&out, text.at + copied, begin - copied);
        luaL_addlstring(&out, replacement.at, replacement.len);
        copied = end > begin ? end : begin;
        from = end > begin ? end : begin + 1;
        count++;
    }
    luaL_addlstring(&out, text.at + copied, text.len - copied);
    luaL_pushresult(&out);
    lua_pushinteger(lua, count);
    return 2;
}

void script_regex_open(lua_State *lua)
{
    static const struct luaL_Reg methods[] = {
        {"test", test}, {"match", groups}, {"gsub", replace_all}};
    luaL_newmetatable(lua, type);
    lua_pushcfunction(lua, destroy);
    lua_setfield(lua, -2, "__gc");
    lua_newtable(lua);
    for (size_t i = 0; i < COUNT_OF(methods); i++) {
        lua_pushcfunction(lua, methods[i].func);
        lua_setfield(lua, -2, methods[i].name);
    }
    lua_setfield(lua, -2, "__index");
    lua_pushboolean(lua, false);
    lua_setfield(lua, -2, "__metatable");
    lua_pop(lua, 1);
}
