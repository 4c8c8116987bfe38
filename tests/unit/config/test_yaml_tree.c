#include "config/yaml_tree.h"

#include "unit/config/wrong_files.h"

#include <stdlib.h>

static const struct wrong_file wrong_yaml[] = {
    {"a: [1, 2",
     "1:4: this is not YAML (did not find expected ',' or ']'); close the bracket that opens here, "
     "and part entries with commas"},
    {"a: {b: 1\nc: 2\n", "1:4: this is not YAML (did not find expected ',' or '}'); close the "
                         "brace that opens here, and "
                         "part entries with commas"},
    {"a: [", "2:1: this is not YAML (did not find expected node content); add the entry that is "
             "missing, and "
             "close what is open"},
    {"a: *:80\n",
     "1:5: this is not YAML (did not find expected alphabetic or numeric character); put "
     "a text that begins with * into quotes"},
    {"a: [b, !delete*]\n",
     "1:16: this is not YAML (did not find expected whitespace or line break); "
     "put a text that begins with ! into quotes"},
    {"a: @b\n", "1:4: this is not YAML (found character that cannot start any token); put a text "
                "that begins with @, ` or % into quotes"},
    {"# \xc3\xa4\xc3\xb6\nclient:\n\tlinger: 1s\n",
     "3:1: YAML is not indented with tabs; use spaces"},
    {"workers: 1\n\tdrain: 1s\n", "2:1: YAML is not indented with tabs; use spaces"},
    {"workers: \"1",
     "1:10: this is not YAML (found unexpected end of stream); close the quote that opens here"},
    {"workers: *x\n", "1:10: this is not YAML (found undefined alias); put a text that begins "
                      "with * into quotes"},
    {"workers: 1\n  drain: 1s\n", "2:8: this is not YAML (mapping values are not allowed in this "
                                  "context); put a text with \": \" in it into quotes, and indent "
                                  "alike what belongs together"},
    {"drain: 1s\nworkers: \xff\n",
     "2:10: this is not UTF-8 text (invalid leading UTF-8 octet); save the file as UTF-8"},
    {"drain: \x01\n",
     "1:8: this is not UTF-8 text (control characters are not allowed); save the file as UTF-8"},
    {"workers: 1\n---\nworkers: 2\n",
     "2:1: a second document begins here; keep all settings in the first"},
};

static void what_is_no_yaml_is_told_with_its_place(void **state)
{
    (void)state;
    assert_all_wrong(wrong_yaml, COUNT_OF(wrong_yaml));
}

static void the_tree_knows_its_places(void **state)
{
    (void)state;
    static struct config_errors errors;
    yaml_document_t document;
    config_errors_init(&errors, "f");
    assert_true(yaml_tree_load(SPAN("a:\n  - \xc3\xa4 \n  - [b]\n"), &document, &errors));
    const yaml_node_t *root = yaml_document_get_root_node(&document);
    assert_int_equal(root->type, YAML_MAPPING_NODE);
    const yaml_node_t *list =
        yaml_document_get_node(&document, root->data.mapping.pairs.start->value);
    const yaml_node_t *inner =
        yaml_document_get_node(&document, list->data.sequence.items.start[1]);
    assert_int_equal(inner->type, YAML_SEQUENCE_NODE);
    assert_int_equal(yaml_tree_place(inner->start_mark).line, 3);
    assert_int_equal(yaml_tree_place(inner->start_mark).column, 5);
    yaml_document_delete(&document);
}

static void a_text_without_a_document_has_no_root(void **state)
{
    (void)state;
    static struct config_errors errors;
    yaml_document_t document;
    config_errors_init(&errors, "f");
    assert_true(yaml_tree_load(SPAN("# nothing\n"), &document, &errors));
    assert_null(yaml_document_get_root_node(&document));
    yaml_document_delete(&document);
    assert_int_equal(errors.count, 0);
}

/* Repeats unit until the text has len bytes; the sentence that refuses it is expected. */
static void assert_refused(const char *unit, size_t len, const char *sentence)
{
    static struct config_errors errors;
    yaml_document_t document;
    char *text = malloc(len);
    size_t unit_len = strlen(unit);
    for (size_t i = 0; i < len; i++)
        text[i] = unit[i % unit_len];
    config_errors_init(&errors, "f");
    assert_false(yaml_tree_load((struct span){text, len}, &document, &errors));
    assert_int_equal(errors.errors, 1);
    assert_non_null(strstr(errors.at[0].text, sentence));
    free(text);
}

static void deep_nesting_is_refused_before_it_costs_time(void **state)
{
    (void)state;
    static const char *const units[] = {"[", "{", "[{", "- ", "? ", "[\"]\",", "{a: ", "[\n"};
    for (size_t i = 0; i < COUNT_OF(units); i++)
        assert_refused(units[i], MIB, "nested deeper");
}

static void many_anchors_are_refused_before_they_cost_time(void **state)
{
    (void)state;
    static struct config_errors errors;
    yaml_document_t document;
    char *text = NULL;
    size_t len = 0;
    FILE *file = open_memstream(&text, &len);
    for (int i = 0; i <= YAML_MAX_ANCHORS; i++)
        fprintf(file, "- &a%d b\n", i);
    fclose(file);
    config_errors_init(&errors, "f");
    assert_false(yaml_tree_load((struct span){text, len}, &document, &errors));
    assert_int_equal(errors.at[0].place.line, YAML_MAX_ANCHORS + 1);
    assert_non_null(strstr(errors.at[0].text, "too many anchors"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_yaml_is_told_with_its_place),
        cmocka_unit_test(the_tree_knows_its_places),
        cmocka_unit_test(a_text_without_a_document_has_no_root),
        cmocka_unit_test(deep_nesting_is_refused_before_it_costs_time),
        cmocka_unit_test(many_anchors_are_refused_before_they_cost_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
