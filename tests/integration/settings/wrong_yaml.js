// wrong_yaml.js - files that are no YAML, or not as it is wanted. See settings.js.

import { after, key, put } from './settings.js';

export const yaml = [
  {
    what: 'an empty file',
    says: ['1:1: this file has no settings; write credentials, profiles and keys, as in conf/bpgate.yaml'],
    yaml: '',
  },
  {
    what: 'blanks and comments alone',
    says: ['1:1: this file has no settings; write credentials, profiles and keys, as in conf/bpgate.yaml'],
    yaml: '\n  \n# nothing\r\n\r\n',
  },
  {
    what: 'a list in place of the settings',
    says: ['1:1: this is not a map of settings; write "name: value" lines'],
    yaml: '- listen\n- keys\n',
  },
  {
    what: 'prose',
    says: ['1:1: this is not a map of settings; write "name: value" lines'],
    yaml: 'Dear gateway,\nplease serve on port 8080.\n',
  },
  {
    what: 'JSON that is cut',
    says: [
      '2:1: this is not YAML (did not find expected node content); add the entry that is missing, and close what is open',
    ],
    yaml: '{"workers": 2, "listen": [',
  },
  {
    what: 'XML',
    says: ['1:1: this is not a map of settings; write "name: value" lines'],
    yaml: '<settings>\n  <workers>2</workers>\n</settings>\n',
  },
  {
    what: 'an indentation by tabs',
    says: ['2:1: YAML is not indented with tabs; use spaces'],
    yaml: 'client:\n\tlinger: 1s\n',
  },
  {
    what: 'a tab behind the colon of a section',
    says: ['3:1: YAML is not indented with tabs; use spaces'],
    yaml: 'client:\n  linger: 1s\n\tidle_timeout: 1s\n',
  },
  {
    what: 'a wrong indentation',
    says: ['3:3: this is not YAML (did not find expected key); mend the line or the one before it'],
    yaml: 'client:\n    linger: 1s\n  idle_timeout: 65s\n',
  },
  {
    what: 'a colon in a plain text',
    says: [
      '1:21: this is not YAML (mapping values are not allowed in this context); put a text with ": " in it into quotes, and indent alike what belongs together',
    ],
    yaml: 'access_log: /var/log: the usual\n',
  },
  {
    what: 'a quote that is not closed',
    says: ['1:10: this is not YAML (found unexpected end of stream); close the quote that opens here'],
    yaml: 'workers: "2\ndrain: 1s\n',
  },
  {
    what: 'a bracket that is not closed',
    says: [
      '8:1: this is not YAML (did not find expected node content); add the entry that is missing, and close what is open',
    ],
    yaml: after('keys: [\n'),
  },
  {
    what: 'an address of all interfaces without quotes',
    says: [
      '2:15: this is not YAML (did not find expected alphabetic or numeric character); put a text that begins with * into quotes',
    ],
    yaml: 'listen:\n  - address: *:8080\n',
  },
  {
    what: 'an alias of nothing',
    says: ['1:10: this is not YAML (found undefined alias); put a text that begins with * into quotes'],
    yaml: 'workers: *some\n',
  },
  {
    what: 'a text that begins with an at sign',
    says: [
      '1:13: this is not YAML (found character that cannot start any token); put a text that begins with @, ` or % into quotes',
    ],
    yaml: 'access_log: @home\n',
  },
  {
    what: 'an exclusion without quotes',
    says: [
      '13:32: this is not YAML (did not find expected whitespace or line break); put a text that begins with ! into quotes',
    ],
    yaml: key({ operations: '[read, !delete*]' }),
  },
  {
    what: 'a value with a tag',
    says: ['1:10: workers has a text that begins with !; put it into quotes'],
    yaml: 'workers: !count 2\n',
  },
  {
    what: 'a cycle of aliases',
    says: ['2:1: "upstream.upstream" is not a setting; `bpgate settings` lists them all'],
    yaml: '&all\nupstream: *all\n',
  },
  {
    what: 'a list that holds itself',
    says: ['1:28: profiles[].bots must be a list of texts; write each entry as one word'],
    yaml: 'profiles: [{name: a, bots: &b [*b]}]\n',
  },
  {
    what: 'a merge of another map',
    says: ['3:3: "upstream.<<" is not a setting; `bpgate settings` lists them all'],
    yaml: 'client: &c {linger: 1s}\nupstream:\n  <<: *c\n',
  },
  {
    what: 'the same section twice',
    says: ['8:1: "upstream" is here twice, first in line 2; remove one'],
    yaml: after('drain: 1s\nupstream: {retries: 1}\n'),
  },
  {
    what: 'the same setting twice in a key',
    says: ['14:5: "operations" is here twice, first in line 13; remove one'],
    yaml: key({ operations: '[read]\n    operations: [all]' }),
  },
  {
    what: 'two documents',
    says: ['7:1: a second document begins here; keep all settings in the first'],
    yaml: after('---\nworkers: 1\n'),
  },
  {
    what: 'a NUL byte',
    says: ['2:8: this is not UTF-8 text (control characters are not allowed); save the file as UTF-8'],
    yaml: Buffer.from('workers: 1\ndrain: \0\n'),
  },
  {
    what: 'a NUL byte in a quoted text',
    says: ['1:13: access_log must not hold control characters or line ends'],
    yaml: 'access_log: "a\\0b"\n',
  },
  {
    what: 'Latin-1',
    says: ['1:7: this is not UTF-8 text (invalid trailing UTF-8 octet); save the file as UTF-8'],
    yaml: Buffer.from('# caf\xe9\nworkers: 1\n', 'latin1'),
  },
  {
    what: 'UTF-16 without a mark',
    says: ['1:2: this is not UTF-8 text (control characters are not allowed); save the file as UTF-8'],
    yaml: Buffer.from('workers: 1\n', 'utf16le'),
  },
  {
    what: 'a program',
    says: ['1:1: this is not UTF-8 text (control characters are not allowed); save the file as UTF-8'],
    yaml: Buffer.from('7f454c4602010100000000000000000003003e0001000000', 'hex'),
  },
  {
    what: 'all bytes',
    says: ['1:33: this is not UTF-8 text (unexpected low surrogate area); save the file as UTF-8'],
    yaml: Buffer.from(Array.from({ length: 256 }, (_, i) => 255 - i)),
  },
  {
    what: 'ten megabytes of settings',
    says: [
      '209716:3: the file is larger than 2 MiB from here on, which no settings need; name another with --config FILE',
    ],
    yaml: Buffer.alloc(10 << 20, 'drain: 1s\n'),
  },
  {
    what: 'ten megabytes in one line',
    says: [
      '1:2097153: the file is larger than 2 MiB from here on, which no settings need; name another with --config FILE',
    ],
    yaml: Buffer.alloc(10 << 20, 'x'),
  },
  {
    what: 'brackets, a hundred thousand deep',
    says: ['1:33: this is nested deeper than any setting; close some brackets before it'],
    yaml: '['.repeat(100_000),
  },
  {
    what: 'maps, a thousand deep',
    says: ['1:129: this is nested deeper than any setting; close some brackets before it'],
    yaml: `${'{a: '.repeat(1000)}1${'}'.repeat(1000)}`,
  },
  {
    what: 'a short file that aliases make long',
    says: ['4:2959: the configuration is too large from here on; use fewer aliases'],
    yaml: `profiles:\n- &p\n  name: a\n  bots: [${'b, '.repeat(1000)}]\n${'- *p\n'.repeat(999)}`,
  },
];
