#include "botpress/route_catalogue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/text.h"
#include "http/url.h"

enum { LONGEST = 4096 };

#define BIT(method) (1U << METHOD_##method)

static struct route_catalogue *catalogue;

/* The last path, in memory of its own size, for ASan to see a read behind it. */
static char *copied;

static int create(void **state)
{
    (void)state;
    catalogue = route_catalogue_create();
    return 0;
}

static int destroy(void **state)
{
    (void)state;
    route_catalogue_destroy(catalogue);
    free(copied);
    return 0;
}

/* The bytes without a terminator. */
static void put(char *at, struct span bytes)
{
    memcpy(at, bytes.at, bytes.len);
}

static enum route_result match(enum method method, struct span path, struct route_match *result)
{
    free(copied);
    copied = malloc(path.len > 0 ? path.len : 1);
    assert_non_null(copied);
    memcpy(copied, path.at, path.len);
    struct span copy = {copied, path.len};
    enum route_result found = route_match(catalogue, method, copy, result);
    assert_int_equal(found == ROUTE_FOUND, result->operation != NULL);
    assert_int_equal(found == ROUTE_OTHER_METHOD, result->allowed != 0);
    return found;
}

static void assert_found(enum method method, const char *path, const char *name)
{
    struct route_match result;
    if (match(method, span_of(path), &result) != ROUTE_FOUND)
        fail_msg("%s not found", path);
    if (!span_equal(result.operation->name, span_of(name)))
        fail_msg("%s is %.*s", path, (int)result.operation->name.len, result.operation->name.at);
}

static void assert_unknown(const char *path, enum service service)
{
    struct route_match result;
    if (match(METHOD_GET, span_of(path), &result) != ROUTE_UNKNOWN)
        fail_msg("%s is known", path);
    if (result.service != service)
        fail_msg("%s is of service %d", path, (int)result.service);
}

/* The pattern with each parameter replaced by "p<its number>%2F". */
static struct span instantiate(struct span pattern, char *path, size_t *param_count)
{
    struct span rest = pattern, segment;
    size_t len = 0, params = 0;
    while (path_next_segment(&rest, &segment)) {
        if (segment.at[0] == '{')
            len += (size_t)snprintf(path + len, LONGEST - len, "/p%zu%%2F", params++);
        else
            len +=
                (size_t)snprintf(path + len, LONGEST - len, "/%.*s", (int)segment.len, segment.at);
    }
    *param_count = params;
    return (struct span){path, len};
}

static void every_operation_is_found_with_its_parameters(void **state)
{
    char path[LONGEST];
    (void)state;
    for (size_t i = 0; i < operation_count(); i++) {
        const struct operation *operation = operation_at(i);
        size_t params;
        struct span instance = instantiate(operation->pattern, path, &params);
        struct route_match result;
        assert_int_equal(match(operation->method, instance, &result), ROUTE_FOUND);
        assert_ptr_equal(result.operation, operation);
        assert_int_equal(result.service, operation->service);
        assert_int_equal(result.param_count, params);
        for (size_t k = 0; k < result.param_count; k++) {
            char expected[32];
            (void)snprintf(expected, sizeof(expected), "p%zu%%2F", k);
            assert_true(span_equal(result.params[k], span_of(expected)));
        }
    }
}

