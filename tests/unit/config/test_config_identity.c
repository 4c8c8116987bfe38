#include "config/config_identity.h"

#include "unit/config/wrong_files.h"

#define TEAM    "credentials: [{name: team, token: env:X}]\n"
#define PROFILE "profiles: [{name: p, bot_id: b1, bots: [b2]}]\n"
#define KEY     "keys:\n- id: Ab3dE6gH9k\n  name: ci\n  hashes: [{sha256: " HASH64 "}]\n  profile: p\n"

#define TLS "listen: [{address: '127.0.0.1:1', tls: {certificate: a, key: b, client_ca: c}}]\n"
#define HASH64_COLONS                                                                              \
    "'01:23:45:67:89:AB:CD:EF:01:23:45:67:89:ab:cd:ef:01:23:45:67:89:ab:cd:ef:01:23:45:67:89:ab:"  \
    "cd:ef'"

static const struct wrong_file wrong_references[] = {
    {"anonymous: nobody\n", "1:12: anonymous names \"nobody\", which is no profile; add it or name "
                            "another"},
    {"profiles:\n- {name: a, credential: team}\n",
     "2:25: profiles[].credential names \"team\", which is no credential; add it or name another"},
    {TEAM "profiles:\n- {name: a, credential: teem}\n",
     "3:25: profiles[].credential names \"teem\", which is no credential; did you mean \"team\"?"},
    {KEY, "5:12: keys[].profile names \"p\", which is no profile; add it or name another"},
    {TEAM "credentials2: []\n",
     "2:1: \"credentials2\" is not a setting; did you mean \"credentials\"?"},
    {"credentials:\n- {name: a, token: env:X}\n- {name: a, token: env:Y}\n",
     "3:10: credential \"a\" is here twice, first in line 2; give each its own"},
    {"profiles:\n- {name: a}\n- {name: b}\n- {name: a}\n",
     "4:10: profile \"a\" is here twice, first in line 2; give each its own"},
    {PROFILE KEY "- id: Ab3dE6gH9k\n  name: other\n  hashes: [{sha256: " HASH64
                 "}]\n  profile: p\n",
     "7:7: key id \"Ab3dE6gH9k\" is here twice, first in line 3; give each its own"},
    {PROFILE KEY "- id: Ab3dE6gH9l\n  name: ci\n  hashes: [{sha256: " HASH64 "}]\n  profile: p\n",
     "8:9: key \"ci\" is here twice, first in line 4; give each its own"},
    {TEAM "profiles:\n- {name: a, credential: team, pass_authorization: true}\n",
     "3:25: a profile with pass_authorization sends the caller's own token; remove its credential "
     "or "
     "pass_authorization"},
};

static const struct wrong_file wrong_keys[] = {
    {PROFILE "keys:\n- name: ci\n  hashes: [{sha256: " HASH64 "}]\n  profile: p\n",
     "3:3: keys[].id is missing; this entry needs it"},
    {PROFILE "keys:\n- id: Ab3dE6gH9k\n  hashes: [{sha256: " HASH64 "}]\n  profile: p\n",
     "3:3: keys[].name is missing; this entry needs it"},
    {PROFILE "keys:\n- id: Ab3dE6gH9k\n  name: ci\n  profile: p\n",
     "3:3: keys[].hashes is missing; this entry needs it, or certificates"},
    {PROFILE "keys:\n- id: Ab3dE6gH9k\n  name: ci\n  hashes: []\n  profile: p\n",
     "5:11: keys[].hashes is empty; this entry needs one, or certificates"},
    {PROFILE "keys:\n- id: Ab3dE6gH9k\n  name: ci\n  hashes: [{sha256: " HASH64 "}]\n",
     "3:3: keys[].profile is missing; this entry needs it"},
    {PROFILE
     "keys:\n- id: Ab3dE6gH9k\n  name: ci\n  hashes: [{not_after: 2027-01-31}]\n  profile: p\n",
     "5:12: keys[].hashes[].sha256 is missing; this entry needs it"},
    {PROFILE "keys:\n- id: Ab3dE6gH9k\n  name: ci\n  hashes: [{sha256: bpg_x}]\n  profile: p\n",
     "5:21: keys[].hashes[].sha256 must be 64 hexadecimal digits, as `bpgate key new` prints them; "
     "the key itself does not belong here"},
    {PROFILE "keys:\n- id: Ab3dE6gH9k\n  name: ci\n  hashes: [{sha256: " HASH64
             "}, {sha256: " HASH64 "}, {sha256: " HASH64 "}]\n  profile: p\n",
     "5:11: keys[].hashes may have at most 2 entries; this list has 3"},
    {PROFILE KEY "  operations: [read, reed]\n",
     "7:22: keys[].operations: \"reed\" matches no operation: did you mean read?"},
    {PROFILE KEY "  operations:\n  - createMesage\n",
     "8:5: keys[].operations: \"createMesage\" matches no operation: did you mean createMessage?"},
    {PROFILE KEY "  operations: read\n",
     "7:15: keys[].operations must be a list; put it in brackets: [...]"},
    {PROFILE KEY "  bots: [b1, b3]\n",
     "7:14: keys[].bots names \"b3\", which profile \"p\" does not allow; add it to the profile's "
     "bots or remove it here"},
    {PROFILE KEY "  bots: []\n", "7:9: keys[].bots is empty; name bots, or remove the line for all "
                                 "of the profile's"},
    {PROFILE KEY "  cidrs: []\n",
     "7:10: keys[].cidrs is empty; name address ranges, or remove the line for all"},
    {PROFILE KEY "  cidrs: [10.0.0.1/8]\n", "7:11: keys[].cidrs must be an address range such as "
                                            "10.0.0.0/8 or ::1, with no bits set behind "
                                            "the prefix"},
    {PROFILE KEY "  certificates: [12:34]\n",
     "7:18: keys[].certificates must be a certificate's SHA-256 fingerprint, 64 hexadecimal digits "
     "with or without colons, as `openssl x509 -noout -fingerprint -sha256` prints it"},
    {PROFILE TLS KEY "  certificates: [" HASH64 ", " HASH64_COLONS "]\n",
     "8:84: keys[].certificates has a certificate that is here twice, first in line 8; leave it to "
     "one key"},
    {PROFILE "keys:\n- id: Ab3dE6gH9k\n  name: ci\n  certificates: []\n  profile: p\n",
     "3:3: keys[].hashes is missing; this entry needs it, or certificates"},
    {PROFILE KEY "  expires: soon\n", "7:12: keys[].expires must be a date such as 2027-01-31 or "
                                      "2027-01-31T12:00:00Z; \"soon\" is not"},
    {PROFILE KEY "  disabled: yes\n",
     "7:13: keys[].disabled must be false or true; \"yes\" is not"},
};

