#include "auth/authenticator.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"

enum { NOW = 1000000 };

/* A key and the record that knows it. */
struct sample {
    char text[KEY_LEN + 1];
    struct key_record record;
};

static struct span secret_of(const struct sample *sample)
{
    return (struct span){sample->text + 4 + KEY_ID_LEN + 1, KEY_SECRET_LEN};
}

static void sample_init(struct sample *sample)
{
    gateway_key_make(sample->text);
    sample->record = (struct key_record){
        .id = {sample->text + 4, KEY_ID_LEN}, .name = SPAN("ci"), .hash_count = 1};
    gateway_key_hash(secret_of(sample), sample->record.hashes[0].sha256);
}

struct answer {
    enum auth_result result;
    const struct key_record *key;
    size_t hash_index;
};

static struct answer ask(const struct key_record *records, size_t count, struct presented presented,
                         uint64_t wall_ms)
{
    struct key_ring *ring = key_ring_create(records, count);
    struct answer answer = {.hash_index = 99};
    answer.result =
        key_ring_authenticate(ring, NULL, &presented, wall_ms, &answer.key, &answer.hash_index);
    key_ring_destroy(ring);
    return answer;
}

static struct presented bearer(const char *text)
{
    static char value[256];
    snprintf(value, sizeof(value), "Bearer %s", text);
    return (struct presented){.authorization = span_of(value)};
}

static enum auth_result ask_header(const struct sample *sample, const char *format)
{
    char value[256];
    const char *key = strstr(format, "KEY");
    snprintf(value, sizeof(value), "%.*s%s%s", (int)(key - format), format, sample->text, key + 3);
    return ask(&sample->record, 1, (struct presented){.authorization = span_of(value)}, NOW).result;
}

static void the_key_of_a_record_is_known(void **state)
{
    (void)state;
    struct sample sample;
    sample_init(&sample);
    struct answer answer = ask(&sample.record, 1, bearer(sample.text), NOW);
    assert_int_equal(answer.result, AUTH_OK);
    assert_ptr_equal(answer.key, &sample.record);
    assert_int_equal(answer.hash_index, 0);
}

static void the_scheme_comes_in_any_case_and_with_any_number_of_spaces(void **state)
{
    (void)state;
    struct sample sample;
    sample_init(&sample);
    assert_int_equal(ask_header(&sample, "bearer KEY"), AUTH_OK);
    assert_int_equal(ask_header(&sample, "BEARER KEY"), AUTH_OK);
    assert_int_equal(ask_header(&sample, "Bearer   KEY"), AUTH_OK);
}

static void anything_around_the_token_is_refused(void **state)
{
    (void)state;
    struct sample sample;
    sample_init(&sample);
    assert_int_equal(ask_header(&sample, "Bearer KEY "), AUTH_TYPO);
    assert_int_equal(ask_header(&sample, "Bearer KEY,"), AUTH_TYPO);
    assert_int_equal(ask_header(&sample, "Bearer KEY x"), AUTH_TYPO);
    assert_int_equal(ask_header(&sample, "Bearer \tKEY"), AUTH_NOT_OURS);
    assert_int_equal(ask_header(&sample, "Bearer \"KEY\""), AUTH_NOT_OURS);
}

static void other_schemes_are_not_ours(void **state)
{
    (void)state;
    struct sample sample;
    sample_init(&sample);
    assert_int_equal(ask_header(&sample, "Basic KEY"), AUTH_NOT_OURS);
    assert_int_equal(ask_header(&sample, "BearerKEY"), AUTH_NOT_OURS);
    assert_int_equal(ask_header(&sample, "Bearer\tKEY"), AUTH_NOT_OURS);
    assert_int_equal(ask_header(&sample, " Bearer KEY"), AUTH_NOT_OURS);
    assert_int_equal(ask_header(&sample, "KEY"), AUTH_NOT_OURS);
}

static void a_botpress_token_is_not_ours_and_the_text_says_what_to_use(void **state)
{
    (void)state;
    struct answer answer = ask(NULL, 0, bearer("bp_pat_abcdefghijklmnop"), NOW);
    assert_int_equal(answer.result, AUTH_NOT_OURS);
    char *text = xstrdup(auth_result_text(AUTH_NOT_OURS));
    assert_non_null(strstr(text, "bpg_"));
    assert_non_null(strstr(text, "Botpress token"));
    free(text);
}

