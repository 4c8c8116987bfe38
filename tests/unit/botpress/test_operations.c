/* The table operations.h: what must be true of every row, and the rules that hold between rows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/text.h"
#include "botpress/route_catalogue.h"
#include "http/url.h"

enum { ROWS = 229, FORMER_ROWS = 3, MAX_TAG = 80 };

static const struct operation *named(const char *name)
{
    for (size_t i = 0; i < operation_count(); i++) {
        if (span_equal(operation_at(i)->name, span_of(name)))
            return operation_at(i);
    }
    fail_msg("no operation %s", name);
    return NULL;
}

static bool has(const struct operation *operation, unsigned flags)
{
    return (operation->flags & flags) == flags;
}

static bool is_one_of(struct span name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (span_equal(name, span_of(names[i])))
            return true;
    }
    return false;
}

/* Fails with the row's name unless the fact is true. */
static void expect(const struct operation *operation, bool fact, const char *what)
{
    if (!fact)
        fail_msg("%.*s: %s", (int)operation->name.len, operation->name.at, what);
}

static void every_row_stands_once(void **state)
{
    (void)state;
    assert_int_equal(operation_count(), ROWS);
    size_t former = 0;
    for (size_t i = 0; i < ROWS; i++) {
        const struct operation *row = operation_at(i);
        assert_int_equal(operation_index(row), i);
        former += has(row, OP_FORMER);
        for (size_t k = 0; k < i; k++) {
            const struct operation *other = operation_at(k);
            expect(row, !span_equal(row->name, other->name), "name twice");
            expect(row, row->method != other->method || !span_equal(row->pattern, other->pattern),
                   "route twice");
        }
    }
    assert_int_equal(former, FORMER_ROWS);
}

static void every_pattern_lies_in_the_tree_of_its_service(void **state)
{
    static const char *const trees[SERVICE_COUNT][2] = {
        [SERVICE_RUNTIME] = {"/v1/chat/", "/v1/chat/"},
        [SERVICE_ADMIN] = {"/v1/admin/", "/v1/admin/"},
        [SERVICE_HUB] = {"/v1/admin/hub/", "/v1/admin/hub/"},
        [SERVICE_FILES] = {"/v1/files", "/v1/files"},
        [SERVICE_TABLES] = {"/v1/tables", "/v1/tables"},
        [SERVICE_BILLING] = {"/v2/billing/", "/v2/usage/"},
        [SERVICE_COGNITIVE] = {"/v2/cognitive/", "/v2/cognitive/"},
    };
    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        const struct operation *row = operation_at(i);
        assert_true(row->service < SERVICE_UNKNOWN);
        expect(row,
               span_starts_with(row->pattern, span_of(trees[row->service][0])) ||
                   span_starts_with(row->pattern, span_of(trees[row->service][1])),
               "outside its tree");
        expect(row,
               (row->service == SERVICE_HUB) ==
                   span_starts_with(row->pattern, SPAN("/v1/admin/hub/")),
               "hub");
        struct span rest = row->pattern, segment;
        while (path_next_segment(&rest, &segment)) {
            expect(row, segment.len > 0, "empty segment");
            expect(row, (segment.at[0] == '{') == (segment.at[segment.len - 1] == '}'), "braces");
        }
    }
}

static void what_is_needed_is_taken_and_each_service_takes_its_own(void **state)
{
    const unsigned bot = OP_NEEDS_BOT | OP_TAKES_BOT,
                   workspace = OP_NEEDS_WORKSPACE | OP_TAKES_WORKSPACE,
                   any = bot | workspace | OP_TAKES_INTEGRATION | OP_TAKES_USER |
                         OP_TAKES_DESTINATION_BOT;
    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        const struct operation *row = operation_at(i);
        unsigned ids = row->flags & any;
        switch (row->service) {
        case SERVICE_RUNTIME:
            expect(row, ids == (bot | OP_TAKES_INTEGRATION), "ids");
            break;
        case SERVICE_FILES:
        case SERVICE_TABLES:
            expect(row,
                   (ids & ~(unsigned)OP_TAKES_DESTINATION_BOT) ==
                       (bot | OP_TAKES_INTEGRATION | OP_TAKES_USER),
                   "ids");
            break;
        case SERVICE_COGNITIVE:
            expect(row, ids == bot, "ids");
            break;
        case SERVICE_HUB:
            expect(row, ids == 0, "ids");
            break;
        case SERVICE_ADMIN:
        case SERVICE_BILLING:
            expect(row, ids == 0 || ids == workspace, "ids");
            break;
        case SERVICE_UNKNOWN:
        case SERVICE_COUNT:
            fail();
        }
        expect(row, has(row, OP_TAKES_DESTINATION_BOT) == span_equal(row->name, SPAN("copyFile")),
               "destination");
    }
}

