#include "base/words.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdlib.h>

#include "base/text.h"

enum { LONGEST = 40 };

/* Of its own memory and no longer, so that a sanitizer sees what is read beyond it. */
static struct span filled(size_t len, char with)
{
    char *text = malloc(len > 0 ? len : 1);
    assert_non_null(text);
    memset(text, with, len);
    return (struct span){text, len};
}

static void set(struct span text, size_t at, unsigned char byte)
{
    ((char *)(uintptr_t)text.at)[at] = (char)byte;
}

static void drop(struct span text)
{
    free((char *)(uintptr_t)text.at);
}

static uint64_t marks_of_zero(uint64_t word)
{
    return (word - WORD_ONES) & ~word & WORD_TOPS;
}

static void the_last_word_has_what_no_whole_one_has(void **state)
{
    (void)state;
    for (size_t len = 0; len < LONGEST; len++) {
        struct span text = filled(len, 'a');
        size_t whole = len - len % WORD_BYTES;
        uint64_t expected = 0;
        for (size_t i = whole; i < len; i++) {
            set(text, i, (unsigned char)(i + 1));
            expected |= (uint64_t)(i + 1) << (i - whole) * 8;
        }
        assert_true(last_word_of(text) == expected);
        drop(text);
    }
}

static void the_first_mark_is_found_wherever_it_is(void **state)
{
    (void)state;
    for (size_t len = 0; len < LONGEST; len++) {
        struct span text = filled(len, 1); /* above a zero a one looks like a zero */
        assert_int_equal(bytes_before_mark(text, marks_of_zero), len);
        for (size_t at = len; at-- > 0;) {
            set(text, at, 0);
            assert_int_equal(bytes_before_mark(text, marks_of_zero), at);
        }
        drop(text);
    }
}

static uint64_t word_of(unsigned char byte)
{
    return WORD_ONES * byte;
}

static void only_the_case_of_letters_does_not_count(void **state)
{
    (void)state;
    for (unsigned a = 0; a < 256; a++) {
        for (unsigned b = 0; b < 256; b++) {
            bool expected = ascii_lower((char)a) == ascii_lower((char)b);
            assert_int_equal(
                words_equal_nocase(word_of((unsigned char)a), word_of((unsigned char)b)), expected);
        }
    }
}

static void a_byte_says_nothing_about_its_neighbours(void **state)
{
    (void)state;
    static const unsigned char odd[] = {0,   '@', 'A',  'Z',  '[',  '`', 'a',
                                        'z', '{', 0x7f, 0x80, 0xc1, 0xff};
    for (size_t i = 0; i < COUNT_OF(odd); i++) {
        for (size_t at = 0; at < WORD_BYTES; at++) {
            uint64_t mask = UINT64_C(0xff) << at * 8;
            uint64_t upper = (word_of('Q') & ~mask) | (word_of(odd[i]) & mask);
            uint64_t lower = (word_of('q') & ~mask) | (word_of(odd[i]) & mask);
            assert_true(words_equal_nocase(upper, lower));
            assert_false(words_equal_nocase(upper, lower ^ (UINT64_C(0x40) << at * 8)));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_word_has_what_no_whole_one_has),
        cmocka_unit_test(the_first_mark_is_found_wherever_it_is),
        cmocka_unit_test(only_the_case_of_letters_does_not_count),
        cmocka_unit_test(a_byte_says_nothing_about_its_neighbours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
