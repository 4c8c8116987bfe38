// settings.js - parts of the settings files that no gateway may start with (wrong_*.js).
//
// A case is {what, yaml, says, env}: `yaml` is a text, a Buffer, or a function of the folder in which
// the file will stand; `says` are the lines behind the file's name, in their order, where FOLDER
// stands for that folder. `env` completes the environment; TOKEN holds a token.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

export const HASH = '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08';

/** A good file, whose lines 1 to 6 these are; what a case adds begins in line 7. */
export const HEAD = `listen: [{address: "127.0.0.1:0"}]
upstream: {url: "https://localhost:1"}
credentials:
  - {name: team, token: "env:TOKEN"}
profiles:
  - {name: support, credential: team, bot_id: bot_1}
`;
export const after = (text) => `${HEAD}${text}`;

/** A key in line 8, with the fields that are given in place of the good ones. */
export function key(fields) {
  const good = {
    id: 'Ab3dE6gH9k',
    name: 'ci',
    hashes: `[{sha256: "${HASH}"}]`,
    profile: 'support',
    operations: '[read]',
  };
  const lines = Object.entries({ ...good, ...fields })
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `    ${name}: ${value}\n`);
  return after(`keys:\n  -\n${lines.join('')}`);
}

export const put = (folder, name, content) => writeFileSync(join(folder, name), content);

/** A listener with TLS whose files are server.pem and server.key. */
export function withTls(folder, { cert, key: privateKey }, more = '') {
  put(folder, 'server.pem', cert);
  put(folder, 'server.key', privateKey);
  return `listen:
  - address: 127.0.0.1:0
    tls:
      certificate: ${folder}/server.pem
      key: ${folder}/server.key
${more}`;
}