static void what_only_reads_is_known_by_method_or_by_name(void **state)
{
    static const char *const reading[] = {
        "findTableRows",
        "checkHandleAvailability",
        "introspect",
        "runVrl",
        "validateIntegrationCreation",
        "validateIntegrationUpdate",
        "previewSubscriptionUpdate",
    };
    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        const struct operation *row = operation_at(i);
        bool reads = row->method == METHOD_GET ? !span_equal(row->name, SPAN("exportTable"))
                                               : is_one_of(row->name, reading, COUNT_OF(reading));
        expect(row, has(row, OP_READS) == reads, "reads");
        bool repeats = reads || row->method == METHOD_PUT || row->method == METHOD_DELETE;
        expect(row, has(row, OP_IDEMPOTENT) == repeats, "idempotent");
    }
}

static void what_mints_is_listed_and_never_reads(void **state)
{
    static const char *const minting[] = {
        "createPersonalAccessToken",
        "deletePersonalAccessToken",
        "createBotApiKey",
        "deleteBotApiKey",
        "createIntegrationApiKey",
        "deleteIntegrationApiKey",
        "rotateBotSigningSecrets",
        "rotateIntegrationSigningSecrets",
        "createWorkspaceMember",
        "updateWorkspaceMember",
        "deleteWorkspaceMember",
        "transferBot",
        "deleteAccount",
        "changeAISpendQuota",
        "migrateWorkspaceToV4",
        "chargeWorkspaceUnpaidInvoices",
        "updateWorkspacePaymentMethod",
        "changeWorkspacePlan",
    };
    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        const struct operation *row = operation_at(i);
        bool mints = is_one_of(row->name, minting, COUNT_OF(minting)) ||
                     (row->service == SERVICE_BILLING && !has(row, OP_READS));
        expect(row, has(row, OP_MINTS) == mints, "mints");
        expect(row, !(has(row, OP_MINTS) && has(row, OP_READS)), "mints and reads");
    }
}

static void deadlines_follow_service_and_method(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        const struct operation *row = operation_at(i);
        enum deadline_class expected = has(row, OP_STREAMS)
                                           ? DEADLINE_STREAM
                                           : service_default_deadline(row->service, row->method);
        expect(row, row->deadline == expected, "deadline");
    }
    assert_int_equal(named("createBot")->deadline, DEADLINE_DEPLOY);
    assert_int_equal(named("getBot")->deadline, DEADLINE_NORMAL);
    assert_int_equal(named("listPublicIntegrations")->deadline, DEADLINE_NORMAL);
    assert_int_equal(named("callAction")->deadline, DEADLINE_NORMAL);
    assert_int_equal(named("setPlan")->deadline, DEADLINE_NORMAL);
    assert_int_equal(named("generateText")->deadline, DEADLINE_COGNITIVE);
    assert_int_equal(named("generateTextStream")->deadline, DEADLINE_STREAM);
    assert_int_equal(named("generateAudioStream")->deadline, DEADLINE_STREAM);
}

static void only_reading_gets_are_cached_and_public_ones_are_public(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        const struct operation *row = operation_at(i);
        bool is_cached = row->cache != CACHE_NEVER;
        bool is_public = row->cache == CACHE_PUBLIC || row->cache == CACHE_HUB_EXACT ||
                         row->cache == CACHE_HUB_LIST;
        expect(row, !is_cached || (row->method == METHOD_GET && has(row, OP_READS)), "cached");
        expect(row, has(row, OP_PUBLIC) == is_public, "public");
        expect(row,
               !is_cached || (row->service != SERVICE_RUNTIME && row->service != SERVICE_FILES &&
                              row->service != SERVICE_TABLES),
               "cached though bots change it");
        expect(row, !is_cached || !span_starts_with(row->pattern, SPAN("/v1/admin/account/pats")),
               "cached secret");
    }
}

