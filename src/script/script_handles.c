#include "script/script_handles.h"

#include <lauxlib.h>

#include "base/text.h"
#include "http/byte_class.h"
#include "http/url.h"
#include "script/script_body.h"
#include "script/script_budget.h"
#include "script/script_json.h"

enum { VALUE_MAX = 8 * KIB };

static const char request_type[] = "bpgate.request", response_type[] = "bpgate.response";

/* --- The handle --- */

struct script_handle {
    struct script_running *running; /* borrowed */
    uint64_t generation;
};

/* Both kinds look alike; which it is says the metatable's first upvalue. */
static struct script_call *call_of(lua_State *lua, bool *is_request)
{
    struct script_handle *handle = luaL_testudata(lua, 1, request_type);
    *is_request = handle != NULL;
    if (!handle)
        handle = luaL_checkudata(lua, 1, response_type);
    if (!handle->running->call || handle->running->generation != handle->generation)
        luaL_error(lua,
                   "this handle is of a call that has ended; keep what you need of it instead");
    return handle->running->call;
}

static struct header_list *list_of(struct script_call *call, bool is_request)
{
    return is_request ? &call->request->headers : &call->response->headers;
}

/* --- Reading --- */

static void push_span(lua_State *lua, struct span text)
{
    if (text.len == 0)
        lua_pushnil(lua);
    else
        lua_pushlstring(lua, text.at, text.len);
}

/* Whoever sees these can act as somebody. */
static bool is_secret(const struct header *header)
{
    return header->id == HEADER_AUTHORIZATION || header->id == HEADER_PROXY_AUTHORIZATION ||
           header->id == HEADER_COOKIE || header->id == HEADER_SET_COOKIE ||
           header->id == HEADER_X_BPGATE_KEY ||
           (header->id == HEADER_OTHER &&
            header_flags_of(header->id, header->name) & HEADER_PRIVATE);
}

static void push_lower(lua_State *lua, struct span text)
{
    luaL_Buffer buffer;
    char *bytes = luaL_buffinitsize(lua, &buffer, text.len);
    for (size_t i = 0; i < text.len; i++)
        bytes[i] = ascii_lower(text.at[i]);
    luaL_pushresultsize(&buffer, text.len);
}

static void push_headers(lua_State *lua, const struct header_list *list)
{
    lua_createtable(lua, 0, (int)list->count);
    for (size_t i = list->count; i-- > 0;) { /* so that the first of a name stays */
        const struct header *header = &list->at[i];
        if (is_secret(header))
            continue;
        script_charge(lua, header->name.len + header->value.len);
        push_lower(lua, header->name);
        lua_pushlstring(lua, header->value.len ? header->value.at : "", header->value.len);
        lua_rawset(lua, -3);
    }
}

/* In Lua's memory, which is bounded: a filter may ask again and again. */
static void push_decoded(lua_State *lua, struct span text)
{
    luaL_Buffer buffer;
    size_t len = 0;
    char *bytes = luaL_buffinitsize(lua, &buffer, text.len + 1);
    for (size_t i = 0; i < text.len; i++) {
        int escaped = escaped_byte(span_skip(text, i));
        bytes[len++] = escaped >= 0 ? (char)escaped : text.at[i];
        i += escaped >= 0 ? ESCAPE_LEN - 1 : 0;
    }
    luaL_pushresultsize(&buffer, len);
}

static void push_params(lua_State *lua, struct script_call *call)
{
    struct span rest = call->pattern, segment;
    size_t place = 0;
    lua_newtable(lua);
    while (place < call->param_count && path_next_segment(&rest, &segment)) {
        if (segment.len < 3 || segment.at[0] != '{')
            continue;
        lua_pushlstring(lua, segment.at + 1, segment.len - 2);
        push_decoded(lua, call->params[place++]);
        lua_rawset(lua, -3);
    }
}

static void push_query(lua_State *lua, struct script_call *call)
{
    struct span rest = call->request->query, name, value;
    lua_newtable(lua);
    script_charge(lua, rest.len);
    while (rest.at && query_next(&rest, &name, &value)) {
        push_decoded(lua, name);
        lua_pushvalue(lua, -1);
        if (lua_rawget(lua, -3) == LUA_TNIL) {
            lua_pop(lua, 1);
            push_decoded(lua, value);
            lua_rawset(lua, -3);
        } else {
            lua_pop(lua, 2);
        }
    }
}

