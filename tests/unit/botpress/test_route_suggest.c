/* route_suggest: what is close to a path that does not exist. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/text.h"
#include "botpress/route_catalogue.h"

enum { LONGEST = 8192, ARENA = 64 * KIB, SHORT = 250 };

static struct route_catalogue *catalogue;
static struct arena arena;

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
    return 0;
}

static int begin(void **state)
{
    (void)state;
    arena_init(&arena, ARENA);
    return 0;
}

static int end(void **state)
{
    (void)state;
    arena_clear(&arena);
    return 0;
}

/* The bytes without a terminator. */
static void put(char *at, struct span bytes)
{
    memcpy(at, bytes.at, bytes.len);
}

static struct span suggest(struct span path)
{
    struct span text = route_suggest(catalogue, &arena, path);
    assert_true(text.len <= SHORT);
    for (size_t i = 0; i < text.len; i++)
        assert_true(text.at[i] >= ' ' && text.at[i] <= '~');
    return text;
}

static void assert_close(const char *path, const char *to)
{
    struct span text = suggest(span_of(path));
    struct span pattern = arena_format(&arena, "*; %s*", to);
    if (!span_starts_with(text, span_of(path)) || !span_matches(text, pattern))
        fail_msg("%s: %.*s", path, (int)text.len, text.at);
    arena_clear(&arena);
}

static void assert_nothing_close(const char *path)
{
    struct span text = suggest(span_of(path));
    if (text.len > 0)
        fail_msg("%.*s", (int)text.len, text.at);
}

static void the_sentence_names_path_method_and_header(void **state)
{
    (void)state;
    struct span text = suggest(SPAN("/v1/bots/bot_1/conversations"));
    assert_true(span_equal(text, SPAN("/v1/bots/bot_1/conversations does not exist; GET "
                                      "/v1/chat/conversations with x-bot-id does (POST too).")));
    text = suggest(SPAN("/v1/admin/bot"));
    assert_true(span_equal(text, SPAN("/v1/admin/bot does not exist; GET /v1/admin/bots with "
                                      "x-workspace-id does (POST too).")));
    text = suggest(SPAN("/v1/hub/integrations"));
    assert_true(span_equal(text, SPAN("/v1/hub/integrations does not exist; GET "
                                      "/v1/admin/hub/integrations does.")));
}

static void a_bot_in_the_path_leads_to_the_runtime(void **state)
{
    (void)state;
    assert_close("/v1/bots/bot_1/conversations", "GET /v1/chat/conversations with x-bot-id");
    assert_close("/v1/bots/bot_1/messages", "GET /v1/chat/messages with x-bot-id");
    assert_close("/v1/bots/bot_1/users/u", "GET /v1/chat/users/{id} with x-bot-id");
    assert_close("/v1/bots/bot_1/files", "GET /v1/files with x-bot-id");
    assert_close("/v1/bots/bot_1/tables/t/rows", "POST /v1/tables/{table}/rows with x-bot-id");
    assert_close("/v1/bots/bot_1/converse", "POST /v1/chat/messages with x-bot-id");
    assert_close("/v1/bots/bot_1/converse/user_1", "GET /v1/chat/messages/{id}");
    assert_close("/v1/admin/bots/bot_1/conversations", "GET /v1/chat/conversations");
    assert_close("/v1/bots/bot_1/logs", "GET /v1/admin/bots/{id}/logs");
    assert_close("/v1/bots/bot_1", "GET /v1/admin/bots/{id}");
    assert_close("/v1/bots", "GET /v1/admin/bots");
}

static void sending_leads_to_creating_a_message(void **state)
{
    (void)state;
    assert_close("/v1/chat", "POST /v1/chat/messages with x-bot-id");
    assert_close("/v1/chat/", "POST /v1/chat/messages with x-bot-id");
    assert_close("/v1/chat/send", "POST /v1/chat/messages with x-bot-id");
    assert_close("/chat/send", "GET /v1/chat/messages with x-bot-id does (POST too)");
}

static void a_missing_version_is_found(void **state)
{
    (void)state;
    assert_close("/chat/conversations", "GET /v1/chat/conversations");
    assert_close("/admin/bots/b", "GET /v1/admin/bots/{id}");
    assert_close("/files", "GET /v1/files");
    assert_close("/cognitive/generate-text", "POST /v2/cognitive/generate-text");
    assert_close("/v2/chat/messages", "GET /v1/chat/messages");
    assert_close("/v1/cognitive/models", "GET /v2/cognitive/models");
    assert_close("/api/v1/chat/messages", "GET /v1/chat/messages");
}

