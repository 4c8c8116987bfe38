#include "config/config_text.h"

#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void durations_are_a_whole_number_and_a_unit(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t ms;
    } good[] = {
        {"250ms", 250},
        {"5s", 5000},
        {"2m", 120000},
        {"1h", 3600000},
        {"7d", 604800000},
        {"0", 0},
        {"0s", 0},
        {"007s", 7000},
        {"18446744073709551615ms", UINT64_MAX},
        {"18446744073709551s", UINT64_C(18446744073709551000)},
    };
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        uint64_t ms = 99;
        assert_int_equal(duration_parse(span_of(good[i].text), &ms), AMOUNT_OK);
        assert_int_equal(ms, good[i].ms);
    }
}

static void durations_in_another_form_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum amount_result result;
    } bad[] = {
        {"", AMOUNT_MALFORMED},
        {"s", AMOUNT_MALFORMED},
        {"-5s", AMOUNT_MALFORMED},
        {"+5s", AMOUNT_MALFORMED},
        {"5 s", AMOUNT_MALFORMED},
        {"5S", AMOUNT_MALFORMED},
        {"1.5s", AMOUNT_MALFORMED},
        {"1m30s", AMOUNT_MALFORMED},
        {"5sec", AMOUNT_MALFORMED},
        {" 5s", AMOUNT_MALFORMED},
        {"5s ", AMOUNT_MALFORMED},
        {"0x5s", AMOUNT_MALFORMED},
        {"5", AMOUNT_NO_UNIT},
        {"65000", AMOUNT_NO_UNIT},
        {"1e3s", AMOUNT_MALFORMED},
        {"18446744073709551616ms", AMOUNT_TOO_LARGE},
        {"18446744073709552s", AMOUNT_TOO_LARGE},
        {"99999999999999999999999999d", AMOUNT_TOO_LARGE},
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        uint64_t ms = 99;
        assert_int_equal(duration_parse(span_of(bad[i].text), &ms), bad[i].result);
        assert_int_equal(ms, 99);
    }
}

static void sizes_take_thousands_and_1024s_in_any_case(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t bytes;
    } good[] = {
        {"0", 0},
        {"4096", 4096},
        {"64KiB", 65536},
        {"64kib", 65536},
        {"50MB", 50000000},
        {"1MiB", 1048576},
        {"2GiB", UINT64_C(2147483648)},
        {"3GB", UINT64_C(3000000000)},
        {"1kB", 1000},
        {"17B", 17},
        {"17179869183GiB", UINT64_C(17179869183) << 30},
    };
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        uint64_t bytes = 99;
        assert_int_equal(size_parse(span_of(good[i].text), &bytes), AMOUNT_OK);
        assert_int_equal(bytes, good[i].bytes);
    }
}

static void sizes_in_another_form_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum amount_result result;
    } bad[] = {
        {"", AMOUNT_MALFORMED},
        {"KiB", AMOUNT_MALFORMED},
        {"64K", AMOUNT_MALFORMED},
        {"64M", AMOUNT_MALFORMED},
        {"-1", AMOUNT_MALFORMED},
        {"64 KiB", AMOUNT_MALFORMED},
        {"1.5MiB", AMOUNT_MALFORMED},
        {"1TiB", AMOUNT_MALFORMED},
        {"17179869184GiB", AMOUNT_TOO_LARGE},
        {"18446744073709551616", AMOUNT_TOO_LARGE},
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        uint64_t bytes = 99;
        assert_int_equal(size_parse(span_of(bad[i].text), &bytes), bad[i].result);
        assert_int_equal(bytes, 99);
    }
}

static void amounts_are_written_in_the_largest_unit_that_fits(void **state)
{
    (void)state;
    static const struct {
        uint64_t value;
        const char *duration, *size;
    } amounts[] = {
        {0, "0s", "0B"},
        {1, "1ms", "1B"},
        {1000, "1s", "1KB"},
        {1024, "1024ms", "1KiB"},
        {65000, "65s", "65KB"},
        {86400000, "1d", "84375KiB"},
        {50000000, "50000s", "50MB"},
        {UINT64_MAX, "18446744073709551615ms", "18446744073709551615B"},
    };
    for (size_t i = 0; i < COUNT_OF(amounts); i++) {
        char text[AMOUNT_TEXT_SIZE];
        duration_write(amounts[i].value, text);
        assert_string_equal(text, amounts[i].duration);
        size_write(amounts[i].value, text);
        assert_string_equal(text, amounts[i].size);
    }
}

static void what_is_written_can_be_read_back(void **state)
{
    (void)state;
    for (uint64_t value = 1; value < UINT64_C(1) << 60; value = value * 3 + 1) {
        char text[AMOUNT_TEXT_SIZE];
        uint64_t back = 0;
        duration_write(value, text);
        assert_int_equal(duration_parse(span_of(text), &back), AMOUNT_OK);
        assert_int_equal(back, value);
        size_write(value, text);
        assert_int_equal(size_parse(span_of(text), &back), AMOUNT_OK);
        assert_int_equal(back, value);
    }
}