static void references_that_lead_nowhere_are_told_with_their_place(void **state)
{
    (void)state;
    assert_all_wrong(wrong_references, COUNT_OF(wrong_references));
}

static void keys_that_break_a_rule_are_told_with_their_place(void **state)
{
    (void)state;
    assert_all_wrong(wrong_keys, COUNT_OF(wrong_keys));
}

static void a_profile_is_taken_whole(void **state)
{
    (void)state;
    struct snapshot *snapshot = load_good("credentials: [{name: other, token: env:Y}, {name: team, "
                                          "token: env:X, next_token: file:/n}]\n"
                                          "profiles:\n"
                                          "- name: p\n"
                                          "  credential: team\n"
                                          "  workspace_id: w1\n"
                                          "  bot_id: b1\n"
                                          "  integration_id: i1\n"
                                          "  workspaces: [w2]\n"
                                          "  bots: [b2, b3]\n"
                                          "  integrations: [i2]\n"
                                          "  pass: [x-user-id, x-integration-name]\n"
                                          "- {name: q, pass_authorization: true}\n"
                                          "anonymous: q\n");
    const struct snapshot_options *options = &snapshot->options;
    const struct profile *p = &options->profiles[0];
    assert_int_equal(options->credential_count, 2);
    assert_true(span_equal(options->credentials[1].next_token, SPAN("file:/n")));
    assert_int_equal(options->credentials[0].next_token.len, 0);
    assert_int_equal(p->credential, 1);
    assert_true(span_equal(p->ids[ID_WORKSPACE], SPAN("w1")));
    assert_true(span_equal(p->ids[ID_BOT], SPAN("b1")));
    assert_true(span_equal(p->ids[ID_INTEGRATION], SPAN("i1")));
    assert_true(span_equal(p->allowed[ID_WORKSPACE].at[0], SPAN("w2")));
    assert_true(span_equal(p->allowed[ID_BOT].at[1], SPAN("b3")));
    assert_int_equal(p->allowed[ID_INTEGRATION].count, 1);
    assert_int_equal(p->pass, PASS_USER_ID | PASS_INTEGRATION_NAME);
    assert_false(p->pass_authorization);
    assert_ptr_equal(options->anonymous, &options->profiles[1]);
    assert_int_equal(options->anonymous->credential, -1);
    assert_true(options->anonymous->pass_authorization);
    snapshot_release(snapshot);
}