static void nothing_presented_is_no_key(void **state)
{
    (void)state;
    assert_int_equal(ask(NULL, 0, (struct presented){0}, NOW).result, AUTH_NO_KEY);
    assert_int_equal(ask(NULL, 0, (struct presented){.authorization = SPAN("Bearer")}, NOW).result,
                     AUTH_NO_KEY);
    assert_int_equal(ask(NULL, 0, bearer(""), NOW).result, AUTH_NO_KEY);
    assert_int_equal(ask(NULL, 0, bearer("   "), NOW).result, AUTH_NO_KEY);
}

static void the_key_header_wins_over_authorization(void **state)
{
    (void)state;
    struct sample samples[2];
    sample_init(&samples[0]);
    sample_init(&samples[1]);
    struct key_record records[] = {samples[0].record, samples[1].record};
    struct presented both = bearer(samples[0].text);
    both.key_header = span_of(samples[1].text);
    assert_ptr_equal(ask(records, 2, both, NOW).key, &records[1]);

    both = bearer("bp_pat_passed_on");
    both.key_header = span_of(samples[1].text);
    assert_int_equal(ask(records, 2, both, NOW).result, AUTH_OK);

    both = bearer(samples[0].text);
    both.key_header = SPAN("bp_pat_abc");
    assert_int_equal(ask(records, 2, both, NOW).result, AUTH_NOT_OURS);

    /* There is no scheme in the key's own field. */
    char value[KEY_LEN + 8];
    snprintf(value, sizeof(value), "Bearer %s", samples[0].text);
    both.key_header = span_of(value);
    assert_int_equal(ask(records, 2, both, NOW).result, AUTH_NOT_OURS);
}

static void a_typing_error_is_told_without_a_look_up(void **state)
{
    (void)state;
    struct sample sample;
    sample_init(&sample);
    sample.text[KEY_LEN - 1] = sample.text[KEY_LEN - 1] == 'a' ? 'b' : 'a';
    assert_int_equal(ask(NULL, 0, bearer(sample.text), NOW).result, AUTH_TYPO);
    assert_int_equal(ask(NULL, 0, bearer("bpg_"), NOW).result, AUTH_TYPO);
}

static void unknown_id_and_wrong_secret_are_not_told_apart(void **state)
{
    (void)state;
    struct sample known, other;
    sample_init(&known);
    sample_init(&other);
    struct answer unknown_id = ask(&known.record, 1, bearer(other.text), NOW);
    assert_int_equal(unknown_id.result, AUTH_WRONG);
    assert_null(unknown_id.key);

    known.record.hashes[0].sha256[KEY_HASH_SIZE - 1] ^= 1;
    struct answer wrong_secret = ask(&known.record, 1, bearer(known.text), NOW);
    assert_int_equal(wrong_secret.result, AUTH_WRONG);
    assert_null(wrong_secret.key);
    assert_int_equal(wrong_secret.hash_index, 99);
}

static void a_record_without_hashes_lets_nobody_in(void **state)
{
    (void)state;
    struct sample sample;
    sample_init(&sample);
    sample.record.hash_count = 0;
    assert_int_equal(ask(&sample.record, 1, bearer(sample.text), NOW).result, AUTH_WRONG);
}

static void both_hashes_of_a_key_are_good_while_it_is_rotated(void **state)
{
    (void)state;
    struct sample sample;
    sample_init(&sample);
    sample.record.hash_count = 2;
    memcpy(sample.record.hashes[1].sha256, sample.record.hashes[0].sha256, KEY_HASH_SIZE);
    memset(sample.record.hashes[0].sha256, 0x11, KEY_HASH_SIZE);
    struct answer answer = ask(&sample.record, 1, bearer(sample.text), NOW);
    assert_int_equal(answer.result, AUTH_OK);
    assert_int_equal(answer.hash_index, 1);
}

static void a_hash_ends_with_its_own_time(void **state)
{
    (void)state;
    struct sample sample;
    sample_init(&sample);
    sample.record.hashes[0].not_after_ms = NOW;
    assert_int_equal(ask(&sample.record, 1, bearer(sample.text), NOW).result, AUTH_OK);
    struct answer late = ask(&sample.record, 1, bearer(sample.text), NOW + 1);
    assert_int_equal(late.result, AUTH_EXPIRED);
    assert_ptr_equal(late.key, &sample.record);
}