static void dates_are_those_of_rfc_3339(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t ms;
    } good[] = {
        {"1970-01-01", 0},
        {"1970-01-01T00:00:00.001Z", 1},
        {"2027-01-31", UINT64_C(1801353600000)},
        {"2027-01-31T00:00:00Z", UINT64_C(1801353600000)},
        {"2027-01-31t12:30:15z", UINT64_C(1801398615000)},
        {"2027-01-31 12:30:15Z", UINT64_C(1801398615000)},
        {"2027-01-31T12:30:15.5Z", UINT64_C(1801398615500)},
        {"2027-01-31T12:30:15.123456789Z", UINT64_C(1801398615123)},
        {"2027-01-31T12:30:15+02:00", UINT64_C(1801391415000)},
        {"2027-01-31T12:30:15-02:30", UINT64_C(1801407615000)},
        {"2000-02-29", UINT64_C(951782400000)},
        {"2024-12-31T23:59:60Z", UINT64_C(1735689600000)},
        {"9999-12-31T23:59:59Z", UINT64_C(253402300799000)},
    };
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        uint64_t ms = 99;
        assert_true(date_parse(span_of(good[i].text), &ms));
        assert_int_equal(ms, good[i].ms);
    }
}

static void days_that_do_not_exist_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "2027",
        "2027-1-31",
        "2027-00-01",
        "2027-13-01",
        "2027-01-00",
        "2027-01-32",
        "2027-04-31",
        "2027-02-29",
        "1900-02-29",
        "2100-02-29",
        "1969-12-31",
        "27-01-31",
        "2027/01/31",
        "20270131",
        "31.01.2027",
        "2027-01-31 ",
        "tomorrow",
        "+2027-01-31",
        "1970-01-01T00:00:00+00:01", /* before 1970 */
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        uint64_t ms = 99;
        assert_false(date_parse(span_of(bad[i]), &ms));
        assert_int_equal(ms, 99);
    }
}

static void times_that_do_not_exist_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "2027-01-31T",
        "2027-01-31T12:00",
        "2027-01-31T12:00:00",
        "2027-01-31T24:00:00Z",
        "2027-01-31T12:60:00Z",
        "2027-01-31T12:00:61Z",
        "2027-01-31T12:00:00.Z",
        "2027-01-31T12:00:00+2",
        "2027-01-31T12:00:00+02",
        "2027-01-31T12:00:00+0200",
        "2027-01-31T12:00:00+24:00",
        "2027-01-31T12:00:00Zx",
        "2027-01-31T1:00:00Z",
        "2027-01-31X12:00:00Z",
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        uint64_t ms = 0;
        assert_false(date_parse(span_of(bad[i]), &ms));
    }
}

static void dates_are_written_to_the_second_and_can_be_read_back(void **state)
{
    (void)state;
    char text[DATE_TEXT_SIZE];
    uint64_t ms = 0;
    date_write(UINT64_C(1798761600999), text);
    assert_string_equal(text, "2027-01-01T00:00:00Z");
    assert_true(date_parse(span_of(text), &ms));
    assert_int_equal(ms, UINT64_C(1798761600000));
    date_write(0, text);
    assert_string_equal(text, "1970-01-01T00:00:00Z");
}

static void fingerprints_come_with_or_without_colons(void **state)
{
    (void)state;
    unsigned char plain[FINGERPRINT_LEN], parted[FINGERPRINT_LEN];
    assert_true(fingerprint_parse(
        SPAN("00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF"), plain));
    assert_true(fingerprint_parse(SPAN("00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff:"
                                       "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF"),
                                  parted));
    assert_int_equal(plain[1], 0x11);
    assert_int_equal(plain[31], 0xff);
    assert_memory_equal(plain, parted, sizeof(plain));
}

static void fingerprints_in_another_form_are_refused(void **state)
{
    (void)state;
    unsigned char sha256[FINGERPRINT_LEN];
    static const char *const wrong[] = {
        "",
        "00:11",
        "00112233445566778899aabbccddeeff00112233445566778899aabbccddeef",
        "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff0",
        "00112233445566778899aabbccddeeff00112233445566778899aabbccddeefg",
        "00-11-22-33-44-55-66-77-88-99-aa-bb-cc-dd-ee-ff-00-11-22-33-44-55-66-77-88-99-aa-bb-cc-dd-"
        "ee-ff",
        "00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff:00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:"
        "ee:f:",
    };
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        assert_false(fingerprint_parse(span_of(wrong[i]), sha256));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(durations_are_a_whole_number_and_a_unit),
        cmocka_unit_test(durations_in_another_form_are_refused),
        cmocka_unit_test(sizes_take_thousands_and_1024s_in_any_case),
        cmocka_unit_test(sizes_in_another_form_are_refused),
        cmocka_unit_test(amounts_are_written_in_the_largest_unit_that_fits),
        cmocka_unit_test(what_is_written_can_be_read_back),
        cmocka_unit_test(dates_are_those_of_rfc_3339),
        cmocka_unit_test(days_that_do_not_exist_are_refused),
        cmocka_unit_test(times_that_do_not_exist_are_refused),
        cmocka_unit_test(dates_are_written_to_the_second_and_can_be_read_back),
        cmocka_unit_test(fingerprints_come_with_or_without_colons),
        cmocka_unit_test(fingerprints_in_another_form_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