static void push_key(lua_State *lua, const struct script_call *call)
{
    lua_createtable(lua, 0, 2);
    push_span(lua, call->key_name);
    lua_setfield(lua, -2, "name");
    push_span(lua, call->key_id);
    lua_setfield(lua, -2, "id");
}

static void push_address(lua_State *lua, const struct script_call *call)
{
    char text[ADDRESS_TEXT_SIZE];
    push_span(lua, call->address ? address_write(call->address, text) : SPAN(""));
}

enum field {
    FIELD_OPERATION,
    FIELD_METHOD,
    FIELD_PATH,
    FIELD_PARAMS,
    FIELD_QUERY,
    FIELD_HEADERS,
    FIELD_ID,
    FIELD_KEY,
    FIELD_PROFILE,
    FIELD_BOT,
    FIELD_WORKSPACE,
    FIELD_ADDRESS,
    FIELD_STATUS,
    FIELD_SOURCE,
    FIELD_DURATION,
    FIELD_COUNT,
};

static const char *const field_names[FIELD_COUNT] = {
    "operation", "method", "path",      "params",  "query",  "headers", "id",          "key",
    "profile",   "bot",    "workspace", "address", "status", "source",  "duration_ms",
};

static bool is_callers(enum field field)
{
    return field == FIELD_BOT || field == FIELD_WORKSPACE || field == FIELD_KEY ||
           field == FIELD_PROFILE || field == FIELD_ADDRESS || field == FIELD_ID;
}

static void push_field(lua_State *lua, struct script_call *call, enum field field, bool is_request)
{
    switch (field) {
    case FIELD_OPERATION:
        push_span(lua, call->operation);
        return;
    case FIELD_METHOD:
        push_span(lua, call->request->method_name);
        return;
    case FIELD_PATH:
        push_span(lua, call->request->path);
        return;
    case FIELD_PARAMS:
        push_params(lua, call);
        return;
    case FIELD_QUERY:
        push_query(lua, call);
        return;
    case FIELD_HEADERS:
        push_headers(lua, list_of(call, is_request));
        return;
    case FIELD_ID:
        push_span(lua, call->request_id);
        return;
    case FIELD_KEY:
        push_key(lua, call);
        return;
    case FIELD_PROFILE:
        push_span(lua, call->profile);
        return;
    case FIELD_BOT:
        push_span(lua, call->bot);
        return;
    case FIELD_WORKSPACE:
        push_span(lua, call->workspace);
        return;
    case FIELD_ADDRESS:
        push_address(lua, call);
        return;
    case FIELD_STATUS:
        lua_pushinteger(lua, call->response ? (lua_Integer)call->response->status : 0);
        return;
    case FIELD_SOURCE:
        push_span(lua, call->source);
        return;
    case FIELD_DURATION:
        lua_pushnumber(lua, (lua_Number)call->duration_us / 1000);
        return;
    case FIELD_COUNT:
        break;
    }
    lua_pushnil(lua);
}

/* Upvalue: methods and the numbers of fields, by name. */
static int read_member(lua_State *lua)
{
    bool is_request;
    struct script_call *call = call_of(lua, &is_request);
    script_charge(lua, 0);
    lua_settop(lua, 2);
    lua_rawget(lua, lua_upvalueindex(1));
    if (!lua_isinteger(lua, -1))
        return 1; /* a method, or nil */
    enum field field = (enum field)lua_tointeger(lua, -1);
    if (call->hides_caller && is_callers(field))
        return luaL_error(lua,
                          "res.%s is not known where a body is changed: that is done once, for "
                          "all who get the answer",
                          field_names[field]);
    if (field == FIELD_HEADERS && !is_request && !call->response) {
        lua_newtable(lua);
        return 1;
    }
    push_field(lua, call, field, is_request);
    return 1;
}

static int refuse_write(lua_State *lua)
{
    return luaL_error(lua, "fields of a handle cannot be assigned to; use set_header, set_json or "
                           "gw.respond");
}

/* --- Writing fields --- */

/* What the gateway itself settles, on the way up and down. */
static bool is_ours(enum header_id id, bool is_request)
{
    switch (id) {
    case HEADER_HOST:
    case HEADER_VIA:
    case HEADER_X_REQUEST_ID:
    case HEADER_TRACEPARENT:
    case HEADER_CONTENT_ENCODING:
        return true;
    case HEADER_ACCEPT_ENCODING:
    case HEADER_RANGE:
    case HEADER_IF_RANGE:
        return is_request;
    case HEADER_CONTENT_RANGE:
    case HEADER_SET_COOKIE:
    case HEADER_AGE:
    case HEADER_CACHE_STATUS:
    case HEADER_PROXY_STATUS:
        return !is_request;
    default:
        return false;
    }
}