static void cache_classes_are_those_of_the_product(void **state)
{
    static const struct {
        const char *name;
        enum cache_class cache;
    } rows[] = {
        {"getPublicIntegration", CACHE_HUB_EXACT},
        {"getPublicIntegrationById", CACHE_HUB_EXACT},
        {"getPublicPluginCode", CACHE_HUB_EXACT},
        {"listPublicIntegrations", CACHE_HUB_LIST},
        {"listPublicPlugins", CACHE_HUB_LIST},
        {"listPublicWorkspaces", CACHE_PUBLIC},
        {"getPublicWorkspace", CACHE_PUBLIC},
        {"listPlans", CACHE_PUBLIC},
        {"listModels", CACHE_PUBLIC},
        {"getBot", CACHE_ENTITY},
        {"listBots", CACHE_ENTITY},
        {"getIntegration", CACHE_ENTITY},
        {"getIntegrationByName", CACHE_ENTITY},
        {"getWorkspaceQuota", CACHE_USAGE},
        {"getUsage", CACHE_USAGE},
        {"getBotLogs", CACHE_NEVER},
        {"listBotApiKeys", CACHE_NEVER},
        {"listPersonalAccessTokens", CACHE_NEVER},
        {"getPaymentMethod", CACHE_NEVER},
        {"getAuditRecords", CACHE_NEVER},
        {"listTables", CACHE_NEVER},
        {"exportTable", CACHE_NEVER},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        expect(named(rows[i].name), named(rows[i].name)->cache == rows[i].cache, "cache class");
}

static size_t param_count(const struct operation *row)
{
    struct span rest = row->pattern, segment;
    size_t count = 0;
    while (path_next_segment(&rest, &segment))
        count += segment.at[0] == '{';
    return count;
}

static void parameters_that_name_something_are_marked(void **state)
{
    static const struct {
        const char *prefix;
        enum names names;
    } prefixes[] = {
        {"/v1/admin/bots/{", NAMES_BOT},
        {"/v1/admin/workspaces/{", NAMES_WORKSPACE},
        {"/v1/admin/integrations/{id}", NAMES_INTEGRATION},
        {"/v1/admin/usages/{", NAMES_BOT_OR_WORKSPACE},
    };
    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        const struct operation *row = operation_at(i);
        enum names expected = NAMES_NOTHING;
        for (size_t k = 0; k < COUNT_OF(prefixes); k++) {
            if (span_starts_with(row->pattern, span_of(prefixes[k].prefix)))
                expected = prefixes[k].names;
        }
        if (span_equal(row->name, SPAN("getPublicWorkspace")))
            expected = NAMES_NOTHING;
        expect(row, row->params[0] == expected, "first parameter");
        bool has_integration = span_matches(row->pattern, SPAN("*/{botId}/*/{integrationId}/*"));
        expect(row, (row->params[1] == NAMES_INTEGRATION) == has_integration, "second parameter");
        assert_true(param_count(row) <= ROUTE_MAX_PARAMS);
        for (size_t k = param_count(row); k < ROUTE_MAX_PARAMS; k++)
            expect(row, row->params[k] == NAMES_NOTHING, "names a parameter it has not");
    }
}

static void query_parameters_that_name_something_are_marked(void **state)
{
    static const struct {
        const char *operation, *name;
        enum names names;
    } rows[] = {
        {"listBotApiKeys", "botId", NAMES_BOT},
        {"listActivities", "botId", NAMES_BOT},
        {"listIntegrationApiKeys", "integrationId", NAMES_INTEGRATION},
        {"listPublicIntegrations", "installedByBotId", NAMES_BOT},
        {"listIntegrations", "installedByBotId", NAMES_BOT},
        {"getMultipleUsages", "ids", NAMES_BOT_OR_WORKSPACE},
    };
    (void)state;
    size_t marked = 0;
    for (size_t i = 0; i < ROWS; i++)
        marked += operation_at(i)->query[0].name.len > 0;
    assert_int_equal(marked, COUNT_OF(rows));
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct operation *row = named(rows[i].operation);
        expect(row, span_equal(row->query[0].name, span_of(rows[i].name)), "query name");
        expect(row, row->query[0].names == rows[i].names, "query names");
        expect(row, row->query[1].name.len == 0, "more");
    }
}