static void a_key_is_taken_whole(void **state)
{
    (void)state;
    struct snapshot *snapshot =
        load_good(PROFILE "keys:\n"
                          "- id: Ab3dE6gH9k\n"
                          "  name: ci\n"
                          "  hashes:\n"
                          "  - {sha256: " HASH64 ", not_after: 2027-01-31}\n"
                          "  - {sha256: " HASH64 "}\n"
                          "  certificates: [" HASH64_COLONS "]\n"
                          "  profile: p\n"
                          "  operations: [read]\n"
                          "  bots: [b1, b2]\n"
                          "  expires: 2030-01-01T00:00:00Z\n"
                          "  disabled: false\n"
                          "  cidrs: [10.0.0.0/8, '::1']\n");
    assert_int_equal(snapshot->options.key_count, 1);
    const struct key_record *key = &snapshot->options.keys[0];
    assert_true(span_equal(key->id, SPAN("Ab3dE6gH9k")));
    assert_true(span_equal(key->name, SPAN("ci")));
    assert_int_equal(key->hash_count, 2);
    assert_int_equal(key->hashes[0].sha256[0], 0x01);
    assert_int_equal(key->hashes[0].sha256[31], 0xef);
    assert_int_equal(key->hashes[0].not_after_ms, UINT64_C(1801353600000));
    assert_int_equal(key->hashes[1].not_after_ms, 0);
    assert_int_equal(key->certificate_count, 1);
    assert_memory_equal(key->certificates[0].sha256, key->hashes[0].sha256, KEY_HASH_SIZE);
    assert_ptr_equal(key->profile, &snapshot->options.profiles[0]);
    assert_int_equal(key->bots.count, 2);
    assert_int_equal(key->expires_ms, UINT64_C(1893456000000));
    assert_false(key->is_disabled);
    assert_int_equal(key->cidr_count, 2);
    assert_true(key->cidrs[1].is_ipv6);
    assert_false(key->scope.has_all);
    snapshot_release(snapshot);
}

static void a_certificate_may_stand_in_for_all_hashes(void **state)
{
    (void)state;
    char line[CONFIG_LINE_SIZE];
    struct snapshot *snapshot = load_good(
        PROFILE TLS "keys: [{id: Ab3dE6gH9k, name: ci, certificates: [" HASH64 "], profile: p}]\n");
    assert_int_equal(snapshot->options.keys[0].hash_count, 0);
    snapshot_release(snapshot);
    (void)count_warnings(PROFILE KEY "  certificates: [" HASH64 "]\n", line);
    assert_string_equal(line, "f:7:17: warning: keys[].certificates has no effect: no listener "
                              "asks for client certificates; set listen[].tls.client_ca");
}

static void without_operations_a_key_may_call_all(void **state)
{
    (void)state;
    struct snapshot *snapshot = load_good(PROFILE KEY);
    assert_true(snapshot->options.keys[0].scope.has_all);
    assert_false(snapshot->options.keys[0].scope.has_unknown);
    snapshot_release(snapshot);
}

static void a_profile_without_bots_allows_the_key_any(void **state)
{
    (void)state;
    struct snapshot *snapshot = load_good("profiles: [{name: p}]\n" KEY "  bots: [b7]\n");
    assert_int_equal(snapshot->options.keys[0].bots.count, 1);
    snapshot_release(snapshot);
    /* A list without an id of its own is a restriction like any other. */
    snapshot = load_good("profiles: [{name: p, bots: [b7]}]\n" KEY "  bots: [b7]\n");
    snapshot_release(snapshot);
}

static void a_gateway_that_nobody_can_use_is_warned_of(void **state)
{
    (void)state;
    static const struct {
        const char *yaml, *warning;
    } cases[] = {
        {"", "f:1:1: warning: there are no keys, so every request is refused; `bpgate key new` "
             "makes one"},
        {"workers: 1\nkeys: []\n", "f:2:7: warning: there are no keys, so every request is "
                                   "refused; `bpgate key new` makes one"},
        {PROFILE KEY "  disabled: true\n",
         "f:3:1: warning: all keys are disabled or have expired, so every request is refused; "
         "`bpgate key new` makes another"},
        {PROFILE KEY "  expires: 2001-01-01\n",
         "f:3:1: warning: all keys are disabled or have expired, so every request is refused; "
         "`bpgate key new` makes another"},
        {PROFILE KEY "  operations: []\n",
         "f:7:15: warning: keys[].operations is empty, so the key may call nothing; name some, or "
         "remove the line for all"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char line[CONFIG_LINE_SIZE];
        size_t count = count_warnings(cases[i].yaml, line);
        assert_int_equal(count, 1);
        assert_string_equal(line, cases[i].warning);
    }
}

static void a_gateway_that_somebody_can_use_is_not(void **state)
{
    (void)state;
    char line[CONFIG_LINE_SIZE];
    assert_int_equal(count_warnings(PROFILE "anonymous: p\n", line), 0);
    assert_int_equal(count_warnings(PROFILE KEY, line), 0);
    assert_int_equal(count_warnings(PROFILE KEY "  disabled: true\n- id: Ab3dE6gH9l\n  name: b\n"
                                                "  hashes: [{sha256: " HASH64 "}]\n  profile: p\n",
                                    line),
                     0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(references_that_lead_nowhere_are_told_with_their_place),
        cmocka_unit_test(keys_that_break_a_rule_are_told_with_their_place),
        cmocka_unit_test(a_profile_is_taken_whole),
        cmocka_unit_test(a_key_is_taken_whole),
        cmocka_unit_test(a_certificate_may_stand_in_for_all_hashes),
        cmocka_unit_test(without_operations_a_key_may_call_all),
        cmocka_unit_test(a_profile_without_bots_allows_the_key_any),
        cmocka_unit_test(a_gateway_that_nobody_can_use_is_warned_of),
        cmocka_unit_test(a_gateway_that_somebody_can_use_is_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