static struct span check_name(lua_State *lua, bool is_request)
{
    struct span name;
    name.at = luaL_checklstring(lua, 2, &name.len);
    if (!is_token(name) || name.len > 256)
        luaL_argerror(lua, 2, "no name of a header");
    enum header_id id = header_id_of(name);
    unsigned flags = header_flags_of(id, name);
    if (flags & (HEADER_HOP | HEADER_FRAMING | HEADER_PRIVATE) || is_ours(id, is_request) ||
        header_is_guarded_alias(name))
        luaL_error(lua, "the header %s is not a filter's to change", name.at);
    return name;
}

static struct span check_value(lua_State *lua)
{
    struct span value;
    value.at = luaL_checklstring(lua, 3, &value.len);
    if (value.len > VALUE_MAX)
        luaL_argerror(lua, 3, "longer than 8 KiB");
    for (size_t i = 0; i < value.len; i++) {
        if (!byte_is(value.at[i], BYTE_FIELD))
            luaL_argerror(lua, 3, "a header may not hold line ends or control bytes");
    }
    return span_trim(value);
}

static bool is_identity(enum header_id id)
{
    return id == HEADER_X_BOT_ID || id == HEADER_X_WORKSPACE_ID || id == HEADER_X_INTEGRATION_ID ||
           id == HEADER_X_INTEGRATION_ALIAS || id == HEADER_X_DESTINATION_BOT_ID;
}

static struct script_call *call_for_writing(lua_State *lua, bool *is_request)
{
    struct script_call *call = call_of(lua, is_request);
    script_charge(lua, 0);
    bool is_open = *is_request ? !call->response : call->response && call->source.len == 0;
    if (!is_open)
        luaL_error(lua, "nothing can be changed any more here");
    return call;
}

static bool has_name(const struct header *header, const void *context)
{
    return span_equal_nocase(header->name, *(const struct span *)context);
}

static void drop(struct script_call *call, bool is_request, struct span name)
{
    header_list_remove_if(list_of(call, is_request), has_name, &name);
    if (is_request && is_identity(header_id_of(name)))
        call->wishes->has_moved = true;
}

/* The list was made for what was expected. */
static void make_room(struct script_call *call, struct header_list *list)
{
    if (list->cap - list->count > call->spare_fields)
        return;
    *list = header_list_copy(list, call->arena, call->spare_fields + SCRIPT_FIELDS_MAX);
}

static void add(lua_State *lua, struct script_call *call, bool is_request, struct span name,
                struct span value)
{
    struct script_wishes *wishes = call->wishes;
    struct header_list *list = list_of(call, is_request);
    wishes->field_bytes += name.len + value.len;
    if (++wishes->fields > SCRIPT_FIELDS_MAX || wishes->field_bytes > SCRIPT_FIELD_BYTES)
        luaL_error(lua, "the filters of one request may add 32 headers, of 64 KiB in all");
    make_room(call, list);
    ASSERT(header_list_add(list, arena_copy(call->arena, name), arena_copy(call->arena, value)));
    if (is_request && is_identity(header_id_of(name)))
        wishes->has_moved = true;
}

static int set_header(lua_State *lua)
{
    bool is_request;
    struct script_call *call = call_for_writing(lua, &is_request);
    struct span name = check_name(lua, is_request), value = check_value(lua);
    drop(call, is_request, name);
    add(lua, call, is_request, name, value);
    return 0;
}

static int add_header(lua_State *lua)
{
    bool is_request;
    struct script_call *call = call_for_writing(lua, &is_request);
    struct span name = check_name(lua, is_request), value = check_value(lua);
    if (header_flags_of(header_id_of(name), name) & HEADER_SINGLE &&
        header_list_find_name(list_of(call, is_request), name))
        return luaL_error(lua, "there may be only one %s; use set_header", name.at);
    add(lua, call, is_request, name, value);
    return 0;
}

static int remove_header(lua_State *lua)
{
    bool is_request;
    struct script_call *call = call_for_writing(lua, &is_request);
    drop(call, is_request, check_name(lua, is_request));
    return 0;
}

