#include "net/mailbox.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "net/loop.h"

enum { LETTERS = 1000, SENDERS = 3 };

struct office {
    struct loop loop;
    uv_thread_t receiver;
    unsigned next[SENDERS]; /* the number expected from each */
    unsigned received;
};

struct numbered {
    struct letter letter;
    struct office *office;
    unsigned sender, number;
};

struct sender {
    struct office *office;
    unsigned id;
};

static void on_letter(struct letter *letter)
{
    struct numbered *numbered = container_of(letter, struct numbered, letter);
    struct office *office = numbered->office;
    uv_thread_t self = uv_thread_self();
    assert_true(uv_thread_equal(&self, &office->receiver));
    assert_int_equal(numbered->number, office->next[numbered->sender]++);
    free(numbered);
    if (++office->received == SENDERS * LETTERS)
        loop_stop(&office->loop);
}

static void post(struct office *office, unsigned sender, unsigned number)
{
    struct numbered *numbered = xcalloc(1, sizeof(*numbered));
    *numbered = (struct numbered){.office = office, .sender = sender, .number = number};
    mailbox_post(&office->loop.mailbox, &numbered->letter, on_letter);
}

static void send_all(void *argument)
{
    const struct sender *sender = argument;
    for (unsigned i = 0; i < LETTERS; i++)
        post(sender->office, sender->id, i);
}

static void on_never(uv_timer_t *timer)
{
    (void)timer;
}

static void letters_of_other_threads_arrive_in_each_senders_order(void **state)
{
    static struct office office;
    struct sender senders[SENDERS];
    uv_thread_t threads[SENDERS];
    uv_timer_t keeper; /* a mailbox does not keep a loop alive */
    (void)state;
    loop_init(&office.loop);
    office.receiver = uv_thread_self();
    uv_timer_init(&office.loop.uv, &keeper);
    uv_timer_start(&keeper, on_never, 60000, 0);
    for (unsigned i = 0; i < SENDERS; i++) {
        senders[i] = (struct sender){&office, i};
        assert_int_equal(uv_thread_create(&threads[i], send_all, &senders[i]), 0);
    }
    loop_run(&office.loop);
    for (unsigned i = 0; i < SENDERS; i++)
        uv_thread_join(&threads[i]);
    assert_int_equal(office.received, SENDERS * LETTERS);
    uv_close((uv_handle_t *)&keeper, NULL);
    loop_close(&office.loop);
}

static void what_is_in_the_box_is_delivered_when_it_closes(void **state)
{
    static struct office office;
    (void)state;
    loop_init(&office.loop);
    office.receiver = uv_thread_self();
    post(&office, 1, 0);
    post(&office, 1, 1);
    loop_run(&office.loop); /* returns at once: nothing to wait for */
    loop_close(&office.loop);
    assert_int_equal(office.received, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(letters_of_other_threads_arrive_in_each_senders_order),
        cmocka_unit_test(what_is_in_the_box_is_delivered_when_it_closes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
