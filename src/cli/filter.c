#include <dirent.h>
#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/filter_trial.h"
#include "cli/output.h"
#include "gateway/filters.h"
#include "script/script_file.h"
#include "script/script_sandbox.h"

enum { ARENA_LIMIT = 64 * MIB, FILES_MAX = 1000, TESTS_MAX = 1000, SECOND_US = 1000000 };

/* --- filter check --- */

static void write_functions(const struct script_host *host)
{
    static const struct {
        enum script_phase phase;
        const char *name;
    } rows[] = {{SCRIPT_REQUEST, "on_request"},
                {SCRIPT_BODY, "on_response with the body"},
                {SCRIPT_RESPONSE, "on_response"},
                {SCRIPT_LOG, "on_log"}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (script_host_has(host, 0, rows[i].phase))
            printf(", %s", rows[i].name);
    }
    printf(", on_error %s\n", script_host_is_open(host, 0) ? "open" : "closed");
}

int filter_check_command(const struct arguments *arguments)
{
    char error[SCRIPT_ERROR_SIZE];
    struct arena arena;
    arena_init(&arena, ARENA_LIMIT);
    const char *path = arguments->words[0];
    struct script_source source = {.file = span_of(path),
                                   .options = span_of(arguments_value(arguments, "--options"))};
    const struct filter_rules rules = {.sources = &source,
                                       .count = 1,
                                       .limits = {8 * MIB, 200000, 10 * 1000},
                                       .body_bytes = 256 * KIB};
    int failed = script_file_read(path, &arena, &source.text);
    struct script_host *host = failed == 0 ? filters_compile(&rules, error) : NULL;
    if (failed != 0)
        output_error("%s: %s", path, strerror(failed));
    else if (!host)
        output_error("%s", error);
    if (host) {
        struct span name = script_host_name(host, 0);
        printf("ok: %s: %.*s", path, (int)name.len, name.at);
        write_functions(host);
    }
    int code = host ? EXIT_OK : EXIT_FAILED;
    script_host_destroy(host);
    arena_clear(&arena);
    return code;
}

/* --- filter test --- */

struct run {
    struct trials trials;
    struct script_budget budget;
    lua_State *lua;
    const char *file; /* of the test */
    unsigned passed, failed;
};

/* The file on top becomes its table of tests. */
static int open_step(lua_State *lua)
{
    struct run *run = lua_touserdata(lua, 1);
    struct span text;
    int failed = script_file_read(run->file, &run->trials.arena, &text);
    if (failed != 0)
        return luaL_error(lua, "%s", strerror(failed));
    lua_pushfstring(lua, "@%s", run->file);
    if (luaL_loadbufferx(lua, text.at, text.len, lua_tostring(lua, -1), "t") != LUA_OK)
        return lua_error(lua);
    script_sandbox_open(lua);
    filter_trial_open(lua, &run->trials);
    lua_setfield(lua, -2, "t");
    script_sandbox_freeze(lua, "the environment");
    if (!lua_setupvalue(lua, -2, 1))
        lua_pop(lua, 1);
    lua_call(lua, 0, 1);
    if (!lua_istable(lua, -1))
        return luaL_error(lua, "%s:1: a file of tests returns a table of functions", run->file);
    return 1;
}

static void say(struct run *run, const char *name, bool is_good)
{
    run->passed += is_good;
    run->failed += !is_good;
    if (is_good)
        printf("ok: %s: %s\n", run->file, name);
    else
        printf("FAILED: %s: %s: %s\n", run->file, name, luaL_tolstring(run->lua, -1, NULL));
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The tests of the table on top, by name. */
static void run_tests(struct run *run)
{
    const char *names[TESTS_MAX];
    size_t count = 0;
    lua_State *lua = run->lua;
    int table = lua_gettop(lua);
    for (lua_pushnil(lua); lua_next(lua, table) && count < TESTS_MAX; lua_pop(lua, 1)) {
        if (lua_type(lua, -2) == LUA_TSTRING)
            names[count++] = lua_tostring(lua, -2); /* the table keeps it */
    }
    qsort(names, count, sizeof(names[0]), compare);
    for (size_t i = 0; i < count; i++) {
        lua_settop(lua, table);
        lua_getfield(lua, table, names[i]);
        script_budget_begin(&run->budget);
        say(run, names[i], lua_pcall(lua, 0, 0, 0) == LUA_OK);
    }
    if (count == 0)
        say(run, "it has no tests", false);
}

static void run_file(struct run *run, const char *file)
{
    static const struct script_limits limits = {64 * MIB, 100000000, 10 * SECOND_US};
    run->file = file;
    arena_init(&run->trials.arena, ARENA_LIMIT);
    run->trials.dict = shared_dict_create(MIB);
    run->lua = script_budget_open(&run->budget, &limits);
    ASSERT(run->lua);
    lua_pushcfunction(run->lua, open_step);
    lua_pushlightuserdata(run->lua, run);
    if (lua_pcall(run->lua, 1, 1, 0) == LUA_OK)
        run_tests(run);
    else
        say(run, "it cannot be run", false);
    lua_close(run->lua);
    shared_dict_destroy(run->trials.dict);
    arena_clear(&run->trials.arena);
}

static bool is_test(const char *name)
{
    return span_matches(span_of(name), SPAN("*_test.lua"));
}

/* The paths of the tests in a folder, sorted. */
static size_t find_tests(struct arena *arena, const char *folder, const char *files[FILES_MAX])
{
    size_t count = 0;
    DIR *directory = opendir(folder);
    if (!directory)
        return 0;
    for (struct dirent *entry = readdir(directory); entry && count < FILES_MAX;
         entry = readdir(directory)) {
        if (is_test(entry->d_name))
            files[count++] = arena_format(arena, "%s/%s", folder, entry->d_name).at;
    }
    closedir(directory);
    qsort(files, count, sizeof(files[0]), compare);
    return count;
}

int filter_test_command(const struct arguments *arguments)
{
    const char *files[FILES_MAX], *folder = arguments->words[0];
    struct arena arena;
    arena_init(&arena, ARENA_LIMIT);
    struct route_catalogue *catalogue = route_catalogue_create();
    struct run run = {.trials = {.catalogue = catalogue, .folder = folder}};
    size_t count = find_tests(&arena, folder, files);
    for (size_t i = 0; i < count; i++)
        run_file(&run, files[i]);
    if (count == 0)
        output_error("%s: there are no files *_test.lua", folder);
    else
        printf("%u passed, %u failed\n", run.passed, run.failed);
    route_catalogue_destroy(catalogue);
    arena_clear(&arena);
    return count > 0 && run.failed == 0 ? EXIT_OK : EXIT_FAILED;
}
