#include "auth/scope.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"

enum {
    LIST_MESSAGES,
    CREATE_MESSAGE,
    DELETE_MESSAGE,
    LIST_BOTS,
    DELETE_BOT,
    CREATE_PAT,
    DELETE_PAT,
    LIST_HUB,
    GET_HUB,
    LIST_FILES,
    UPSERT_FILE,
    OPERATION_COUNT,
};

/* SPAN as an initialiser of a static. */
#define WORD(literal)                                                                              \
    {                                                                                              \
        "" literal, sizeof(literal) - 1                                                            \
    }

static const struct scope_operation operations[OPERATION_COUNT] = {
    [LIST_MESSAGES] = {.name = WORD("listMessages"), .service = WORD("runtime"), .reads = true},
    [CREATE_MESSAGE] = {.name = WORD("createMessage"), .service = WORD("runtime")},
    [DELETE_MESSAGE] = {.name = WORD("deleteMessage"), .service = WORD("runtime")},
    [LIST_BOTS] = {.name = WORD("listBots"), .service = WORD("admin"), .reads = true},
    [DELETE_BOT] = {.name = WORD("deleteBot"), .service = WORD("admin")},
    [CREATE_PAT] = {.name = WORD("createPersonalAccessToken"),
                    .service = WORD("admin"),
                    .mints = true},
    [DELETE_PAT] = {.name = WORD("deletePersonalAccessToken"),
                    .service = WORD("admin"),
                    .mints = true},
    [LIST_HUB] = {.name = WORD("listPublicIntegrations"), .service = WORD("hub"), .reads = true},
    [GET_HUB] = {.name = WORD("getPublicIntegration"), .service = WORD("hub"), .reads = true},
    [LIST_FILES] = {.name = WORD("listFiles"), .service = WORD("files"), .reads = true},
    [UPSERT_FILE] = {.name = WORD("upsertFile"), .service = WORD("files")},
};

enum { MAX_LIST = 6 };

#define BIT(index) (1U << (index))

static const unsigned everything_but_minting =
    (BIT(OPERATION_COUNT) - 1) & ~(BIT(CREATE_PAT) | BIT(DELETE_PAT));

/* elements: separated by spaces. */
static enum status compile(struct scope *scope, const char *elements, struct scope_error *error)
{
    struct span list[MAX_LIST], rest = span_of(elements);
    size_t count = 0;
    while (rest.len > 0) {
        assert_true(count < MAX_LIST);
        list[count++] = span_cut(&rest, ' ');
    }
    return scope_compile(scope, list, count, operations, OPERATION_COUNT, error);
}

static struct scope scope_of(const char *elements)
{
    struct scope scope;
    struct scope_error error;
    assert_int_equal(compile(&scope, elements, &error), OK);
    return scope;
}

static unsigned granted(const char *elements)
{
    struct scope scope = scope_of(elements);
    unsigned bits = 0;
    for (size_t i = 0; i < OPERATION_COUNT; i++)
        bits |= scope_allows(&scope, i) ? BIT(i) : 0;
    return bits;
}

static const char *error_of(const char *elements, size_t place)
{
    static struct scope_error error;
    struct scope scope;
    memset(&error, 0x55, sizeof(error));
    assert_int_equal(compile(&scope, elements, &error), ERR_SYNTAX);
    assert_int_equal(error.place, place);
    assert_true(memchr(error.text, '\0', sizeof(error.text)) != NULL);
    return error.text;
}

static void an_empty_list_grants_nothing(void **state)
{
    (void)state;
    assert_int_equal(granted(""), 0);
    struct scope scope = scope_of("");
    assert_false(scope_allows_unknown(&scope, true, true));
}

static void a_name_grants_one_operation(void **state)
{
    (void)state;
    assert_int_equal(granted("createMessage"), BIT(CREATE_MESSAGE));
    assert_int_equal(granted("runtime.createMessage"), BIT(CREATE_MESSAGE));
    assert_int_equal(granted("createMessage listBots"), BIT(CREATE_MESSAGE) | BIT(LIST_BOTS));
}

