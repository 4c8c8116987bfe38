// Under systemd: what a service manager is told, and the unit that deploy/ holds for it.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { eventually } from './support/deadline.js';
import { root } from './support/gateway.js';
import { freePort } from './support/machine.js';
import { play } from './support/play.js';

function folder(t) {
  const path = mkdtempSync(join(tmpdir(), 'bpgate-manager-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

// Node has no datagram sockets of this family. A line for each datagram, its lines joined by spaces.
const RECEIVER = `
use IO::Socket::UNIX;
$| = 1;
my $socket = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => $ARGV[0]) or die;
print "listens\\n";
while (defined $socket->recv(my $text, 4096)) { $text =~ s/\\n/ /g; print "$text\\n"; }
`;

async function startManager(t) {
  const socket = join(folder(t), 'notify');
  const receiver = spawn('perl', ['-e', RECEIVER, socket], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => receiver.kill());
  const heard = [];
  createInterface(receiver.stdout).on('line', (line) => heard.push(line));
  await eventually(() => heard.shift() === 'listens', 'the receiver listens');
  return { socket, heard };
}

test('it hears when the gateway serves, and when it stops', async (t) => {
  const { socket, heard } = await startManager(t);
  const { ask, gateway } = await play(t, { env: { NOTIFY_SOCKET: socket }, settings: { workers: 2 } });
  await eventually(() => heard.length > 0, 'READY=1 is heard');
  assert.match(heard[0], /^READY=1 STATUS=/);
  await ask('GET', '/v1/chat/users');
  assert.equal(heard.length, 1, 'no watchdog was asked for');
  await gateway.stop();
  await eventually(() => heard.length > 1, 'STOPPING=1 is heard');
  assert.match(heard[1], /^STOPPING=1 STATUS=/);
});

test('it hears that a reload begins, with the time, and that it has ended, well or not', async (t) => {
  const { socket, heard } = await startManager(t);
  const { gateway } = await play(t, { env: { NOTIFY_SOCKET: socket }, announces: [/reload_failed/] });
  const now = () => Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) * 1e6;
  const reload = async () => {
    heard.length = 0;
    gateway.signal('SIGHUP');
    await eventually(() => heard.length === 2, 'both are heard');
    return heard;
  };
  await eventually(() => heard.length > 0, 'READY=1 is heard');
  const [begins, ends] = await reload();
  const [, usec] = /^RELOADING=1 MONOTONIC_USEC=(\d+)$/.exec(begins);
  // Both count from the start of the machine, but for time that it slept.
  assert.ok(Number(usec) > 0 && Number(usec) <= now() + 1e6);
  assert.equal(ends, 'READY=1 STATUS=serves');
  gateway.rewrite('wrong: 1\n');
  assert.match((await reload())[1], /^READY=1 STATUS=serves with the settings before/);
  await gateway.stop();
});

// Opens sockets as systemd does, the first as descriptor 3, and becomes the rest of its words.
const OPENER = `
use IO::Socket::INET; use POSIX;
my @addresses = split /,/, shift;
my $next = 3;
for (@addresses) {
  my $socket = IO::Socket::INET->new(Listen => 64, LocalAddr => $_, ReuseAddr => 1) or die "$_: $!";
  if (fileno($socket) != $next) { POSIX::dup2(fileno($socket), $next) or die } else { $socket->fcntl(2, 0); push @keep, $socket }
  $next += 1;
}
$ENV{LISTEN_PID} = $$; $ENV{LISTEN_FDS} = scalar @addresses;
exec @ARGV;
`;

test('sockets that it has opened are listened on, those that nobody names are told', async (t) => {
  const [port, other] = [await freePort(), await freePort()];
  const address = `127.0.0.1:${port}`;
  const { ask, gateway } = await play(t, {
    through: ['perl', '-e', OPENER, `${address},127.0.0.2:${other}`],
    settings: { workers: 3, listen: [{ address }, { address: '127.0.0.1:0' }] },
    announces: [/socket_unused/],
  });
  assert.equal(gateway.port, port);
  const { address: unused } = gateway.events.find(({ event }) => event === 'socket_unused');
  assert.equal(unused, `127.0.0.2:${other}`);
  for (let i = 0; i < 20; i += 1) assert.equal((await ask('GET', '/v1/chat/users')).status, 200);
});

test('a watchdog hears of life at half its time, until the gateway stops', async (t) => {
  const { socket, heard } = await startManager(t);
  const env = { NOTIFY_SOCKET: socket, WATCHDOG_USEC: '100003' };
  const { gateway } = await play(t, { env, settings: { workers: 3 } });
  const count = () => heard.filter((line) => line === 'WATCHDOG=1').length;
  await eventually(() => count() >= 5, 'five signs of life are heard');
  await gateway.stop();
  await eventually(() => heard.at(-1).startsWith('STOPPING=1'), 'STOPPING=1 is the last that is heard');
});

test('a manager that is not there is told of, and costs no request', async (t) => {
  // What a play gives its gateway itself counts as secret, and this is told.
  process.env.NOTIFY_SOCKET = join(folder(t), 'nobody');
  t.after(() => delete process.env.NOTIFY_SOCKET);
  const { ask, gateway } = await play(t, { announces: [/service_manager_not_told/] });
  assert.equal((await ask('GET', '/v1/chat/users')).status, 200);
  await gateway.event(({ event }) => event === 'service_manager_not_told');
});

const ANALYZE = 'systemd-analyze';
const isThere = spawnSync(ANALYZE, ['--version']).status === 0;

test('the unit is as closed as it can be', { skip: !isThere && `there is no ${ANALYZE}` }, (t) => {
  const unit = join(folder(t), 'bpgate.service');
  const text = readFileSync(join(root, 'deploy/bpgate.service.in'), 'utf8');
  writeFileSync(unit, text.replaceAll('@CMAKE_INSTALL_PREFIX@', '/usr'));
  const options = ['security', '--offline=true', '--no-pager', '--threshold=20', unit];
  const { status, stdout } = spawnSync(ANALYZE, options, { encoding: 'utf8' });
  assert.equal(status, 0, `its exposure is over 2.0:\n${stdout}`);
});