static void what_names_its_target_in_the_body_is_marked(void **state)
{
    static const char *const rows[] = {"createBotApiKey", "createIntegrationApiKey", "introspect",
                                       "transferBot", "requestIntegrationVerification"};
    (void)state;
    for (size_t i = 0; i < ROWS; i++)
        expect(operation_at(i),
               has(operation_at(i), OP_NAMES_BOT_IN_BODY) ==
                   is_one_of(operation_at(i)->name, rows, COUNT_OF(rows)),
               "names in body");
}

/* The placeholder without its braces may be filled from the operation's path, query or headers. */
static bool is_fillable(const struct operation *row, struct span name)
{
    char segment[MAX_TAG];
    (void)snprintf(segment, sizeof(segment), "*{%.*s}*", (int)name.len, name.at);
    if (span_equal(name, SPAN("bot")))
        return has(row, OP_NEEDS_BOT);
    if (span_equal(name, SPAN("workspace")))
        return has(row, OP_NEEDS_WORKSPACE);
    if (span_equal(name, SPAN("destination")))
        return has(row, OP_TAKES_DESTINATION_BOT);
    return span_matches(row->pattern, span_of(segment)) || span_equal(name, row->query[0].name);
}

static void check_tags(const struct operation *row, struct span tags)
{
    size_t count = 0;
    while (tags.len > 0) {
        struct span tag = span_cut(&tags, ' ');
        count++;
        expect(row, tag.len > 0 && tag.len < MAX_TAG, "tag length");
        struct span rest = tag;
        (void)span_cut(&rest, '{');
        if (rest.len == 0)
            continue;
        expect(row, rest.at[rest.len - 1] == '}', "placeholder in the middle");
        rest.len--;
        expect(row, is_fillable(row, rest), "placeholder that nothing fills");
    }
    expect(row, count <= ROUTE_MAX_TAGS, "too many tags");
}

static void tags_can_be_filled_and_stand_on_the_right_side(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        const struct operation *row = operation_at(i);
        check_tags(row, row->reads);
        check_tags(row, row->writes);
        expect(row, !has(row, OP_READS) || row->writes.len == 0, "reads, but writes tags");
        expect(row, has(row, OP_READS) || row->reads.len == 0, "writes, but reads tags");
    }
}

/* Whether some operation reads tags of the same kind: equal but for what fills the placeholder. */
static bool is_read_by_any(struct span tag)
{
    struct span kind = span_cut(&tag, '{');
    for (size_t i = 0; i < ROWS; i++) {
        struct span tags = operation_at(i)->reads;
        while (tags.len > 0) {
            struct span other = span_cut(&tags, ' ');
            if (span_equal(span_cut(&other, '{'), kind) && (other.len > 0) == (tag.len > 0))
                return true;
        }
    }
    return false;
}

static void every_change_makes_something_stale(void **state)
{
    static const char *const exceptions[] = {
        /* Numbers that no cached answer promises to hold at once. */
        "trackAnalytics",
        "captureObservation",
        /* They change nothing but what was spent, and a stamp a call would end all caching of
         * usages. */
        "generateText",
        "generateTextStream",
        "generateAudio",
        "generateAudioStream",
        "generateImage",
        "transcribeAudio",
    };
    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        const struct operation *row = operation_at(i);
        bool is_exempt =
            has(row, OP_READS) || is_one_of(row->name, exceptions, COUNT_OF(exceptions));
        expect(row, (row->writes.len == 0) == is_exempt, "writes");
        for (struct span tags = row->writes; tags.len > 0;)
            expect(row, is_read_by_any(span_cut(&tags, ' ')), "a tag that nobody reads");
    }
}

