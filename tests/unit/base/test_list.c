#include "base/list.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct item {
    char name;
    struct list link;
};

/* The names from front to back and from back to front. */
static void assert_order(const struct list *head, const char *names)
{
    size_t len = strlen(names), at = 0;
    for (struct list *link = head->next; link != head; link = link->next)
        assert_int_equal(container_of(link, struct item, link)->name, names[at++]);
    assert_int_equal(at, len);
    for (struct list *link = head->prev; link != head; link = link->prev)
        assert_int_equal(container_of(link, struct item, link)->name, names[--at]);
    assert_int_equal(at, 0);
}

static void a_new_list_is_empty(void **state)
{
    (void)state;
    struct list head;
    list_init(&head);
    assert_true(list_is_empty(&head));
    assert_null(list_pop_front(&head));
}

static void members_stand_where_they_were_pushed(void **state)
{
    (void)state;
    struct list head;
    struct item a = {.name = 'a'}, b = {.name = 'b'}, c = {.name = 'c'};
    list_init(&head);
    list_push_back(&head, &b.link);
    list_push_back(&head, &c.link);
    list_push_front(&head, &a.link);
    assert_order(&head, "abc");
}

static void a_member_may_leave_from_anywhere(void **state)
{
    (void)state;
    struct list head;
    struct item items[] = {{.name = 'a'}, {.name = 'b'}, {.name = 'c'}, {.name = 'd'}};
    list_init(&head);
    for (size_t i = 0; i < COUNT_OF(items); i++)
        list_push_back(&head, &items[i].link);
    list_remove(&items[1].link);
    assert_order(&head, "acd");
    list_remove(&items[0].link);
    assert_order(&head, "cd");
    list_remove(&items[3].link);
    assert_order(&head, "c");
    list_remove(&items[2].link);
    assert_true(list_is_empty(&head));
}

static void a_member_knows_whether_it_is_in_a_list(void **state)
{
    (void)state;
    struct list head;
    struct item item = {.name = 'a'};
    list_init(&head);
    assert_false(list_has(&item.link));
    list_push_back(&head, &item.link);
    assert_true(list_has(&item.link));
    list_remove(&item.link);
    assert_false(list_has(&item.link));
}

static void removing_twice_does_nothing(void **state)
{
    (void)state;
    struct list head;
    struct item a = {.name = 'a'}, b = {.name = 'b'};
    list_init(&head);
    list_push_back(&head, &a.link);
    list_push_back(&head, &b.link);
    list_remove(&a.link);
    list_remove(&a.link);
    assert_order(&head, "b");
}

static void popping_empties_from_the_front_and_members_may_return(void **state)
{
    (void)state;
    struct list head;
    struct item a = {.name = 'a'}, b = {.name = 'b'};
    list_init(&head);
    list_push_back(&head, &a.link);
    list_push_back(&head, &b.link);
    assert_ptr_equal(list_pop_front(&head), &a.link);
    list_push_back(&head, &a.link);
    assert_order(&head, "ba");
    assert_ptr_equal(list_pop_front(&head), &b.link);
    assert_ptr_equal(list_pop_front(&head), &a.link);
    assert_null(list_pop_front(&head));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_list_is_empty),
        cmocka_unit_test(members_stand_where_they_were_pushed),
        cmocka_unit_test(a_member_may_leave_from_anywhere),
        cmocka_unit_test(a_member_knows_whether_it_is_in_a_list),
        cmocka_unit_test(removing_twice_does_nothing),
        cmocka_unit_test(popping_empties_from_the_front_and_members_may_return),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