static void a_star_stands_for_any_run(void **state)
{
    (void)state;
    assert_int_equal(granted("list*"),
                     BIT(LIST_MESSAGES) | BIT(LIST_BOTS) | BIT(LIST_HUB) | BIT(LIST_FILES));
    assert_int_equal(granted("*Message"), BIT(CREATE_MESSAGE) | BIT(DELETE_MESSAGE));
    assert_int_equal(granted("*Public*"), BIT(LIST_HUB) | BIT(GET_HUB));
    assert_int_equal(granted("createMessage*"), BIT(CREATE_MESSAGE));
}

static void a_service_narrows_a_pattern(void **state)
{
    (void)state;
    assert_int_equal(granted("hub.*"), BIT(LIST_HUB) | BIT(GET_HUB));
    assert_int_equal(granted("hub.list*"), BIT(LIST_HUB));
    assert_int_equal(granted("*.listFiles"), BIT(LIST_FILES));
}

static void without_a_dot_a_star_does_not_reach_into_services(void **state)
{
    (void)state;
    /* "f*" is not files.*, "h*" not hub.*: only names count. */
    error_of("f*", 0);
    error_of("h*", 0);
    assert_int_equal(granted("u*"), BIT(UPSERT_FILE));
}

static void presets_grant_their_part(void **state)
{
    (void)state;
    assert_int_equal(granted("read"), BIT(LIST_MESSAGES) | BIT(LIST_BOTS) | BIT(LIST_HUB) |
                                          BIT(GET_HUB) | BIT(LIST_FILES));
    assert_int_equal(granted("chat"),
                     BIT(LIST_MESSAGES) | BIT(CREATE_MESSAGE) | BIT(DELETE_MESSAGE));
    assert_int_equal(granted("hub"), BIT(LIST_HUB) | BIT(GET_HUB));
    assert_int_equal(granted("all"), everything_but_minting);
}

static void exclusions_win_wherever_they_stand(void **state)
{
    (void)state;
    unsigned expected = everything_but_minting & ~(BIT(DELETE_MESSAGE) | BIT(DELETE_BOT));
    assert_int_equal(granted("all !delete*"), expected);
    assert_int_equal(granted("!delete* all"), expected);
    assert_int_equal(granted("!delete* all deleteBot"), expected);
    assert_int_equal(granted("read !hub"), BIT(LIST_MESSAGES) | BIT(LIST_BOTS) | BIT(LIST_FILES));
    assert_int_equal(granted("all !*"), 0);
    assert_int_equal(granted("chat !runtime.list*"), BIT(CREATE_MESSAGE) | BIT(DELETE_MESSAGE));
}

static void an_exclusion_alone_grants_nothing(void **state)
{
    (void)state;
    assert_int_equal(granted("!deleteBot"), 0);
    struct scope scope = scope_of("!deleteBot");
    assert_false(scope_allows_unknown(&scope, true, true));
}

static void minting_is_granted_by_its_full_name_alone(void **state)
{
    (void)state;
    assert_int_equal(granted("*") & BIT(CREATE_PAT), 0);
    assert_int_equal(granted("admin.*") & BIT(CREATE_PAT), 0);
    assert_int_equal(granted("createPersonalAccessToken*"), 0);
    assert_int_equal(granted("*createPersonalAccessToken"), 0);
    assert_int_equal(granted("*.createPersonalAccessToken"), 0);
    assert_int_equal(granted("createPersonalAccessToken"), BIT(CREATE_PAT));
    assert_int_equal(granted("admin.createPersonalAccessToken"), BIT(CREATE_PAT));
}

static void an_exclusion_takes_even_named_minting_away(void **state)
{
    (void)state;
    assert_int_equal(granted("createPersonalAccessToken deletePersonalAccessToken !delete*"),
                     BIT(CREATE_PAT));
    assert_int_equal(granted("createPersonalAccessToken !createPersonalAccessToken"), 0);
}

