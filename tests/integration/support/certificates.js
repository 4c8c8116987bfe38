// certificates.js - a certification authority of the plays, made once for each test process.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

let folder;
const made = new Map();

function openssl(...args) {
  execFileSync('openssl', args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

// `openssl ca` is the only command of OpenSSL 3.0 that takes a start and an end, as an expired
// certificate needs them.
const CA_SETTINGS = `
[ca]
default_ca = plays
[plays]
database = index
rand_serial = yes
new_certs_dir = .
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
[req]
distinguished_name = req
`;

function makeAuthority(name) {
  openssl(
    'req',
    '-x509',
    ...NEW_KEY,
    '-days',
    '2',
    '-subj',
    `/CN=${name}`,
    '-config',
    'ca.cnf',
    '-addext',
    'basicConstraints=critical,CA:true',
    '-addext',
    'keyUsage=critical,keyCertSign',
    '-keyout',
    `${name}.key`,
    '-out',
    `${name}.pem`,
  );
  return { certificateFile: join(folder, `${name}.pem`) };
}

function makeServer({ authority, names, from, until, usage }) {
  const id = `server-${made.size}`;
  writeFileSync(join(folder, `${id}.ext`), `subjectAltName=${names}\nextendedKeyUsage=${usage}\n`);
  openssl(
    'req',
    '-new',
    ...NEW_KEY,
    '-subj',
    `/CN=${id}`,
    '-config',
    'ca.cnf',
    '-keyout',
    `${id}.key`,
    '-out',
    `${id}.csr`,
  );
  openssl(
    'ca',
    '-batch',
    '-notext',
    '-config',
    'ca.cnf',
    '-cert',
    `${authority}.pem`,
    '-keyfile',
    `${authority}.key`,
    '-in',
    `${id}.csr`,
    '-extfile',
    `${id}.ext`,
    '-startdate',
    from,
    '-enddate',
    until,
    '-out',
    `${id}.pem`,
  );
  return {
    cert: readFileSync(join(folder, `${id}.pem`)),
    key: readFileSync(join(folder, `${id}.key`)),
  };
}

function stamp(days) {
  return new Date(Date.now() + days * 86_400_000).toISOString().replace(/[-:T]|\.\d+/g, '');
}

const LOCALHOST = 'DNS:localhost,IP:127.0.0.1';

const recipes = {
  authority: () => makeAuthority('authority'),
  stranger: () => makeAuthority('stranger'),
  valid: () => server('authority', LOCALHOST, -1, 1),
  wrongName: () => server('authority', 'DNS:api.elsewhere.example', -1, 1),
  expired: () => server('authority', LOCALHOST, -10, -1),
  unknownAuthority: () => server('stranger', LOCALHOST, -1, 1),
  notYetValid: () => server('authority', LOCALHOST, 1, 2),
  forClients: () => server('authority', LOCALHOST, -1, 1, 'clientAuth'),
  renewed: () => server('authority', LOCALHOST, -1, 1),
  tooWide: () => server('authority', 'DNS:*', -1, 1),
};

function server(authority, names, fromDays, untilDays, usage = 'serverAuth') {
  certificate(authority);
  return makeServer({ authority, names, from: stamp(fromDays), until: stamp(untilDays), usage });
}

/** 'authority' and 'stranger' have a `certificateFile`; all others are {cert, key} for a server. */
export function certificate(name) {
  if (!folder) {
    folder = mkdtempSync(join(tmpdir(), 'bpgate-certificates-'));
    process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
    writeFileSync(join(folder, 'ca.cnf'), CA_SETTINGS);
    writeFileSync(join(folder, 'index'), '');
  }
  if (!made.has(name)) made.set(name, recipes[name]());
  return made.get(name);
}
