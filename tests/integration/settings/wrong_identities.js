// wrong_identities.js - keys, profiles and credentials that do not fit. See settings.js.

import { HASH, HEAD, after, key } from './settings.js';

export const identities = [
  {
    what: 'a key without profile',
    says: ['9:5: keys[].profile is missing; this entry needs it'],
    yaml: key({ profile: null }),
  },
  {
    what: 'a key of an unknown profile',
    says: ['12:14: keys[].profile names "suport", which is no profile; did you mean "support"?'],
    yaml: key({ profile: 'suport' }),
  },
  {
    what: 'a key of a profile that nothing is like',
    says: ['12:14: keys[].profile names "x", which is no profile; add it or name another'],
    yaml: key({ profile: 'x' }),
  },
  {
    what: 'a key without id and name',
    says: [
      '9:5: keys[].id is missing; this entry needs it',
      '9:5: keys[].name is missing; this entry needs it',
    ],
    yaml: key({ id: null, name: null }),
  },
  {
    what: 'a key id of other characters',
    says: ['9:9: keys[].id must be 10 letters and digits, as `bpgate key new` prints them'],
    yaml: key({ id: 'Ab3dE6gH9_' }),
  },
  {
    what: 'a name with a space',
    says: ['10:11: keys[].name must be 1 to 64 visible ASCII characters without spaces'],
    yaml: key({ name: 'the ci' }),
  },
  {
    what: 'a name of 65 letters',
    says: ['10:11: keys[].name must be 1 to 64 visible ASCII characters without spaces'],
    yaml: key({ name: 'n'.repeat(65) }),
  },
  {
    what: 'a key without hashes',
    says: ['9:5: keys[].hashes is missing; this entry needs it, or certificates'],
    yaml: key({ hashes: null }),
  },
  {
    what: 'a key with an empty list of hashes',
    says: ['11:13: keys[].hashes is empty; this entry needs one, or certificates'],
    yaml: key({ hashes: '[]' }),
  },
  {
    what: 'a hash that is too short',
    says: [
      '11:23: keys[].hashes[].sha256 must be 64 hexadecimal digits, as `bpgate key new` prints them; the key itself does not belong here',
    ],
    yaml: key({ hashes: `[{sha256: "${HASH.slice(1)}"}]` }),
  },
  {
    what: 'the key itself in place of its hash',
    says: [
      '11:23: keys[].hashes[].sha256 must be 64 hexadecimal digits, as `bpgate key new` prints them; the key itself does not belong here',
    ],
    yaml: key({ hashes: '[{sha256: bpg_secret}]' }),
  },
  {
    what: 'a hash as a text',
    says: ['11:14: an entry of keys[].hashes must be a map; write "name: value" pairs'],
    yaml: key({ hashes: `[${HASH}]` }),
  },
  {
    what: 'three hashes',
    says: ['11:13: keys[].hashes may have at most 2 entries; this list has 3'],
    yaml: key({ hashes: `[${`{sha256: "${HASH}"}, `.repeat(3)}]` }),
  },
  {
    what: 'an end of a hash that is no date',
    says: [
      '11:102: keys[].hashes[].not_after must be a date such as 2027-01-31 or 2027-01-31T12:00:00Z; "soon" is not',
    ],
    yaml: key({ hashes: `[{sha256: "${HASH}", not_after: soon}]` }),
  },
  {
    what: 'an end that is no date',
    says: [
      '14:14: keys[].expires must be a date such as 2027-01-31 or 2027-01-31T12:00:00Z; "31.12.2027" is not',
    ],
    yaml: key({ expires: '31.12.2027' }),
  },
  {
    what: 'an end on a day that there is not',
    says: [
      '14:14: keys[].expires must be a date such as 2027-01-31 or 2027-01-31T12:00:00Z; "2027-02-29" is not',
    ],
    yaml: key({ expires: '2027-02-29' }),
  },
  {
    what: 'an end in seconds',
    says: [
      '14:14: keys[].expires must be a date such as 2027-01-31 or 2027-01-31T12:00:00Z; "1798761600" is not',
    ],
    yaml: key({ expires: '1798761600' }),
  },
  {
    what: 'an operation with a typing error',
    says: ['13:24: keys[].operations: "createMesage" matches no operation: did you mean createMessage?'],
    yaml: key({ operations: '[read, createMesage]' }),
  },
  {
    what: 'an operation that nothing is like',
    says: ['13:18: keys[].operations: "xyzzyxyzzy" matches no operation: `bpgate routes` lists them all'],
    yaml: key({ operations: '[xyzzyxyzzy]' }),
  },
  {
    what: 'a pattern that fits nothing',
    says: ['13:18: keys[].operations: "frobnicate*" matches no operation: `bpgate routes` lists them all'],
    yaml: key({ operations: '["frobnicate*"]' }),
  },
  {
    what: 'a bot that the profile does not allow',
    says: [
      `14:19: keys[].bots names "bot_9", which profile "support" does not allow; add it to the profile's bots or remove it here`,
    ],
    yaml: key({ bots: '[bot_1, bot_9]' }),
  },
  {
    what: 'no bots',
    says: ["14:11: keys[].bots is empty; name bots, or remove the line for all of the profile's"],
    yaml: key({ bots: '[]' }),
  },
  {
    what: 'an id with a space',
    says: [
      '6:47: profiles[].bot_id must be 1 to 256 visible ASCII characters without spaces: it becomes a header',
    ],
    yaml: HEAD.replace('bot_1', '"bot 1"'),
  },
  {
    what: 'an address range with bits behind the prefix',
    says: [
      '14:13: keys[].cidrs must be an address range such as 10.0.0.0/8 or ::1, with no bits set behind the prefix',
    ],
    yaml: key({ cidrs: '[10.1.0.0/8]' }),
  },
  {
    what: 'no address ranges',
    says: ['14:12: keys[].cidrs is empty; name address ranges, or remove the line for all'],
    yaml: key({ cidrs: '[]' }),
  },
  {
    what: 'a fingerprint that is none',
    says: [
      "14:20: keys[].certificates must be a certificate's SHA-256 fingerprint, 64 hexadecimal digits with or without colons, as `openssl x509 -noout -fingerprint -sha256` prints it",
    ],
    yaml: key({ certificates: '["AB:CD"]' }),
  },
  {
    what: 'the same key twice',
    says: [
      '14:10: key id "Ab3dE6gH9k" is here twice, first in line 9; give each its own',
      '14:28: key "ci" is here twice, first in line 10; give each its own',
    ],
    yaml: `${key({})}  - {id: Ab3dE6gH9k, name: ci, hashes: [{sha256: "${HASH}"}], profile: support}\n`,
  },
  {
    what: 'two profiles of a name',
    says: ['7:12: profile "support" is here twice, first in line 6; give each its own'],
    yaml: after('  - {name: support, credential: team}\n'),
  },
  {
    what: 'two credentials of a name',
    says: ['5:12: credential "team" is here twice, first in line 4; give each its own'],
    yaml: HEAD.replace('profiles:', '  - {name: team, token: "env:TOKEN"}\nprofiles:'),
  },
  {
    what: 'a profile of an unknown credential',
    says: ['6:33: profiles[].credential names "teem", which is no credential; did you mean "team"?'],
    yaml: HEAD.replace('credential: team', 'credential: teem'),
  },
  {
    what: 'a profile without a name',
    says: ['6:5: profiles[].name is missing; this entry needs it'],
    yaml: HEAD.replace('name: support, ', ''),
  },
  {
    what: "the caller's own token beside a credential",
    says: [
      "6:33: a profile with pass_authorization sends the caller's own token; remove its credential or pass_authorization",
    ],
    yaml: HEAD.replace('bot_1', 'bot_1, pass_authorization: true'),
  },
  {
    what: 'a header that cannot pass',
    says: [
      '6:61: profiles[].pass must be x-user-id, x-user-role or x-integration-name; "x-user-idd" is not; did you mean "x-user-id"?',
    ],
    yaml: HEAD.replace('bot_1', 'bot_1, pass: [x-user-idd]'),
  },
  {
    what: 'requests without a key to an unknown profile',
    says: ['7:12: anonymous names "everybody", which is no profile; add it or name another'],
    yaml: after('anonymous: everybody\n'),
  },
  {
    what: 'the token itself in the file',
    says: [
      '4:25: credentials[].token must say where the secret is: env:NAME, file:PATH or cred:NAME; the secret itself does not belong here',
    ],
    yaml: HEAD.replace('env:TOKEN', 'bp_pat_0123456789'),
  },
  {
    what: 'a source of another kind',
    says: [
      '4:25: credentials[].token must say where the secret is: env:NAME, file:PATH or cred:NAME; the secret itself does not belong here',
    ],
    yaml: HEAD.replace('env:', 'vault:'),
  },
  {
    what: 'much at once',
    says: [
      '1:1: "workrs" is not a setting; did you mean "workers"?',
      '2:8: drain needs a unit; write 10s or 10ms',
      '3:17: upstream.url would send tokens unencrypted to another machine; use https://, or set upstream.allow_plaintext: true',
      '5:25: credentials[].token: environment variable NO_SUCH_VARIABLE is not set: export it or use file:PATH',
      '7:33: profiles[].credential names "teem", which is no credential; did you mean "team"?',
      '9:10: keys[].id must be 10 letters and digits, as `bpgate key new` prints them',
      '9:45: keys[].hashes[].sha256 must be 64 hexadecimal digits, as `bpgate key new` prints them; the key itself does not belong here',
      '9:61: keys[].profile names "suport", which is no profile; did you mean "support"?',
      '9:82: keys[].operations: "raed" matches no operation: did you mean read?',
    ],
    yaml: `workrs: 2
drain: 10
upstream: {url: "http://192.0.2.1"}
credentials:
  - {name: team, token: "env:NO_SUCH_VARIABLE"}
profiles:
  - {name: support, credential: teem}
keys:
  - {id: short, name: ci, hashes: [{sha256: abc}], profile: suport, operations: [raed]}
`,
  },
  {
    what: 'more than is shown',
    says: Array.from(
      { length: 50 },
      (_, i) => `${i + 1}:1: "zzzzzzzz${i}" is not a setting; \`bpgate settings\` lists them all`,
    ),
    yaml: Array.from({ length: 60 }, (_, i) => `zzzzzzzz${i}: 1\n`).join(''),
  },
];