static void unknown_routes_need_the_word_or_all(void **state)
{
    (void)state;
    struct scope named = scope_of("unknown"), all = scope_of("all"), star = scope_of("*");
    assert_true(scope_allows_unknown(&named, false, false));
    assert_false(scope_allows(&named, LIST_BOTS));
    assert_true(scope_allows_unknown(&all, true, false));
    assert_true(scope_allows_unknown(&all, false, true));
    assert_false(scope_allows_unknown(&all, false, false));
    assert_false(scope_allows_unknown(&star, true, true));
    assert_true(all.has_all);
    assert_true(named.has_unknown);
}

static void unknown_can_be_excluded(void **state)
{
    (void)state;
    struct scope all = scope_of("all !unknown"), both = scope_of("unknown !unknown");
    assert_false(scope_allows_unknown(&all, true, true));
    assert_false(scope_allows_unknown(&both, true, true));
    assert_true(scope_allows(&all, LIST_BOTS));
}

static void excluding_a_whole_part_takes_unknown_routes_from_all(void **state)
{
    (void)state;
    static const char *const closed[] = {"all !files.*", "all !chat", "all !read", "all !*.*"};
    for (size_t i = 0; i < COUNT_OF(closed); i++) {
        struct scope scope = scope_of(closed[i]);
        assert_false(scope_allows_unknown(&scope, true, true));
    }
    struct scope names = scope_of("all !delete* !files.list* !listBots");
    struct scope named = scope_of("all unknown !files.*");
    assert_true(scope_allows_unknown(&names, true, false));
    assert_true(scope_allows_unknown(&named, false, false));
}

static void what_matches_nothing_is_an_error_with_the_nearest_name(void **state)
{
    (void)state;
    assert_string_equal(error_of("creatMessage", 0),
                        "\"creatMessage\" matches no operation: did you mean createMessage?");
    assert_string_equal(error_of("all listbots", 1),
                        "\"listbots\" matches no operation: did you mean listBots?");
    assert_string_equal(error_of("all listBots !deletBot", 2),
                        "\"deletBot\" matches no operation: did you mean deleteBot?");
    assert_string_equal(error_of("reed", 0), "\"reed\" matches no operation: did you mean read?");
    assert_string_equal(error_of("!unkown", 0),
                        "\"unkown\" matches no operation: did you mean unknown?");
    assert_string_equal(error_of("admin.createMessage", 0),
                        "\"admin.createMessage\" matches no operation: did you mean "
                        "runtime.createMessage?");
    assert_string_equal(error_of("READ", 0), "\"READ\" matches no operation: did you mean read?");
}

static void far_off_names_get_no_suggestion(void **state)
{
    (void)state;
    assert_string_equal(error_of("frobnicate", 0),
                        "\"frobnicate\" matches no operation: `bpgate routes` lists them all");
    assert_string_equal(error_of("lst*", 0),
                        "\"lst*\" matches no operation: `bpgate routes` lists them all");
    assert_string_equal(error_of("hubs.*", 0),
                        "\"hubs.*\" matches no operation: `bpgate routes` lists them all");
}

static void malformed_elements_are_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "!",          "!!listBots", "list Bots", "",          ".",       "hub.",         ".list*",
        "hub.a.b",    "list?",      "list\n",    "listBots,", "(list*)", "listBots\x7f", "\xc3\xa9",
        "!hub.!list", "hub/*",
    };
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct span element = span_of(texts[i]);
        struct scope scope;
        struct scope_error error;
        assert_int_equal(scope_compile(&scope, &element, 1, operations, OPERATION_COUNT, &error),
                         ERR_SYNTAX);
        assert_true(strstr(error.text, "is no operation") != NULL);
    }
}

static void very_long_elements_are_refused_within_the_error_bound(void **state)
{
    (void)state;
    char text[4096];
    memset(text, 'a', sizeof(text));
    struct scope scope;
    struct scope_error error;
    for (size_t len = 40; len <= sizeof(text); len += 8) {
        struct span element = {text, len};
        assert_int_equal(scope_compile(&scope, &element, 1, operations, OPERATION_COUNT, &error),
                         ERR_SYNTAX);
        assert_true(strlen(error.text) < sizeof(error.text));
    }
}

