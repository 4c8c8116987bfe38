// tls_client.js - the gateway's own certificate in files, and clients that speak TLS to it.

import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';
import { certificate } from './certificates.js';
import { within } from './deadline.js';
import { RawClient, request } from './raw.js';

export const authorityFile = () => certificate('authority').certificateFile;

/** Files for `listen[].tls`; `install` replaces them as certificate tools do: written aside, renamed. */
export function identityFiles(t, name = 'valid') {
  const folder = mkdtempSync(join(tmpdir(), 'bpgate-identity-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const put = (file, bytes) => {
    writeFileSync(`${file}.new`, bytes);
    renameSync(`${file}.new`, file);
  };
  const files = {
    certificate: join(folder, 'server.pem'),
    key: join(folder, 'server.key'),
    installCertificate: (from) => put(files.certificate, certificate(from).cert),
    installKey: (from) => put(files.key, certificate(from).key),
    install(from) {
      files.installKey(from);
      files.installCertificate(from);
    },
  };
  files.install(name);
  return files;
}

/** `listen` with TLS on a free port; `tlsSettings` and `rest` complete it. */
export function tlsListener(files, tlsSettings = {}, rest = {}) {
  const { certificate: certificateFile, key } = files;
  return {
    listen: [
      { address: '127.0.0.1:0', ...rest, tls: { certificate: certificateFile, key, ...tlsSettings } },
    ],
  };
}

/** A TLS connection that has shaken hands; `options` are those of node's tls.connect. */
export async function connectTls(t, gateway, options = {}) {
  const socket = tls.connect({
    host: gateway.host,
    port: gateway.port,
    servername: 'localhost',
    ca: readFileSync(authorityFile()),
    noDelay: true,
    ...options,
  });
  t.after(() => socket.destroy());
  await within(
    new Promise((resolve, reject) => {
      socket.once('secureConnect', resolve);
      socket.once('error', reject);
      socket.once('close', () => reject(new Error('closed during the handshake')));
    }),
    'a TLS handshake',
  );
  return new RawClient(socket);
}

/** One request on a TLS connection of its own; `tlsOptions` go to connectTls. */
export async function askTls(t, gateway, method, target, { tlsOptions, ...options } = {}) {
  const raw = await connectTls(t, gateway, tlsOptions);
  raw.send(request(gateway, method, target, options));
  const response = await raw.response({ method });
  raw.socket.destroy();
  return response;
}