static int header(lua_State *lua)
{
    bool is_request;
    struct script_call *call = call_of(lua, &is_request);
    struct span name;
    name.at = luaL_checklstring(lua, 2, &name.len);
    script_charge(lua, name.len);
    const struct header *found = is_request || call->response
                                     ? header_list_find_name(list_of(call, is_request), name)
                                     : NULL;
    push_span(lua, found && !is_secret(found) ? found->value : SPAN(""));
    return 1;
}

/* --- Another target --- */

/* Byte for byte: a NUL is refused with what else no target holds. */
static struct span join_target(struct arena *arena, struct span path, struct span query)
{
    if (!query.at)
        return arena_copy(arena, path);
    char *text = arena_alloc(arena, path.len + 1 + query.len);
    memcpy(text, path.at, path.len);
    text[path.len] = '?';
    memcpy(text + path.len + 1, query.at, query.len);
    return (struct span){text, path.len + 1 + query.len};
}

static void set_target(lua_State *lua, struct script_call *call, struct span path,
                       struct span query)
{
    enum { TARGET_MAX = 8 * KIB };
    struct target target;
    if (path.len + query.len > TARGET_MAX)
        luaL_error(lua, "a path and its query may have 8 KiB");
    call->wishes->field_bytes += path.len + query.len;
    if (call->wishes->field_bytes > SCRIPT_FIELD_BYTES)
        luaL_error(lua, "this request was changed too often");
    struct span text = join_target(call->arena, path, query);
    if (target_parse(text, &target) != FAULT_NONE || target.authority.at || path.len == 0 ||
        path.at[0] != '/')
        luaL_error(lua, "no path, or no query, as a request may have it");
    call->request->target = text;
    call->request->path = target.path;
    call->request->query = target.query;
    call->wishes->has_moved = true;
}

static int set_path(lua_State *lua)
{
    bool is_request;
    struct script_call *call = call_for_writing(lua, &is_request);
    struct span path;
    path.at = luaL_checklstring(lua, 2, &path.len);
    if (memchr(path.at, '?', path.len))
        return luaL_argerror(lua, 2, "a path has no query; use set_query");
    set_target(lua, call, path, call->request->query);
    return 0;
}

static int set_query(lua_State *lua)
{
    bool is_request;
    struct script_call *call = call_for_writing(lua, &is_request);
    struct span query;
    query.at = luaL_checklstring(lua, 2, &query.len);
    set_target(lua, call, call->request->path, query);
    return 0;
}

/* --- Their metatables --- */

static const struct luaL_Reg common_methods[] = {
    {"header", header},
    {"set_header", set_header},
    {"add_header", add_header},
    {"remove_header", remove_header},
};

static const struct luaL_Reg request_methods[] = {
    {"set_path", set_path},
    {"set_query", set_query},
};

static void set_methods(lua_State *lua, const struct luaL_Reg *methods, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        lua_pushcfunction(lua, methods[i].func);
        lua_setfield(lua, -2, methods[i].name);
    }
}

static void open_type(lua_State *lua, const char *type)
{
    bool is_request = type == request_type;
    luaL_newmetatable(lua, type);
    lua_newtable(lua);
    for (int field = 0; field < FIELD_COUNT; field++) {
        if (is_request && field >= FIELD_STATUS)
            break;
        lua_pushinteger(lua, field);
        lua_setfield(lua, -2, field_names[field]);
    }
    set_methods(lua, common_methods, COUNT_OF(common_methods));
    set_methods(lua, script_body_methods, script_body_method_count);
    if (is_request)
        set_methods(lua, request_methods, COUNT_OF(request_methods));
    lua_pushcclosure(lua, read_member, 1);
    lua_setfield(lua, -2, "__index");
    lua_pushcfunction(lua, refuse_write);
    lua_setfield(lua, -2, "__newindex");
    lua_pushboolean(lua, false);
    lua_setfield(lua, -2, "__metatable");
    lua_pop(lua, 1);
}

void script_handles_open(lua_State *lua)
{
    open_type(lua, request_type);
    open_type(lua, response_type);
}

void script_handles_push(lua_State *lua, struct script_running *running, enum script_phase phase)
{
    struct script_handle *handle = lua_newuserdatauv(lua, sizeof(*handle), 0);
    *handle = (struct script_handle){running, running->generation};
    luaL_setmetatable(lua, phase == SCRIPT_REQUEST ? request_type : response_type);
}

struct script_call *script_handle_call(lua_State *lua)
{
    bool is_request;
    return call_of(lua, &is_request);
}