/* Fills a template as if all ids were those of one bot, workspace and thing. */
static struct span fill(struct span template, char filled[MAX_TAG])
{
    static const struct {
        struct span name, value;
    } values[] = {
        {{"bot", 3}, {"b", 1}}, {{"botId", 5}, {"b", 1}},     {{"installedByBotId", 16}, {"b", 1}},
        {{"id", 2}, {"b", 1}},  {{"workspace", 9}, {"w", 1}}, {{"destination", 11}, {"d", 1}},
    };
    struct span rest = template, kind = span_cut(&rest, '{'), value = SPAN("");
    struct span name = span_cut(&rest, '}');
    for (size_t i = 0; i < COUNT_OF(values); i++) {
        if (span_equal(values[i].name, name))
            value = values[i].value;
    }
    int len =
        snprintf(filled, MAX_TAG, "%.*s%.*s", (int)kind.len, kind.at, (int)value.len, value.at);
    return (struct span){filled, (size_t)len};
}

static bool makes_stale(const struct operation *write, const struct operation *read)
{
    char a[MAX_TAG], b[MAX_TAG];
    for (struct span writes = write->writes; writes.len > 0;) {
        struct span written = fill(span_cut(&writes, ' '), a);
        for (struct span reads = read->reads; reads.len > 0;) {
            if (span_equal(written, fill(span_cut(&reads, ' '), b)))
                return true;
        }
    }
    return false;
}