static void a_literal_segment_wins_over_a_parameter(void **state)
{
    static const struct {
        enum method method;
        const char *path, *name;
    } rows[] = {
        {METHOD_GET, "/v1/files/knowledge-bases", "listKnowledgeBases"},
        {METHOD_GET, "/v1/files/search", "searchFiles"},
        {METHOD_GET, "/v1/files/tags", "listFileTags"},
        {METHOD_PUT, "/v1/files/knowledge-bases/passages", "updateKnowledgeBase"},
        {METHOD_GET, "/v1/admin/hub/plugins/p/dereferenced", "getDereferencedPublicPluginById"},
        {METHOD_GET, "/v1/admin/bots/baks", "listBotApiKeys"},
        {METHOD_GET, "/v1/admin/integrations/iaks", "listIntegrationApiKeys"},
        {METHOD_GET, "/v1/admin/integrations/i/logs", "getIntegrationLogs"},
        {METHOD_GET, "/v1/admin/plugins/p/dereferenced", "getDereferencedPlugin"},
        {METHOD_GET, "/v1/admin/usages/multiple", "getMultipleUsages"},
        {METHOD_PUT, "/v1/admin/workspaces/handle-availability", "checkHandleAvailability"},
        {METHOD_GET, "/v1/admin/workspaces/public", "listPublicWorkspaces"},
        {METHOD_GET, "/v1/admin/workspaces/preferences/audit-records", "getWorkspacePreference"},
        {METHOD_GET, "/v1/admin/workspaces/preferences/public", "getWorkspacePreference"},
        {METHOD_GET, "/v1/admin/workspaces/preferences/quota", "getWorkspacePreference"},
        {METHOD_GET, "/v1/admin/workspaces/preferences/quotas", "getWorkspacePreference"},
        {METHOD_GET, "/v1/admin/workspaces/preferences/usages", "getWorkspacePreference"},
        {METHOD_POST, "/v1/admin/workspaces/preferences/migrate-to-v4", "setWorkspacePreference"},
        {METHOD_POST, "/v1/chat/users/get-or-create", "getOrCreateUser"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_found(rows[i].method, rows[i].path, rows[i].name);
}

static void the_parameter_is_taken_where_the_literal_does_not_fit(void **state)
{
    (void)state;
    assert_found(METHOD_GET, "/v1/files/search2", "getFile");
    assert_found(METHOD_GET, "/v1/files/searc", "getFile");
    assert_found(METHOD_GET, "/v1/admin/integrations/slack/1.0.0", "getIntegrationByName");
    assert_found(METHOD_GET, "/v1/admin/integrations/iaks/1.0.0", "getIntegrationByName");
    assert_found(METHOD_GET, "/v1/admin/hub/plugins/p/latest", "getPublicPlugin");
    assert_found(METHOD_GET, "/v1/admin/workspaces/public/quota", "getWorkspaceQuota");
    assert_found(METHOD_GET, "/v1/admin/workspaces/preferences", "getWorkspace");
    assert_found(METHOD_GET, "/v1/admin/workspaces/usages/public", "getPublicWorkspace");
}

static void the_parameter_is_taken_where_the_literal_lacks_the_method(void **state)
{
    struct route_match result;
    (void)state;
    assert_found(METHOD_DELETE, "/v1/files/tags", "deleteFile");
    assert_found(METHOD_DELETE, "/v1/admin/bots/baks", "deleteBot");
    assert_found(METHOD_PUT, "/v1/admin/workspaces/public", "updateWorkspace");
    assert_found(METHOD_GET, "/v1/admin/workspaces/handle-availability", "getWorkspace");
    assert_found(METHOD_GET, "/v1/chat/users/get-or-create", "getUser");
    assert_int_equal(match(METHOD_DELETE, SPAN("/v1/files/tags"), &result), ROUTE_FOUND);
    assert_int_equal(result.param_count, 1);
    assert_true(span_equal(result.params[0], SPAN("tags")));
}

static void head_finds_the_row_of_get(void **state)
{
    (void)state;
    assert_found(METHOD_HEAD, "/v1/admin/bots/b", "getBot");
    assert_found(METHOD_HEAD, "/v1/files/search", "searchFiles");
    struct route_match result;
    assert_int_equal(match(METHOD_HEAD, SPAN("/v1/chat/actions"), &result), ROUTE_OTHER_METHOD);
}

static void a_known_path_with_another_method_tells_all_that_exist(void **state)
{
    static const struct {
        enum method method;
        const char *path;
        unsigned allowed;
        enum service service;
    } rows[] = {
        {METHOD_PATCH, "/v1/chat/conversations", BIT(GET) | BIT(HEAD) | BIT(POST), SERVICE_RUNTIME},
        {METHOD_GET, "/v1/chat/actions", BIT(POST), SERVICE_RUNTIME},
        {METHOD_OPTIONS, "/v1/admin/bots/b", BIT(GET) | BIT(HEAD) | BIT(PUT) | BIT(DELETE),
         SERVICE_ADMIN},
        {METHOD_OTHER, "/v1/admin/hub/plugins", BIT(GET) | BIT(HEAD), SERVICE_HUB},
        {METHOD_POST, "/v2/billing/addons", BIT(GET) | BIT(HEAD) | BIT(PATCH), SERVICE_BILLING},
        /* "tags" the literal, and {id}. */
        {METHOD_PATCH, "/v1/files/tags", BIT(GET) | BIT(HEAD) | BIT(PUT) | BIT(DELETE),
         SERVICE_FILES},
        {METHOD_DELETE, "/v1/admin/workspaces/preferences/migrate-to-v4",
         BIT(GET) | BIT(HEAD) | BIT(POST), SERVICE_ADMIN},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct route_match result;
        assert_int_equal(match(rows[i].method, span_of(rows[i].path), &result), ROUTE_OTHER_METHOD);
        assert_int_equal(result.allowed, rows[i].allowed | BIT(OPTIONS));
        assert_int_equal(result.service, rows[i].service);
        assert_int_equal(result.param_count, 0);
    }
}

static void escapes_of_unreserved_characters_are_the_same_path(void **state)
{
    struct route_match result;
    (void)state;
    assert_found(METHOD_POST, "/v1/%61dmin/account/%70ats", "createPersonalAccessToken");
    assert_found(METHOD_POST, "/%76%31/admin/account/me", "deleteAccount");
    assert_found(METHOD_GET, "/v1/files/knowledge%2Dbases", "listKnowledgeBases");
    assert_found(METHOD_GET, "/v1/files/knowledge%2dbases", "listKnowledgeBases");
    assert_int_equal(match(METHOD_GET, SPAN("/v1/admin/bots/%62ot_1"), &result), ROUTE_FOUND);
    assert_true(span_equal(result.params[0], SPAN("%62ot_1")));
    assert_unknown("/v1/%61dmin/nothing", SERVICE_ADMIN);
    assert_unknown("/v1/%61dmin/h%75b/nothing", SERVICE_HUB);
}

static void other_escapes_make_another_path(void **state)
{
    (void)state;
    assert_unknown("/v1/%2561dmin/bots", SERVICE_UNKNOWN);
    assert_unknown("/v1/admin%2Fbots", SERVICE_UNKNOWN);
    assert_unknown("/v1%2Fadmin/bots", SERVICE_UNKNOWN);
    assert_unknown("/v1/%4/bots", SERVICE_UNKNOWN);
    assert_unknown("/v1/admi%6", SERVICE_UNKNOWN);
    assert_unknown("/v1/admi%", SERVICE_UNKNOWN);
    assert_unknown("/v1/admi%6g", SERVICE_UNKNOWN);
    assert_found(METHOD_GET, "/v1/files/%2F", "getFile");
    assert_found(METHOD_GET, "/v1/files/a%2Fsearch", "getFile");
    assert_found(METHOD_GET, "/v1/files/search%20", "getFile");
}

static void an_escaped_slash_separates_nothing(void **state)
{
    struct route_match result;
    (void)state;
    assert_int_equal(match(METHOD_POST, SPAN("/v1/files/a%2Fb%2fc/d%2F"), &result), ROUTE_FOUND);
    assert_true(span_equal(result.operation->name, SPAN("copyFile")));
    assert_int_equal(result.param_count, 2);
    assert_true(span_equal(result.params[0], SPAN("a%2Fb%2fc")));
    assert_true(span_equal(result.params[1], SPAN("d%2F")));
}

static void case_matters(void **state)
{
    (void)state;
    assert_unknown("/V1/admin/bots", SERVICE_UNKNOWN);
    assert_unknown("/v1/Admin/bots", SERVICE_UNKNOWN);
    assert_unknown("/v1/admin/Bots", SERVICE_ADMIN);
}

static void empty_segments_are_unknown(void **state)
{
    (void)state;
    assert_unknown("", SERVICE_UNKNOWN);
    assert_unknown("/", SERVICE_UNKNOWN);
    assert_unknown("*", SERVICE_UNKNOWN);
    assert_unknown("v1/admin/bots", SERVICE_UNKNOWN);
    assert_unknown("//v1/admin/bots", SERVICE_UNKNOWN);
    assert_unknown("/v1//admin/bots", SERVICE_UNKNOWN);
    assert_unknown("/v1/admin//bots", SERVICE_ADMIN);
    assert_unknown("/v1/admin/bots/", SERVICE_ADMIN);
    assert_unknown("/v1/files/", SERVICE_FILES);
    assert_unknown("/v1/files//", SERVICE_FILES);
    assert_unknown("/v1/tables/t/rows/", SERVICE_TABLES);
    assert_unknown("/v1", SERVICE_UNKNOWN);
    assert_unknown("/v1/chat", SERVICE_RUNTIME);
    assert_unknown("/v1/admin/hub", SERVICE_HUB);
}

static void the_service_of_unknown_paths_is_that_of_their_tree(void **state)
{
    (void)state;
    assert_unknown("/v1/chat/nothing", SERVICE_RUNTIME);
    assert_unknown("/v1/chatter/messages", SERVICE_UNKNOWN);
    assert_unknown("/v1/files/a/b/c", SERVICE_FILES);
    assert_unknown("/v1/admin/hub/nothing", SERVICE_HUB);
    assert_unknown("/v1/admin/hubs", SERVICE_ADMIN);
    assert_unknown("/v2/billing/nothing", SERVICE_BILLING);
    assert_unknown("/v2/usage", SERVICE_BILLING);
    assert_unknown("/v2/cognitive/nothing", SERVICE_COGNITIVE);
    assert_unknown("/v2/chat/messages", SERVICE_UNKNOWN);
    assert_unknown("/v1/cognitive/models", SERVICE_UNKNOWN);
}

static void hostile_paths_are_unknown_and_cheap(void **state)
{
    static char deep[LONGEST];
    struct route_match result;
    (void)state;
    for (size_t i = 0; i < LONGEST; i++)
        deep[i] = i % 2 ? 'a' : '/';
    assert_int_equal(match(METHOD_GET, (struct span){deep, LONGEST}, &result), ROUTE_UNKNOWN);
    memset(deep, '/', LONGEST);
    assert_int_equal(match(METHOD_GET, (struct span){deep, LONGEST}, &result), ROUTE_UNKNOWN);
    memset(deep, '%', LONGEST);
    put(deep, SPAN("/v1/admin/bots/"));
    assert_int_equal(match(METHOD_GET, (struct span){deep, LONGEST}, &result), ROUTE_FOUND);
    assert_int_equal(result.params[0].len, LONGEST - 15);
    assert_unknown("/v1/admin/bots/a/integrations/b/shareable-id/c/d/e", SERVICE_ADMIN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_operation_is_found_with_its_parameters),
        cmocka_unit_test(a_literal_segment_wins_over_a_parameter),
        cmocka_unit_test(the_parameter_is_taken_where_the_literal_does_not_fit),
        cmocka_unit_test(the_parameter_is_taken_where_the_literal_lacks_the_method),
        cmocka_unit_test(head_finds_the_row_of_get),
        cmocka_unit_test(a_known_path_with_another_method_tells_all_that_exist),
        cmocka_unit_test(escapes_of_unreserved_characters_are_the_same_path),
        cmocka_unit_test(other_escapes_make_another_path),
        cmocka_unit_test(an_escaped_slash_separates_nothing),
        cmocka_unit_test(case_matters),
        cmocka_unit_test(empty_segments_are_unknown),
        cmocka_unit_test(the_service_of_unknown_paths_is_that_of_their_tree),
        cmocka_unit_test(hostile_paths_are_unknown_and_cheap),
    };
    return cmocka_run_group_tests(tests, create, destroy);
}