static void a_missing_tree_is_found(void **state)
{
    (void)state;
    assert_close("/v1/messages", "GET /v1/chat/messages");
    assert_close("/v1/users/u", "GET /v1/chat/users/{id}");
    assert_close("/v1/workspaces/w", "GET /v1/admin/workspaces/{id}");
    assert_close("/v1/integrations", "GET /v1/admin/integrations");
    assert_close("/conversations", "GET /v1/chat/conversations");
    assert_close("/v2/plans", "GET /v2/billing/plans");
}

static void a_wrong_plural_or_a_typing_error_is_found(void **state)
{
    (void)state;
    assert_close("/v1/chat/message", "GET /v1/chat/messages");
    assert_close("/v1/chat/conversation/c", "GET /v1/chat/conversations/{id}");
    assert_close("/v1/file/f", "GET /v1/files/{id}");
    assert_close("/v1/table", "GET /v1/tables");
    assert_close("/v1/chat/Users", "GET /v1/chat/users");
    assert_close("/v1/chat/converzations", "GET /v1/chat/conversations");
    assert_close("/v1/chat/conversations/c/participant", "GET /v1/chat/conversations/{id}/part");
}

static void a_slash_too_many_is_found(void **state)
{
    (void)state;
    assert_close("/v1/chat/conversations/", "GET /v1/chat/conversations");
    assert_close("//v1/chat/conversations", "GET /v1/chat/conversations");
    assert_close("/v1/chat//conversations/c/", "GET /v1/chat/conversations/{id}");
    assert_close("/v1/chat/actions/", "POST /v1/chat/actions");
}

static void nothing_is_said_of_what_is_far(void **state)
{
    (void)state;
    assert_nothing_close("");
    assert_nothing_close("/");
    assert_nothing_close("*");
    assert_nothing_close("/favicon.ico");
    assert_nothing_close("/wp-login.php");
    assert_nothing_close("/v1");
    assert_nothing_close("/v1/admin");
    assert_nothing_close("/v1/chat/nothing");
    assert_nothing_close("/a/b/c/d/e/f/g/h/i/j/k");
}

static void what_is_gone_is_not_suggested(void **state)
{
    (void)state;
    struct span text = suggest(SPAN("/v1/workspaces/w/change-plan"));
    assert_false(span_matches(text, SPAN("*change-plan with*")));
    assert_false(span_matches(text, SPAN("*PUT /v1/admin/workspaces/{id}/change-plan*")));
}

static void long_paths_are_cut(void **state)
{
    static char path[LONGEST];
    (void)state;
    memset(path, 'x', LONGEST);
    put(path, SPAN("/v1/chat/message/"));
    struct span text = suggest((struct span){path, LONGEST});
    assert_true(span_matches(text, SPAN("/v1/chat/message/xxx*xxx... does not exist; *")));
    memset(path, '/', LONGEST);
    assert_int_equal(suggest((struct span){path, LONGEST}).len, 0);
}

static void bytes_that_are_not_printable_are_not_shown(void **state)
{
    (void)state;
    struct span text = suggest(SPAN("/v1/chat/message/\x01\n\x7f\xff \"<b>"));
    assert_true(span_starts_with(text, SPAN("/v1/chat/message/?????\"<b> does not exist; GET")));
    for (int c = 0; c < 256; c++) {
        char path[] = "/v1/bots/?/users";
        path[9] = (char)c;
        (void)suggest((struct span){path, sizeof(path) - 1});
        arena_clear(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_sentence_names_path_method_and_header, begin, end),
        cmocka_unit_test_setup_teardown(a_bot_in_the_path_leads_to_the_runtime, begin, end),
        cmocka_unit_test_setup_teardown(sending_leads_to_creating_a_message, begin, end),
        cmocka_unit_test_setup_teardown(a_missing_version_is_found, begin, end),
        cmocka_unit_test_setup_teardown(a_missing_tree_is_found, begin, end),
        cmocka_unit_test_setup_teardown(a_wrong_plural_or_a_typing_error_is_found, begin, end),
        cmocka_unit_test_setup_teardown(a_slash_too_many_is_found, begin, end),
        cmocka_unit_test_setup_teardown(nothing_is_said_of_what_is_far, begin, end),
        cmocka_unit_test_setup_teardown(what_is_gone_is_not_suggested, begin, end),
        cmocka_unit_test_setup_teardown(long_paths_are_cut, begin, end),
        cmocka_unit_test_setup_teardown(bytes_that_are_not_printable_are_not_shown, begin, end),
    };
    return cmocka_run_group_tests(tests, create, destroy);
}