static void a_refused_list_grants_nothing(void **state)
{
    (void)state;
    struct scope scope;
    struct scope_error error;
    assert_int_equal(compile(&scope, "all unknown nonsense", &error), ERR_SYNTAX);
    for (size_t i = 0; i < OPERATION_COUNT; i++)
        assert_false(scope_allows(&scope, i));
    assert_false(scope_allows_unknown(&scope, true, true));
}

static void the_last_of_the_most_operations_has_a_bit(void **state)
{
    (void)state;
    static struct scope_operation many[SCOPE_MAX_OPERATIONS];
    for (size_t i = 0; i < SCOPE_MAX_OPERATIONS; i++)
        many[i] = operations[LIST_BOTS];
    many[SCOPE_MAX_OPERATIONS - 1] = operations[CREATE_MESSAGE];
    struct span element = SPAN("createMessage");
    struct scope scope;
    struct scope_error error;
    assert_int_equal(scope_compile(&scope, &element, 1, many, SCOPE_MAX_OPERATIONS, &error), OK);
    assert_true(scope_allows(&scope, SCOPE_MAX_OPERATIONS - 1));
    assert_false(scope_allows(&scope, SCOPE_MAX_OPERATIONS - 2));
    assert_false(scope_allows(&scope, 0));
}

static void denials_are_explained(void **state)
{
    (void)state;
    struct scope scope = scope_of("all !delete*");
    assert_int_equal(scope_explain(&scope, LIST_BOTS, false), SCOPE_GRANTED);
    assert_int_equal(scope_explain(&scope, DELETE_BOT, false), SCOPE_EXCLUDED);
    assert_int_equal(scope_explain(&scope, DELETE_PAT, true), SCOPE_EXCLUDED);
    assert_int_equal(scope_explain(&scope, CREATE_PAT, true), SCOPE_MINTS);
    struct scope hub = scope_of("hub");
    assert_int_equal(scope_explain(&hub, LIST_BOTS, false), SCOPE_NOT_LISTED);
}

static void every_denial_has_a_sentence(void **state)
{
    (void)state;
    assert_int_equal(scope_denial_text(SCOPE_GRANTED).len, 0);
    for (int denial = SCOPE_NOT_LISTED; denial <= SCOPE_UNKNOWN; denial++) {
        struct span text = scope_denial_text((enum scope_denial)denial);
        assert_true(text.len > 20 && text.at[text.len - 1] == '.');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_list_grants_nothing),
        cmocka_unit_test(a_name_grants_one_operation),
        cmocka_unit_test(a_star_stands_for_any_run),
        cmocka_unit_test(a_service_narrows_a_pattern),
        cmocka_unit_test(without_a_dot_a_star_does_not_reach_into_services),
        cmocka_unit_test(presets_grant_their_part),
        cmocka_unit_test(exclusions_win_wherever_they_stand),
        cmocka_unit_test(an_exclusion_alone_grants_nothing),
        cmocka_unit_test(minting_is_granted_by_its_full_name_alone),
        cmocka_unit_test(an_exclusion_takes_even_named_minting_away),
        cmocka_unit_test(unknown_routes_need_the_word_or_all),
        cmocka_unit_test(unknown_can_be_excluded),
        cmocka_unit_test(excluding_a_whole_part_takes_unknown_routes_from_all),
        cmocka_unit_test(what_matches_nothing_is_an_error_with_the_nearest_name),
        cmocka_unit_test(far_off_names_get_no_suggestion),
        cmocka_unit_test(malformed_elements_are_refused),
        cmocka_unit_test(very_long_elements_are_refused_within_the_error_bound),
        cmocka_unit_test(a_refused_list_grants_nothing),
        cmocka_unit_test(the_last_of_the_most_operations_has_a_bit),
        cmocka_unit_test(denials_are_explained),
        cmocka_unit_test(every_denial_has_a_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
