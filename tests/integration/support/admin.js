// admin.js - asks the admin listener of a gateway.

import { ask } from './raw.js';

export const ADMIN = { admin: { address: '127.0.0.1:0' } };

/** Where it is, out of the line that says "ready". */
export function adminOf(gateway) {
  const { admin } = gateway.events.find(({ event }) => event === 'ready');
  const colon = admin.lastIndexOf(':');
  return { host: admin.slice(0, colon), port: Number(admin.slice(colon + 1)), url: `http://${admin}` };
}

/** One request on a connection of its own, as a program sends it. */
export function askAdmin(t, gateway, method, path, { headers, token, body } = {}) {
  const admin = adminOf(gateway);
  const usual = {
    host: `${admin.host}:${admin.port}`,
    authorization: token ? `Bearer ${token}` : null,
    'x-bot-id': null,
  };
  const json = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
  return ask(t, admin, method, path, { headers: { ...usual, ...headers }, body: json });
}

export const purge = (t, gateway, body, options) =>
  askAdmin(t, gateway, 'POST', '/cache/purge', { ...options, body });
