// wrong_outside.js - files and variables outside of the settings file that are wrong. See settings.js.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { certificate } from '../support/certificates.js';
import { HEAD, after, put, withTls } from './settings.js';

export const outside = [
  {
    what: 'a variable that is not set',
    says: [
      '1:1: warning: there are no keys, so every request is refused; `bpgate key new` makes one',
      '4:25: credentials[].token: environment variable NO_SUCH_VARIABLE is not set: export it or use file:PATH',
    ],
    yaml: HEAD.replace('TOKEN', 'NO_SUCH_VARIABLE'),
  },
  {
    what: 'an empty variable',
    says: [
      '1:1: warning: there are no keys, so every request is refused; `bpgate key new` makes one',
      '4:25: credentials[].token: environment variable TOKEN is empty: put the token there',
    ],
    yaml: HEAD,
    env: { TOKEN: '' },
  },
  {
    what: 'a token with a space',
    says: [
      '1:1: warning: there are no keys, so every request is refused; `bpgate key new` makes one',
      '4:25: credentials[].token: environment variable TOKEN holds more than a token: put the token alone there, without spaces, quotes or "Bearer"',
    ],
    yaml: HEAD,
    env: { TOKEN: 'bp_pat_0123 4567' },
  },
  {
    what: 'a token with "Bearer"',
    says: [
      '1:1: warning: there are no keys, so every request is refused; `bpgate key new` makes one',
      '4:25: credentials[].token: environment variable TOKEN holds more than a token: put the token alone there, without spaces, quotes or "Bearer"',
    ],
    yaml: HEAD,
    env: { TOKEN: 'Bearer bp_pat_0123' },
  },
  {
    what: 'a token with a line end inside',
    says: [
      '1:1: warning: there are no keys, so every request is refused; `bpgate key new` makes one',
      '4:25: credentials[].token: environment variable TOKEN holds more than a token: put the token alone there, without spaces, quotes or "Bearer"',
    ],
    yaml: HEAD,
    env: { TOKEN: 'bp_pat_0123\nbp_pat_4567' },
  },
  {
    what: 'a token of 5000 characters',
    says: [
      '1:1: warning: there are no keys, so every request is refused; `bpgate key new` makes one',
      '4:25: credentials[].token: environment variable TOKEN is longer than 4096 characters: put the token alone there',
    ],
    yaml: HEAD,
    env: { TOKEN: 'x'.repeat(5000) },
  },
  {
    what: 'both tokens missing',
    says: [
      '1:1: warning: there are no keys, so every request is refused; `bpgate key new` makes one',
      '4:25: credentials[].token: environment variable A is not set: export it or use file:PATH',
      '4:46: credentials[].next_token: file /nowhere/b does not exist: create it with the token alone inside, or correct the path',
    ],
    yaml: HEAD.replace('env:TOKEN"', 'env:A", next_token: "file:/nowhere/b"'),
  },
  {
    what: 'a token in a file that is not there',
    says: [
      '1:1: warning: there are no keys, so every request is refused; `bpgate key new` makes one',
      '4:25: credentials[].token: file /nowhere/token does not exist: create it with the token alone inside, or correct the path',
    ],
    yaml: HEAD.replace('env:TOKEN', 'file:/nowhere/token'),
  },
  {
    what: 'a token in a folder',
    says: [
      '1:1: warning: there are no keys, so every request is refused; `bpgate key new` makes one',
      '4:25: credentials[].token: file FOLDER is not a regular file: name the file that holds the token',
    ],
    yaml: (folder) => HEAD.replace('env:TOKEN', `file:${folder}`),
  },
  {
    what: 'a file with two tokens',
    says: [
      '1:1: warning: there are no keys, so every request is refused; `bpgate key new` makes one',
      '4:25: credentials[].token: file FOLDER/token holds more than a token: put the token alone there, without spaces, quotes or "Bearer"',
    ],
    yaml(folder) {
      put(folder, 'token', 'bp_pat_1\nbp_pat_2\n');
      return HEAD.replace('env:TOKEN', `file:${folder}/token`);
    },
  },
  {
    what: 'a file that is too large for a token',
    says: [
      '1:1: warning: there are no keys, so every request is refused; `bpgate key new` makes one',
      '4:25: credentials[].token: file FOLDER/token is too large for a token: put the token alone there',
    ],
    yaml(folder) {
      put(folder, 'token', 'x'.repeat(1 << 20));
      return HEAD.replace('env:TOKEN', `file:${folder}/token`);
    },
  },
  {
    what: 'a credential of systemd without systemd',
    says: [
      '1:1: warning: there are no keys, so every request is refused; `bpgate key new` makes one',
      '4:25: credentials[].token: there are no systemd credentials ($CREDENTIALS_DIRECTORY is not set): add LoadCredential=token:PATH to the unit, or use file:PATH',
    ],
    yaml: HEAD.replace('env:TOKEN', 'cred:token'),
  },
  {
    what: 'a credential of systemd with a path',
    says: [
      '1:1: warning: there are no keys, so every request is refused; `bpgate key new` makes one',
      "4:25: credentials[].token: cred:../token is not a credential's name: no '/' in it; for a path use file:PATH",
    ],
    yaml: HEAD.replace('env:TOKEN', 'cred:../token'),
    env: { CREDENTIALS_DIRECTORY: '/nowhere' },
  },
  {
    what: 'authorities that are not there',
    says: [
      '1:1: warning: there are no keys, so every request is refused; `bpgate key new` makes one',
      '2:49: upstream.ca_file: /nowhere/ca.pem: No such file or directory; name a PEM file with the certificates to trust',
    ],
    yaml: HEAD.replace(':1"', ':1", ca_file: /nowhere/ca.pem'),
  },
  {
    what: 'authorities in a folder',
    says: [
      '1:1: warning: there are no keys, so every request is refused; `bpgate key new` makes one',
      '2:49: upstream.ca_file: /: Is a directory; name a PEM file with the certificates to trust',
    ],
    yaml: HEAD.replace(':1"', ':1", ca_file: /'),
  },
  {
    what: 'authorities without any',
    says: [
      '1:1: warning: there are no keys, so every request is refused; `bpgate key new` makes one',
      '2:49: upstream.ca_file: /dev/null: no certificate or crl found; name a PEM file with the certificates to trust',
    ],
    yaml: HEAD.replace(':1"', ':1", ca_file: /dev/null'),
  },
  {
    what: 'TLS without a key',
    says: [
      '1:46: listen[].tls.certificate needs listen[].tls.key beside it; add that',
      "1:46: listen[].tls.certificate: /nowhere/a.pem: No such file or directory; name a PEM file with the server's certificate chain",
    ],
    yaml: 'listen: [{address: "*:0", tls: {certificate: /nowhere/a.pem}}]\n',
  },
  {
    what: 'TLS without a certificate',
    says: [
      '1:38: listen[].tls.key needs listen[].tls.certificate beside it; add that',
      "1:38: listen[].tls.key: /nowhere/a.key: No such file or directory; name the PEM file of the certificate's key, not encrypted",
    ],
    yaml: 'listen: [{address: "*:0", tls: {key: /nowhere/a.key}}]\n',
  },
  {
    what: 'TLS without anything',
    says: ['1:32: listen[].tls is empty; put its settings below it or remove it'],
    yaml: 'listen: [{address: "*:0", tls: {}}]\n',
  },
  {
    what: 'a certificate and a key that are not there',
    says: [
      '1:1: warning: there are no keys, so every request is refused; `bpgate key new` makes one',
      "4:20: listen[].tls.certificate: /nowhere/a: No such file or directory; name a PEM file with the server's certificate chain",
      "5:12: listen[].tls.key: /nowhere/b: No such file or directory; name the PEM file of the certificate's key, not encrypted",
    ],
    yaml: 'listen:\n  - address: "*:0"\n    tls:\n      certificate: /nowhere/a\n      key: /nowhere/b\n',
  },
  {
    what: 'the key of another certificate',
    says: [
      '1:1: warning: there are no keys, so every request is refused; `bpgate key new` makes one',
      "5:12: listen[].tls.key: FOLDER/server.key: key values mismatch; name the PEM file of the certificate's key, not encrypted",
    ],
    yaml: (folder) => withTls(folder, { ...certificate('valid'), key: certificate('renewed').key }),
  },
  {
    what: 'a certificate that is none',
    says: [
      '1:1: warning: there are no keys, so every request is refused; `bpgate key new` makes one',
      "4:20: listen[].tls.certificate: FOLDER/server.pem: no start line; name a PEM file with the server's certificate chain",
    ],
    yaml: (folder) => withTls(folder, { ...certificate('valid'), cert: 'no certificate\n' }),
  },
  {
    what: 'the key in place of the certificate',
    says: [
      '1:1: warning: there are no keys, so every request is refused; `bpgate key new` makes one',
      "4:20: listen[].tls.certificate: FOLDER/server.pem: no start line; name a PEM file with the server's certificate chain",
    ],
    yaml: (folder) => withTls(folder, { ...certificate('valid'), cert: certificate('valid').key }),
  },
  {
    what: 'client authorities in a folder',
    says: [
      '1:1: warning: there are no keys, so every request is refused; `bpgate key new` makes one',
      '6:18: listen[].tls.client_ca: FOLDER/ca: Is a directory; name a PEM file with the certificates to trust',
    ],
    yaml(folder) {
      mkdirSync(join(folder, 'ca'));
      return withTls(folder, certificate('valid'), `      client_ca: ${folder}/ca\n`);
    },
  },
  {
    what: 'client certificates that nobody signs',
    says: [
      '2:5: listen[].tls.client_certificate: required needs listen[].tls.client_ca, the authorities that sign such certificates; add that',
    ],
    yaml: (folder) => withTls(folder, certificate('valid'), '      client_certificate: required\n'),
  },
  {
    what: 'a log in a folder that is not there',
    says: [
      '1:1: warning: there are no keys, so every request is refused; `bpgate key new` makes one',
      '7:13: access_log: /nowhere/access.log cannot be written: No such file or directory; name a file in a folder that bpgate may write to, or stdout',
    ],
    yaml: after('access_log: /nowhere/access.log\n'),
  },
  {
    what: 'a log that is a folder',
    says: [
      '1:1: warning: there are no keys, so every request is refused; `bpgate key new` makes one',
      '7:13: access_log: /tmp cannot be written: Is a directory; name a file in a folder that bpgate may write to, or stdout',
    ],
    yaml: after('access_log: /tmp\n'),
  },
];