static void of_two_equal_hashes_the_one_that_has_not_ended_counts(void **state)
{
    (void)state;
    struct sample sample;
    sample_init(&sample);
    sample.record.hash_count = 2;
    sample.record.hashes[1] = sample.record.hashes[0];
    sample.record.hashes[0].not_after_ms = NOW - 1;
    struct answer answer = ask(&sample.record, 1, bearer(sample.text), NOW);
    assert_int_equal(answer.result, AUTH_OK);
    assert_int_equal(answer.hash_index, 1);

    sample.record.hashes[1].not_after_ms = NOW - 1;
    sample.record.hashes[0].not_after_ms = NOW + 1;
    answer = ask(&sample.record, 1, bearer(sample.text), NOW);
    assert_int_equal(answer.result, AUTH_OK);
    assert_int_equal(answer.hash_index, 0);
}

static void a_key_expires_at_its_moment(void **state)
{
    (void)state;
    struct sample sample;
    sample_init(&sample);
    sample.record.expires_ms = NOW;
    assert_int_equal(ask(&sample.record, 1, bearer(sample.text), NOW - 1).result, AUTH_OK);
    struct answer late = ask(&sample.record, 1, bearer(sample.text), NOW);
    assert_int_equal(late.result, AUTH_EXPIRED);
    assert_ptr_equal(late.key, &sample.record);
}

static void state_is_told_only_to_those_who_have_the_secret(void **state)
{
    (void)state;
    struct sample sample;
    sample_init(&sample);
    sample.record.expires_ms = 1;
    sample.record.is_disabled = true;
    sample.record.hashes[0].not_after_ms = 1;
    assert_int_equal(ask(&sample.record, 1, bearer(sample.text), NOW).result, AUTH_DISABLED);
    sample.record.hashes[0].sha256[0] ^= 1;
    assert_int_equal(ask(&sample.record, 1, bearer(sample.text), NOW).result, AUTH_WRONG);
}

static void a_disabled_key_is_refused(void **state)
{
    (void)state;
    struct sample sample;
    sample_init(&sample);
    sample.record.is_disabled = true;
    struct answer answer = ask(&sample.record, 1, bearer(sample.text), NOW);
    assert_int_equal(answer.result, AUTH_DISABLED);
    assert_ptr_equal(answer.key, &sample.record);
}

static struct answer ask_from(const struct sample *sample, const char *address, size_t len)
{
    struct presented presented = bearer(sample->text);
    presented.address = (const unsigned char *)address;
    presented.address_len = len;
    return ask(&sample->record, 1, presented, NOW);
}

