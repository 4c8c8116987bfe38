// machine.js - what of this machine a play may use.

import { spawnSync } from 'node:child_process';
import net from 'node:net';

/** Whether a program is installed. */
export const has = (program) => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;

/** A port that nobody listens on at this moment, for programs that take no port 0. */
export async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}
