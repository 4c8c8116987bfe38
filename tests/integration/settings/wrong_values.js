// wrong_values.js - values that a setting does not take. See settings.js.

import { HEAD, after, key, put } from './settings.js';

export const values = [
  {
    what: 'a section that is none',
    says: ['7:1: "upstraem" is not a setting; did you mean "upstream"?'],
    yaml: after('upstraem: {}\n'),
  },
  {
    what: 'an unknown setting at the top',
    says: ['7:1: "worker" is not a setting; did you mean "workers"?'],
    yaml: after('worker: 1\n'),
  },
  {
    what: 'an unknown setting of a section',
    says: ['7:10: "client.idle_timout" is not a setting; did you mean "idle_timeout"?'],
    yaml: after('client: {idle_timout: 1s}\n'),
  },
  {
    what: 'a setting outside of its section',
    says: ['7:1: "head_bytes" is not a setting; did you mean "client.head_bytes"?'],
    yaml: after('head_bytes: 8KiB\n'),
  },
  {
    what: 'a path as a name',
    says: ['7:1: "client.idle_timeout" is a path; write a map for each part before a dot'],
    yaml: after('client.idle_timeout: 1s\n'),
  },
  {
    what: 'an unknown setting of a key',
    says: ['14:5: "keys[].operation" is not a setting; did you mean "operations"?'],
    yaml: key({ operation: '[read]' }),
  },
  {
    what: 'a name that is a list',
    says: [`7:3: a setting's name must be a word; write "name: value"`],
    yaml: after('? [a, b]\n: 1\n'),
  },
  {
    what: 'a word where a number is due',
    says: ['7:10: workers must be auto or a whole number; "many" is not'],
    yaml: after('workers: many\n'),
  },
  {
    what: 'a fraction',
    says: ['7:10: workers must be auto or a whole number; "1.5" is not'],
    yaml: after('workers: 1.5\n'),
  },
  {
    what: 'a negative number',
    says: ['7:18: max_connections must be a whole number; "-1" is not'],
    yaml: after('max_connections: -1\n'),
  },
  {
    what: 'zero of what must be there',
    says: ['7:10: workers must be from 1 to 256; "0" is not'],
    yaml: after('workers: 0\n'),
  },
  {
    what: 'a number that no machine holds',
    says: ['7:18: max_connections must be from 1 to 1000000; "99999999999999999999" is not'],
    yaml: after('max_connections: 99999999999999999999\n'),
  },
  {
    what: 'a duration without unit',
    says: ['7:8: drain needs a unit; write 10s or 10ms'],
    yaml: after('drain: 10\n'),
  },
  {
    what: 'a duration of another unit',
    says: ['7:8: drain must be a duration such as 250ms, 5s, 2m or 1h; "10 parsecs" is not'],
    yaml: after('drain: 10 parsecs\n'),
  },
  {
    what: 'a size in a unit of time',
    says: ['7:22: client.head_bytes must be a size such as 64KiB or 50MB; "8s" is not'],
    yaml: after('client: {head_bytes: 8s}\n'),
  },
  {
    what: 'a duration in a unit of size',
    says: ['7:24: client.idle_timeout must be a duration such as 250ms, 5s, 2m or 1h; "65KB" is not'],
    yaml: after('client: {idle_timeout: 65KB}\n'),
  },
  {
    what: 'a duration out of bounds',
    says: ['7:8: drain must be from 0s to 1h; "2h" is not'],
    yaml: after('drain: 2h\n'),
  },
  {
    what: 'a size out of bounds',
    says: ['7:22: client.head_bytes must be from 1KiB to 1MiB; "10B" is not'],
    yaml: after('client: {head_bytes: 10B}\n'),
  },
  {
    what: 'parts of a second where whole ones count',
    says: ['7:22: client.keep_alive must be whole seconds; "1500ms" is not'],
    yaml: after('client: {keep_alive: 1500ms}\n'),
  },
  {
    what: 'yes in place of true',
    says: ['2:57: upstream.allow_plaintext must be false or true; "yes" is not'],
    yaml: HEAD.replace('1"}', '1", allow_plaintext: yes}'),
  },
  {
    what: 'a word that is none of the choice',
    says: ['7:17: unknown_routes must be forward or deny; "denied" is not; did you mean "deny"?'],
    yaml: after('unknown_routes: denied\n'),
  },
  {
    what: 'a map in place of a value',
    says: ['7:10: workers takes one value; write it behind the colon'],
    yaml: after('workers: {count: 1}\n'),
  },
  {
    what: 'a list in place of a value',
    says: ['7:8: drain takes one value; write it behind the colon'],
    yaml: after('drain: [1s]\n'),
  },
  {
    what: 'a value in place of a section',
    says: ['7:9: client holds further settings; put them below it, indented'],
    yaml: after('client: 5\n'),
  },
  {
    what: 'a value in place of a list',
    says: ['1:9: listen must be a list; begin each entry with "- "'],
    yaml: HEAD.replace('[{address: "127.0.0.1:0"}]', '127.0.0.1:0'),
  },
  {
    what: 'a text in place of a map',
    says: ['8:5: an entry of keys must be a map; write "name: value" pairs'],
    yaml: after('keys:\n  - ci\n'),
  },
  {
    what: 'a map in place of a list',
    says: ['8:3: keys must be a list; begin each entry with "- "'],
    yaml: after('keys:\n  name: ci\n'),
  },
  {
    what: 'no value',
    says: [
      '7:7: drain has no value; give it one or remove the line',
      '8:13: access_log has no value; give it one or remove the line',
    ],
    yaml: after('drain:\naccess_log: ~\n'),
  },
  {
    what: 'a host name to listen on',
    says: [
      '1:20: listen[].address must be an IP address and a port: 127.0.0.1:8080, "[::1]:8080" or "*:8080"',
    ],
    yaml: HEAD.replace('127.0.0.1:0', 'localhost:80'),
  },
  {
    what: 'an address without a port',
    says: [
      '1:20: listen[].address must be an IP address and a port: 127.0.0.1:8080, "[::1]:8080" or "*:8080"',
    ],
    yaml: HEAD.replace('127.0.0.1:0', '127.0.0.1'),
  },
  {
    what: 'a port out of range',
    says: [
      '1:20: listen[].address must be an IP address and a port: 127.0.0.1:8080, "[::1]:8080" or "*:8080"',
    ],
    yaml: HEAD.replace('127.0.0.1:0', '127.0.0.1:65536'),
  },
  {
    what: 'an address that is none',
    says: [
      '1:20: listen[].address must be an IP address and a port: 127.0.0.1:8080, "[::1]:8080" or "*:8080"',
    ],
    yaml: HEAD.replace('127.0.0.1:0', '127.0.0.256:80'),
  },
  {
    what: 'IPv6 without brackets',
    says: [
      '1:20: listen[].address must be an IP address and a port: 127.0.0.1:8080, "[::1]:8080" or "*:8080"',
    ],
    yaml: HEAD.replace('127.0.0.1:0', '::1:80'),
  },
  {
    what: 'the same address twice',
    says: ['3:14: listen[].address "*:80" is here twice, first in line 2; remove one'],
    yaml: HEAD.replace('[{address: "127.0.0.1:0"}]', '\n  - address: "*:80"\n  - address: "*:80"'),
  },
  {
    what: 'the same address in two spellings',
    says: ['3:14: listen[].address "[0::1]:080" is here twice, first in line 2; remove one'],
    yaml: HEAD.replace('[{address: "127.0.0.1:0"}]', '\n  - address: "[::1]:80"\n  - address: "[0::1]:080"'),
  },
  {
    what: 'no address at all',
    says: ['1:9: listen is empty; name an address, or remove the line for 127.0.0.1:8080'],
    yaml: HEAD.replace('[{address: "127.0.0.1:0"}]', '[]'),
  },
  {
    what: 'an upstream without scheme',
    says: ['2:17: upstream.url must be https:// and a host, as in https://api.botpress.cloud'],
    yaml: HEAD.replace('https://localhost:1', 'localhost'),
  },
  {
    what: 'an upstream with a path',
    says: ['2:17: upstream.url must not have a path, query or fragment: end it after the host and port'],
    yaml: HEAD.replace('localhost:1', 'localhost/v1'),
  },
  {
    what: 'an upstream with a user',
    says: [
      '2:17: upstream.url must not have a user or password in it: credentials have a section of their own',
    ],
    yaml: HEAD.replace('localhost:1', 'me:pw@localhost'),
  },
  {
    what: 'an upstream with a bad port',
    says: ['2:17: upstream.url has a port that is no number from 1 to 65535'],
    yaml: HEAD.replace('localhost:1', 'localhost:http'),
  },
  {
    what: 'an upstream with a bad host',
    says: [
      '2:17: upstream.url has a host that is neither a name nor an IP address: write it as in https://api.botpress.cloud or https://[2001:db8::1]:8443',
    ],
    yaml: HEAD.replace('localhost:1', 'local host'),
  },
  {
    what: 'plaintext to another machine',
    says: [
      '2:17: upstream.url would send tokens unencrypted to another machine; use https://, or set upstream.allow_plaintext: true',
    ],
    yaml: HEAD.replace('https://localhost:1', 'http://192.0.2.1'),
  },
  {
    what: 'authorities for plaintext',
    says: [
      '2:48: upstream.ca_file is for https://, but upstream.url is http://; remove one',
      '2:48: upstream.ca_file: /dev/null: no certificate or crl found; name a PEM file with the certificates to trust',
    ],
    yaml: HEAD.replace('https://localhost:1"', 'http://localhost:1", ca_file: /dev/null'),
  },
  {
    what: 'a proxy with TLS',
    says: [
      '2:47: upstream.proxy must be http://, a user and password if the proxy wants them, and its host and port, as in http://user:password@proxy:3128',
    ],
    yaml: HEAD.replace(':1"', ':1", proxy: "https://proxy:3128"'),
  },
  {
    what: 'a bad address range',
    says: [
      '7:19: trusted_proxies must be an address range such as 10.0.0.0/8 or ::1, with no bits set behind the prefix',
      '7:32: trusted_proxies must be an address range such as 10.0.0.0/8 or ::1, with no bits set behind the prefix',
      '7:44: trusted_proxies must be an address range such as 10.0.0.0/8 or ::1, with no bits set behind the prefix',
    ],
    yaml: after('trusted_proxies: [10.0.0.0/33, 10.0.0.1/8, hosts]\n'),
  },
  {
    what: 'the PROXY protocol from nobody',
    says: [
      '1:10: listen[].proxy_protocol needs trusted_proxies, who alone may connect then; add their addresses',
    ],
    yaml: HEAD.replace('0"}', '0", proxy_protocol: true}'),
  },
  {
    what: 'a line that is longer than the head',
    says: ['7:22: client.line_bytes (8KiB) must not be larger than client.head_bytes (4KiB); change one'],
    yaml: after('client: {head_bytes: 4KiB}\n'),
  },
  {
    what: 'a promise longer than what is kept',
    says: ['7:22: client.keep_alive (65s) must be shorter than client.idle_timeout (65s); change one'],
    yaml: after('client: {keep_alive: 65s}\n'),
  },
  {
    what: 'a wait that is longer than the whole',
    says: [
      '2:60: upstream.timeouts.connect (11s) must not be larger than upstream.timeouts.total (10s); change one',
      '2:77: upstream.timeouts.first_byte (20s) must not be larger than upstream.timeouts.total (10s); change one',
    ],
    yaml: HEAD.replace(':1"', ':1", timeouts: {connect: 11s, first_byte: 20s, body_idle: 5s, total: 10s}'),
  },
  {
    what: 'more idle connections than open ones',
    says: ['2:57: upstream.pool.max_idle (9) must not be larger than upstream.pool.max_open (8); change one'],
    yaml: HEAD.replace(':1"', ':1", pool: {max_idle: 9, max_open: 8}'),
  },
  {
    what: 'a body larger than all of them',
    says: ['2:54: upstream.replay_bytes (2MiB) must not be larger than held_bytes (1MiB); change one'],
    yaml: after('held_bytes: 1MiB\n').replace(':1"', ':1", replay_bytes: 2MiB'),
  },
  {
    what: 'more workers than connections',
    says: ['7:10: workers (8) must not be larger than max_connections (4); change one'],
    yaml: after('workers: 8\nmax_connections: 4\n'),
  },
];