static void a_key_with_cidrs_works_only_from_there(void **state)
{
    (void)state;
    struct sample sample;
    sample_init(&sample);
    assert_true(cidr_parse(SPAN("192.0.2.0/24"), &sample.record.cidrs[0]));
    assert_true(cidr_parse(SPAN("2001:db8::/32"), &sample.record.cidrs[1]));
    sample.record.cidr_count = 2;
    assert_int_equal(ask_from(&sample, "\xc0\x00\x02\x07", 4).result, AUTH_OK);
    assert_int_equal(ask_from(&sample, "\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\x00\x02\x07", 16).result,
                     AUTH_OK);
    assert_int_equal(ask_from(&sample, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1", 16).result,
                     AUTH_OK);
    struct answer elsewhere = ask_from(&sample, "\xc0\x00\x03\x07", 4);
    assert_int_equal(elsewhere.result, AUTH_ADDRESS);
    assert_ptr_equal(elsewhere.key, &sample.record);
    assert_int_equal(ask_from(&sample, NULL, 0).result, AUTH_ADDRESS);
}

static void each_of_many_keys_is_found(void **state)
{
    (void)state;
    enum { MANY = 300 };
    struct sample *samples = xcalloc(MANY, sizeof(*samples));
    struct key_record *records = xcalloc(MANY, sizeof(*records));
    for (size_t i = 0; i < MANY; i++) {
        sample_init(&samples[i]);
        records[i] = samples[i].record;
    }
    struct key_ring *ring = key_ring_create(records, MANY - 1);
    struct known_keys *known = known_keys_create(key_ring_count(ring));
    for (size_t turn = 0; turn < 3 * MANY; turn++) {
        size_t i = turn % MANY;
        struct presented presented = bearer(samples[i].text);
        const struct key_record *key = NULL;
        size_t hash_index;
        enum auth_result result =
            key_ring_authenticate(ring, known, &presented, NOW, &key, &hash_index);
        assert_int_equal(result, i < MANY - 1 ? AUTH_OK : AUTH_WRONG);
        assert_ptr_equal(key, i < MANY - 1 ? &records[i] : NULL);
    }
    known_keys_destroy(known);
    key_ring_destroy(ring);
    free(records);
    free(samples);
}

static void a_key_that_was_shown_before_is_judged_anew(void **state)
{
    (void)state;
    struct sample sample;
    sample_init(&sample);
    struct key_record *record = &sample.record;
    record->hashes[1] = record->hashes[0];
    record->hash_count = 2;
    record->hashes[0].not_after_ms = NOW + 10;
    record->hashes[1].not_after_ms = NOW + 20;
    record->expires_ms = NOW + 25;
    assert_true(cidr_parse(SPAN("10.0.0.0/8"), &record->cidrs[0]));
    record->cidr_count = 1;
    struct key_ring *ring = key_ring_create(record, 1);
    struct known_keys *known = known_keys_create(1);
    static const unsigned char inside[4] = {10, 1, 2, 3}, outside[4] = {11, 1, 2, 3};
    const struct {
        uint64_t wall_ms;
        const unsigned char *address;
        enum auth_result result;
        size_t hash_index;
    } rows[] = {
        {NOW, inside, AUTH_OK, 0},           {NOW, inside, AUTH_OK, 0},
        {NOW, outside, AUTH_ADDRESS, 0},     {NOW + 10, inside, AUTH_OK, 0},
        {NOW + 11, inside, AUTH_OK, 1},      {NOW + 20, inside, AUTH_OK, 1},
        {NOW + 21, inside, AUTH_EXPIRED, 0}, {NOW + 25, inside, AUTH_EXPIRED, 0},
        {NOW + 5, inside, AUTH_OK, 1},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct presented presented = bearer(sample.text);
        presented.address = rows[i].address;
        presented.address_len = 4;
        const struct key_record *key = NULL;
        size_t hash_index = 99;
        assert_int_equal(
            key_ring_authenticate(ring, known, &presented, rows[i].wall_ms, &key, &hash_index),
            rows[i].result);
        assert_ptr_equal(key, record);
        if (rows[i].result == AUTH_OK)
            assert_int_equal(hash_index, rows[i].hash_index);
    }
    /* Another secret of the same id, and the key with something behind it, are no such key. */
    char other[KEY_LEN + 2];
    gateway_key_make_again((struct span){sample.text + 4, KEY_ID_LEN}, other);
    const struct key_record *key = NULL;
    size_t hash_index;
    struct presented presented = bearer(other);
    assert_int_equal(key_ring_authenticate(ring, known, &presented, NOW, &key, &hash_index),
                     AUTH_WRONG);
    snprintf(other, sizeof(other), "%sx", sample.text);
    presented = bearer(other);
    assert_int_equal(key_ring_authenticate(ring, known, &presented, NOW, &key, &hash_index),
                     AUTH_TYPO);
    assert_null(key);
    known_keys_destroy(known);
    key_ring_destroy(ring);
}

static void a_ring_without_keys_refuses_everyone(void **state)
{
    (void)state;
    struct sample sample;
    sample_init(&sample);
    assert_int_equal(ask(NULL, 0, bearer(sample.text), NOW).result, AUTH_WRONG);
    key_ring_destroy(NULL);
}

static void every_refusal_has_a_sentence(void **state)
{
    (void)state;
    assert_int_equal(auth_result_text(AUTH_OK).len, 0);
    for (int result = AUTH_NO_KEY; result <= AUTH_ADDRESS; result++) {
        struct span text = auth_result_text((enum auth_result)result);
        assert_true(text.len > 20 && text.at[text.len - 1] == '.');
    }
}

/* --- Client certificates --- */

static const struct fingerprint ours = {{1, 2, 3}}, theirs = {{1, 2, 4}}, nobodys = {{9}};

static struct answer show(const struct key_record *records, size_t count,
                          struct presented presented, const struct fingerprint *certificate)
{
    presented.certificate = certificate;
    return ask(records, count, presented, NOW);
}

/* bpgate explain names a key whose secret it has not. */
static void a_key_that_is_named_is_judged_as_if_it_were_shown(void **state)
{
    (void)state;
    static const unsigned char inside[] = {192, 0, 2, 1}, outside[] = {192, 0, 3, 1};
    struct key_record record = {.id = SPAN("0000000001"), .name = SPAN("ci"), .hash_count = 2};
    assert_ptr_equal(key_record_find(&record, 1, SPAN("ci")), &record);
    assert_ptr_equal(key_record_find(&record, 1, SPAN("0000000001")), &record);
    assert_null(key_record_find(&record, 1, SPAN("c")));
    assert_int_equal(key_record_judge(&record, inside, 4, NOW), AUTH_OK);
    record.hashes[0].not_after_ms = NOW - 1;
    assert_int_equal(key_record_judge(&record, inside, 4, NOW), AUTH_OK);
    record.hashes[1].not_after_ms = NOW - 1;
    assert_int_equal(key_record_judge(&record, inside, 4, NOW), AUTH_EXPIRED);
    record.hash_count = 1;
    record.hashes[0].not_after_ms = NOW;
    assert_true(cidr_parse(SPAN("192.0.2.0/24"), &record.cidrs[0]));
    record.cidr_count = 1;
    assert_int_equal(key_record_judge(&record, inside, 4, NOW), AUTH_OK);
    assert_int_equal(key_record_judge(&record, outside, 4, NOW), AUTH_ADDRESS);
    record.is_disabled = true;
    assert_int_equal(key_record_judge(&record, inside, 4, NOW), AUTH_DISABLED);
}

static void a_certificate_stands_in_for_a_key(void **state)
{
    (void)state;
    const struct key_record records[] = {
        {.id = SPAN("0000000001"), .certificates = &theirs, .certificate_count = 1},
        {.id = SPAN("0000000002")},
        {.id = SPAN("0000000003"), .certificates = &ours, .certificate_count = 1},
    };
    struct answer answer = show(records, COUNT_OF(records), (struct presented){0}, &ours);
    assert_int_equal(answer.result, AUTH_OK);
    assert_ptr_equal(answer.key, &records[2]);
    assert_int_equal(answer.hash_index, KEY_MAX_HASHES);
    answer = show(records, COUNT_OF(records), (struct presented){0}, &theirs);
    assert_ptr_equal(answer.key, &records[0]);
    /* A Botpress token is no key either; it may be what the profile lets through. */
    answer = show(records, COUNT_OF(records), bearer("bp_pat_abc"), &ours);
    assert_ptr_equal(answer.key, &records[2]);
}

static void a_key_has_as_many_certificates_as_it_lists(void **state)
{
    (void)state;
    static const struct fingerprint both[] = {{{7}}, {{5}}};
    const struct key_record record = {
        .id = SPAN("0000000001"), .certificates = both, .certificate_count = COUNT_OF(both)};
    assert_int_equal(show(&record, 1, (struct presented){0}, &both[0]).result, AUTH_OK);
    assert_int_equal(show(&record, 1, (struct presented){0}, &both[1]).result, AUTH_OK);
    assert_int_equal(show(&record, 1, (struct presented){0}, &ours).result, AUTH_CERTIFICATE);
}

static void a_certificate_that_no_key_has_is_told_unless_something_else_was_sent(void **state)
{
    (void)state;
    const struct key_record record = {
        .id = SPAN("0000000001"), .certificates = &ours, .certificate_count = 1};
    assert_int_equal(show(&record, 1, (struct presented){0}, &nobodys).result, AUTH_CERTIFICATE);
    assert_int_equal(show(NULL, 0, (struct presented){0}, &ours).result, AUTH_CERTIFICATE);
    assert_int_equal(show(&record, 1, bearer("bp_pat_abc"), &nobodys).result, AUTH_NOT_OURS);
    assert_int_equal(show(&record, 1, (struct presented){0}, NULL).result, AUTH_NO_KEY);
}

static void a_key_that_was_sent_counts_alone(void **state)
{
    (void)state;
    struct sample own, other;
    sample_init(&own);
    sample_init(&other);
    own.record.certificates = &ours;
    own.record.certificate_count = 1;
    const struct key_record records[] = {own.record, other.record};
    struct answer answer = show(records, 2, bearer(other.text), &ours);
    assert_int_equal(answer.result, AUTH_OK);
    assert_ptr_equal(answer.key, &records[1]);
    /* Not even a wrong one is made good. */
    struct sample unknown;
    sample_init(&unknown);
    assert_int_equal(show(records, 2, bearer(unknown.text), &ours).result, AUTH_WRONG);
    unknown.text[10] = unknown.text[10] == 'a' ? 'b' : 'a';
    assert_int_equal(show(records, 2, bearer(unknown.text), &ours).result, AUTH_TYPO);
}

static void a_certificate_is_no_way_around_the_rules_of_its_key(void **state)
{
    (void)state;
    struct key_record record = {.id = SPAN("0000000001"),
                                .certificates = &ours,
                                .certificate_count = 1,
                                .is_disabled = true};
    assert_int_equal(show(&record, 1, (struct presented){0}, &ours).result, AUTH_DISABLED);
    record.is_disabled = false;
    record.expires_ms = NOW;
    assert_int_equal(show(&record, 1, (struct presented){0}, &ours).result, AUTH_EXPIRED);
    record.expires_ms = NOW + 1;
    assert_int_equal(show(&record, 1, (struct presented){0}, &ours).result, AUTH_OK);
    assert_true(cidr_parse(SPAN("192.0.2.0/24"), &record.cidrs[0]));
    record.cidr_count = 1;
    assert_int_equal(show(&record, 1, (struct presented){0}, &ours).result, AUTH_ADDRESS);
    static const unsigned char inside[] = {192, 0, 2, 1};
    const struct presented from_inside = {.address = inside, .address_len = sizeof(inside)};
    assert_int_equal(show(&record, 1, from_inside, &ours).result, AUTH_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_key_of_a_record_is_known),
        cmocka_unit_test(the_scheme_comes_in_any_case_and_with_any_number_of_spaces),
        cmocka_unit_test(anything_around_the_token_is_refused),
        cmocka_unit_test(other_schemes_are_not_ours),
        cmocka_unit_test(a_botpress_token_is_not_ours_and_the_text_says_what_to_use),
        cmocka_unit_test(nothing_presented_is_no_key),
        cmocka_unit_test(the_key_header_wins_over_authorization),
        cmocka_unit_test(a_typing_error_is_told_without_a_look_up),
        cmocka_unit_test(unknown_id_and_wrong_secret_are_not_told_apart),
        cmocka_unit_test(a_record_without_hashes_lets_nobody_in),
        cmocka_unit_test(both_hashes_of_a_key_are_good_while_it_is_rotated),
        cmocka_unit_test(a_hash_ends_with_its_own_time),
        cmocka_unit_test(of_two_equal_hashes_the_one_that_has_not_ended_counts),
        cmocka_unit_test(a_key_expires_at_its_moment),
        cmocka_unit_test(state_is_told_only_to_those_who_have_the_secret),
        cmocka_unit_test(a_disabled_key_is_refused),
        cmocka_unit_test(a_key_with_cidrs_works_only_from_there),
        cmocka_unit_test(each_of_many_keys_is_found),
        cmocka_unit_test(a_key_that_was_shown_before_is_judged_anew),
        cmocka_unit_test(a_ring_without_keys_refuses_everyone),
        cmocka_unit_test(every_refusal_has_a_sentence),
        cmocka_unit_test(a_key_that_is_named_is_judged_as_if_it_were_shown),
        cmocka_unit_test(a_certificate_stands_in_for_a_key),
        cmocka_unit_test(a_key_has_as_many_certificates_as_it_lists),
        cmocka_unit_test(a_certificate_that_no_key_has_is_told_unless_something_else_was_sent),
        cmocka_unit_test(a_key_that_was_sent_counts_alone),
        cmocka_unit_test(a_certificate_is_no_way_around_the_rules_of_its_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