static void changes_reach_the_answers_that_show_them(void **state)
{
    static const char *const pairs[][2] = {
        {"createUser", "listUsers"},
        {"updateUser", "getParticipant"},
        {"initializeIncomingMessage", "listConversations"},
        {"deleteConversation", "listMessages"},
        {"addParticipant", "listUsers"},
        {"createMessage", "getConversation"},
        {"cancelScheduledEvent", "listEvents"},
        {"patchState", "getState"},
        {"createTask", "listWorkflows"},
        {"updateWorkflow", "listActivities"},
        {"callAction", "getBot"},
        {"callAction", "getState"},
        {"configureIntegration", "listTables"},
        {"updateBot", "getBot"},
        {"updateBot", "listBots"},
        {"updateBot", "getWorkspace"},
        {"updateBot", "listWorkspaceUsages"},
        {"updateBot", "listPublicIntegrations"},
        {"deployBotVersion", "getBotVersion"},
        {"updateBotAllowlist", "getBotAllowlist"},
        {"createIntegrationShareableId", "getIntegrationShareableId"},
        {"transferBot", "listBots"},
        {"createBot", "listBots"},
        {"createBotApiKey", "listBotApiKeys"},
        {"deleteIntegrationApiKey", "listIntegrationApiKeys"},
        {"createPersonalAccessToken", "listPersonalAccessTokens"},
        {"updateIntegration", "getIntegrationByName"},
        {"updateIntegration", "getPublicIntegration"},
        {"updateIntegration", "getPublicIntegrationById"},
        {"createIntegration", "listIntegrations"},
        {"requestIntegrationVerification", "getPublicIntegration"},
        {"updateInterface", "getDereferencedPlugin"},
        {"deletePlugin", "getPublicPluginCode"},
        {"updateWorkspace", "getPublicWorkspace"},
        {"setWorkspacePreference", "getWorkspacePreference"},
        {"updateWorkspaceMember", "listWorkspaceMembers"},
        {"updateAccount", "getWorkspaceMember"},
        {"setAccountPreference", "getAccountPreference"},
        {"changeAISpendQuota", "getWorkspaceQuota"},
        {"setPlan", "getQuotas"},
        {"setPlan", "getSubscription"},
        {"setPlan", "getWorkspace"},
        {"upsertFile", "searchFiles"},
        {"copyFile", "listFiles"},
        {"createKnowledgeBase", "listKnowledgeBases"},
        {"deleteTableRows", "getTableRow"},
        {"createTable", "listTables"},
        {"exportTable", "getTableJobs"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(pairs); i++) {
        if (!makes_stale(named(pairs[i][0]), named(pairs[i][1])))
            fail_msg("%s leaves %s as it is", pairs[i][0], pairs[i][1]);
    }
}

static void changes_leave_alone_what_they_do_not_touch(void **state)
{
    static const char *const pairs[][2] = {
        {"createMessage", "getBot"},
        {"updateBot", "getPublicIntegrationById"},
        {"updateBot", "listPublicWorkspaces"},
        {"updatePlugin", "getPublicIntegration"},
        {"createIntegration", "getBot"},
        {"upsertFile", "listTables"},
        {"createIntegration", "getIntegration"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(pairs); i++) {
        if (makes_stale(named(pairs[i][0]), named(pairs[i][1])))
            fail_msg("%s makes %s stale", pairs[i][0], pairs[i][1]);
    }
}

static void services_have_names_and_body_limits(void **state)
{
    (void)state;
    assert_true(span_equal(service_name(SERVICE_RUNTIME), SPAN("runtime")));
    assert_true(span_equal(service_name(SERVICE_UNKNOWN), SPAN("unknown")));
    for (int service = 0; service < SERVICE_COUNT; service++)
        assert_true(service_name((enum service)service).len > 0);
    assert_int_equal(service_body_limit(SERVICE_ADMIN), 50 * MIB);
    assert_int_equal(service_body_limit(SERVICE_TABLES), 40 * MIB);
    assert_int_equal(service_body_limit(SERVICE_RUNTIME), MIB);
    assert_int_equal(service_body_limit(SERVICE_FILES), MIB);
    assert_int_equal(service_body_limit(SERVICE_HUB), 10 * MIB);
    assert_int_equal(service_body_limit(SERVICE_UNKNOWN), 10 * MIB);
}

static void unknown_paths_take_what_their_tree_takes_and_need_nothing(void **state)
{
    (void)state;
    for (int service = 0; service < SERVICE_COUNT; service++) {
        unsigned flags = service_default_flags((enum service)service, METHOD_POST);
        assert_int_equal(flags & (OP_NEEDS_BOT | OP_NEEDS_WORKSPACE | OP_READS | OP_IDEMPOTENT |
                                  OP_MINTS | OP_PUBLIC),
                         0);
    }
    assert_int_equal(service_default_flags(SERVICE_HUB, METHOD_POST), 0);
    assert_int_equal(service_default_flags(SERVICE_RUNTIME, METHOD_GET),
                     OP_TAKES_BOT | OP_TAKES_INTEGRATION | OP_READS | OP_IDEMPOTENT);
    assert_int_equal(service_default_flags(SERVICE_ADMIN, METHOD_DELETE),
                     OP_TAKES_WORKSPACE | OP_IDEMPOTENT);
    assert_int_equal(service_default_flags(SERVICE_ADMIN, METHOD_OTHER), OP_TAKES_WORKSPACE);
    assert_int_equal(service_default_deadline(SERVICE_ADMIN, METHOD_HEAD), DEADLINE_NORMAL);
    assert_int_equal(service_default_deadline(SERVICE_ADMIN, METHOD_OTHER), DEADLINE_DEPLOY);
    assert_int_equal(service_default_deadline(SERVICE_UNKNOWN, METHOD_POST), DEADLINE_NORMAL);
    assert_int_equal(service_default_deadline(SERVICE_COGNITIVE, METHOD_GET), DEADLINE_COGNITIVE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_stands_once),
        cmocka_unit_test(every_pattern_lies_in_the_tree_of_its_service),
        cmocka_unit_test(what_is_needed_is_taken_and_each_service_takes_its_own),
        cmocka_unit_test(what_only_reads_is_known_by_method_or_by_name),
        cmocka_unit_test(what_mints_is_listed_and_never_reads),
        cmocka_unit_test(deadlines_follow_service_and_method),
        cmocka_unit_test(only_reading_gets_are_cached_and_public_ones_are_public),
        cmocka_unit_test(cache_classes_are_those_of_the_product),
        cmocka_unit_test(parameters_that_name_something_are_marked),
        cmocka_unit_test(query_parameters_that_name_something_are_marked),
        cmocka_unit_test(what_names_its_target_in_the_body_is_marked),
        cmocka_unit_test(tags_can_be_filled_and_stand_on_the_right_side),
        cmocka_unit_test(every_change_makes_something_stale),
        cmocka_unit_test(changes_reach_the_answers_that_show_them),
        cmocka_unit_test(changes_leave_alone_what_they_do_not_touch),
        cmocka_unit_test(services_have_names_and_body_limits),
        cmocka_unit_test(unknown_paths_take_what_their_tree_takes_and_need_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
