// deploy/ and conf/: what Kubernetes, compose and systemd are told is what they take, agrees with itself,
// and holds settings that are good. What takes a Debian of its own to see, deploy/prove/ shows.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import Ajv from 'ajv';
import YAML from 'yaml';
import { certificate } from './support/certificates.js';
import { eventually } from './support/deadline.js';
import { documentsOf, filesBelow, manifest, manifests, objectOf, textOf } from './support/deploy.js';
import { binary, command, root } from './support/gateway.js';
import { faultsOf } from './support/kubernetes.js';
import { freePort, has } from './support/machine.js';
import { startRedis } from './support/redis.js';

const COMPOSE = 'deploy/compose/compose.yaml';

function folder(t) {
  const path = mkdtempSync(join(tmpdir(), 'bpgate-deploy-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

test('each YAML file can be read, and names nothing twice', () => {
  const files = [...filesBelow('deploy', /\.ya?ml$/), ...filesBelow('conf', /\.ya?ml$/)];
  assert.ok(files.length >= 14, files.join());
  for (const file of files) assert.ok(documentsOf(file).every((object) => object !== null), file);
});

test('each script can be read', () => {
  const scripts = filesBelow('deploy', /./).filter(shellOf);
  assert.ok(scripts.length >= 9, scripts.join());
  for (const file of scripts) {
    const { status, stderr } = spawnSync(shellOf(file), ['-n', join(root, file)], { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
  }
});

test('each link and each script that deploy/README.md names is there', () => {
  const text = textOf('deploy/README.md');
  const links = [...text.matchAll(/\]\(([^)#]+)\)/g)].map(([, target]) => join('deploy', target));
  const files = [...text.matchAll(/\b(?:deploy|tests)\/[\w./-]+\w/g)].map(([name]) => name);
  assert.ok(links.length > 10 && files.length > 5);
  for (const name of [...links, ...files]) assert.ok(existsSync(join(root, name)), name);
});

/** The shell that its first line names, if any. */
function shellOf(file) {
  if (!statSync(join(root, file)).isFile()) return null;
  return /^#!.*\b(bash|sh)$/.exec(textOf(file).split('\n', 1)[0])?.[1];
}

// --- Kubernetes ---

test('Kubernetes takes each manifest', () => {
  const kinds = manifests().map(({ kind }) => kind);
  for (const kind of ['ConfigMap', 'Deployment', 'HorizontalPodAutoscaler', 'NetworkPolicy', 'PodDisruptionBudget', 'Secret', 'Service']) {
    assert.ok(kinds.includes(kind), kind);
  }
  for (const object of manifests()) assert.deepEqual(faultsOf(object), [], `${object.kind} ${object.metadata.name}`);
});

test('what Kubernetes would not take is found', () => {
  const spoilt = (spoil) => {
    const object = manifest('Deployment');
    spoil(object.spec.template.spec.containers[0], object);
    return faultsOf(object).join();
  };
  assert.match(spoilt((container) => (container.readinesProbe = {})), /containers\[0\]\.readinesProbe is no field/);
  assert.match(spoilt((container) => (container.readinessProbe.httpGet.pth = '/')), /httpGet\.pth is no field/);
  assert.match(spoilt((container) => delete container.name), /name/);
  assert.match(spoilt((_, object) => (object.spec.replicas = '2')), /replicas must be integer/);
  assert.match(spoilt((_, object) => (object.apiVersion = 'apps/v9')), /there is no Deployment in apps\/v9/);
});

const podOf = (name) => manifest('Deployment', name).spec.template;

test('the manifests agree with each other', () => {
  for (const name of ['bpgate', 'bpgate-redis']) {
    const { selector } = manifest('Deployment', name).spec;
    const { labels } = podOf(name).metadata;
    const policy = manifest('NetworkPolicy', name).spec;
    const service = manifest('Service', name).spec;
    assert.deepEqual(selector.matchLabels, labels);
    assert.deepEqual(policy.podSelector.matchLabels, labels);
    assert.deepEqual(service.selector, labels);
    const ports = podOf(name).spec.containers[0].ports.map((port) => port.name);
    for (const { targetPort } of service.ports) assert.ok(ports.includes(targetPort), targetPort);
    for (const { port } of policy.ingress.flatMap((row) => row.ports)) assert.ok(ports.includes(port), port);
    for (const { secret, configMap } of podOf(name).spec.volumes) {
      if (configMap) manifest('ConfigMap', configMap.name);
      for (const { key } of secret?.items ?? []) assert.ok(key in manifest('Secret', secret.secretName).stringData, key);
    }
  }
  assert.deepEqual(manifest('PodDisruptionBudget').spec.selector, manifest('Deployment').spec.selector);
  const { kind, name } = manifest('HorizontalPodAutoscaler').spec.scaleTargetRef;
  assert.ok(manifest(kind, name).spec.replicas >= 2);
  assert.ok(manifest('HorizontalPodAutoscaler').spec.minReplicas >= 2);
});

test('the manifests agree with the settings: ports, secrets, Redis, the time to stop', () => {
  const settings = YAML.parse(manifest('ConfigMap').data['bpgate.yaml']);
  const pod = podOf('bpgate');
  const [{ ports, livenessProbe, readinessProbe, startupProbe, volumeMounts, resources }] = pod.spec.containers;
  const portOf = (address) => Number(address.split(':').at(-1));
  const named = Object.fromEntries(ports.map((port) => [port.name, port.containerPort]));
  assert.deepEqual(named, { http: portOf(settings.listen[0].address), admin: portOf(settings.admin.address) });
  assert.equal(Number(pod.metadata.annotations['prometheus.io/port']), named.admin);
  for (const probe of [livenessProbe, readinessProbe, startupProbe]) assert.equal(probe.httpGet.port, 'admin');
  assert.equal(readinessProbe.httpGet.path, '/readyz');
  const { mountPath } = volumeMounts.find((mount) => mount.name === 'secrets');
  const secrets = [...manifest('ConfigMap').data['bpgate.yaml'].matchAll(/file:(\S+)/g)].map(([, path]) => path);
  assert.equal(secrets.length, 3);
  for (const path of secrets) {
    assert.equal(dirname(path), mountPath);
    assert.ok(path.split('/').at(-1) in manifest('Secret').stringData, path);
  }
  const { hostname, port } = new URL(settings.redis.url);
  assert.equal(manifest('Service', hostname).spec.ports[0].port, Number(port));
  const seconds = (text) => Number(/^(\d+)s$/.exec(text)[1]);
  assert.ok(pod.spec.terminationGracePeriodSeconds > seconds(settings.drain) + seconds(settings.drain_delay));
  assert.equal(Number(resources.limits.cpu), settings.workers);
});

test('every pod is as restricted as Kubernetes knows', () => {
  for (const name of ['bpgate', 'bpgate-redis']) {
    const { spec } = podOf(name);
    assert.equal(spec.automountServiceAccountToken, false);
    assert.equal(spec.securityContext.runAsNonRoot, true);
    assert.equal(spec.securityContext.seccompProfile.type, 'RuntimeDefault');
    assert.deepEqual(spec.containers[0].securityContext, {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    assert.ok(spec.containers[0].resources.limits.memory);
  }
});

// --- Compose and the image ---

test('compose takes its file, and finds what is wrong with another', () => {
  const { $schema, ...schema } = JSON.parse(textOf('tests/node_modules/dclint/schemas/compose.schema.json'));
  assert.match($schema, /draft-07/); // Ajv's own, by a name that it does not know it by
  const validate = new Ajv({ strict: false, validateFormats: false, allErrors: true }).compile(schema);
  const file = objectOf(COMPOSE);
  assert.ok(validate(file), JSON.stringify(validate.errors));
  file.services.gateway.read_olny = true;
  assert.ok(!validate(file));
});

test('compose agrees with the settings, and gives each container no more than it needs', () => {
  const { services, secrets } = objectOf(COMPOSE);
  const settings = textOf('deploy/compose/bpgate.yaml');
  const used = [...settings.matchAll(/file:\/run\/secrets\/(\w+)/g)].map(([, name]) => name);
  assert.deepEqual([...used].sort(), [...services.gateway.secrets].sort());
  assert.deepEqual(Object.keys(secrets).sort(), [...used].sort());
  assert.ok(new URL(YAML.parse(settings).redis.url).hostname in services);
  for (const service of Object.values(services)) {
    assert.equal(service.read_only, true);
    assert.deepEqual(service.cap_drop, ['ALL']);
    assert.deepEqual(service.security_opt, ['no-new-privileges:true']);
    assert.ok(service.healthcheck.test.length > 0);
    for (const port of service.ports ?? []) assert.match(port, /^127\.0\.0\.1:/);
  }
  assert.match(textOf('deploy/compose/.gitignore'), /^\/secrets\/$/m);
});

test('the image is asked where its settings say, is not root, and copies only what there is', () => {
  const text = textOf('deploy/Containerfile').replace(/\\\n/g, ' ');
  const { admin, listen } = objectOf('deploy/container/bpgate.yaml');
  assert.match(text, new RegExp(`HEALTHCHECK.*http://${admin.address}/healthz`));
  assert.match(text, new RegExp(`^EXPOSE ${listen[0].address.split(':')[1]}$`, 'm'));
  const uid = podOf('bpgate').spec.securityContext.runAsUser;
  assert.match(text, new RegExp(`^USER ${uid}:${uid}$`, 'm'));
  const sources = [...text.matchAll(/^COPY (?!--from)(.*) \S+$/gm)].flatMap(([, names]) => names.split(' '));
  assert.ok(sources.length > 8);
  for (const name of sources) assert.ok(existsSync(join(root, name)), name);
});

// The words that start Redis in a container, with another place of the secret, a port, and this machine alone.
for (const [where, words] of [
  ['compose', () => objectOf(COMPOSE).services.redis.command.map((word) => word.replaceAll('$$', '$'))],
  ['Kubernetes', () => ['sh', '-c', podOf('bpgate-redis').spec.containers[0].args[0]]],
]) {
  test(`Redis as ${where} starts it asks for the password, which no list of processes shows`, { skip: !has('redis-server') }, async (t) => {
    const secret = join(folder(t), 'redis_password');
    writeFileSync(secret, 'a-password-of-this-test\n');
    const port = await freePort();
    const [program, option, script] = words();
    const here = script.replace(/\/run\/secrets\S*redis_password/, secret).replace('redis-server -', `redis-server - --bind 127.0.0.1 --port ${port}`);
    const redis = spawn(program, [option, here], { stdio: 'ignore' });
    const exited = new Promise((resolve) => redis.once('exit', resolve));
    t.after(async () => {
      redis.kill('SIGKILL');
      await exited;
    });
    const say = (line) =>
      new Promise((resolve, reject) => {
        const socket = net.connect(port, '127.0.0.1', () => socket.write(`${line}\r\n`));
        socket.on('error', reject).once('data', (bytes) => resolve(bytes.toString().trim()) || socket.destroy());
      });
    await eventually(() => say('PING').catch(() => null), 'Redis answers');
    assert.match(await say('PING'), /^-NOAUTH/);
    assert.equal(await say('AUTH a-password-of-this-test'), '+OK');
    const shown = readFileSync(`/proc/${redis.pid}/cmdline`, 'utf8');
    assert.match(shown, /redis-server/);
    assert.doesNotMatch(shown, /a-password/);
  });
}

// --- Settings ---

const SETTINGS = Object.fromEntries([
  ...[...filesBelow('conf', /\.yaml$/), ...filesBelow('deploy', /(^|\/)bpgate\.yaml$/)].map((file) => [file, () => textOf(file)]),
  ['the ConfigMap of deploy/kubernetes', () => manifest('ConfigMap').data['bpgate.yaml']],
]);

test('there are settings of every kind', () => {
  for (const file of ['conf/bpgate.yaml', 'conf/everything.yaml', 'conf/example-team.yaml', 'conf/generic.yaml', 'deploy/compose/bpgate.yaml', 'deploy/container/bpgate.yaml', 'deploy/debian/bpgate.yaml']) {
    assert.ok(file in SETTINGS, file);
  }
});

const SECRET = 'bp_pat_of_a_check_0123456789';

/** Everything that the text names, made: its files below a folder, its variables, its credentials. */
function makeReal(t, text) {
  const there = folder(t);
  const { cert, key } = certificate('valid');
  const authority = readFileSync(certificate('authority').certificateFile);
  const moved = text
    .replaceAll('/usr/share/bpgate/lua-filters', join(root, 'lua-filters'))
    .replace(/(?<=[ :])(\/etc\/bpgate|\/run\/secrets)(?=\/)/g, `${there}$1`);
  for (const [path] of moved.replace(/#.*$/gm, '').matchAll(new RegExp(`${there}[\\w./-]+`, 'g'))) {
    mkdirSync(dirname(path), { recursive: true });
    const kind = /ca\.pem$/.test(path) ? authority : /\.pem$/.test(path) ? cert : /\.key$/.test(path) ? key : `${SECRET}\n`;
    writeFileSync(path, kind, { mode: 0o600 });
  }
  const env = { CREDENTIALS_DIRECTORY: there };
  for (const [, name] of moved.matchAll(/cred:(\w+)/g)) writeFileSync(join(there, name), `${SECRET}\n`, { mode: 0o600 });
  for (const [, name] of moved.matchAll(/env:(\w+)/g)) env[name] = `bp_pat_of_a_check_${name}_0123456789`;
  const file = join(there, 'bpgate.yaml');
  writeFileSync(file, moved);
  return { file, env };
}

for (const [name, text] of Object.entries(SETTINGS)) {
  test(`bpgate check is content with ${name}`, async (t) => {
    const { file, env } = makeReal(t, text());
    const { code, stdout, stderr } = await command(['check', '--config', file], { env });
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^ok: /);
  });
}

for (const name of ['deploy/compose/bpgate.yaml', 'the ConfigMap of deploy/kubernetes']) {
  test(`with ${name} it serves: probes ask without the token, Prometheus with it, Redis has its password`, { skip: !has('redis-server') }, async (t) => {
    const redis = await startRedis(t, { password: SECRET });
    const here = SETTINGS[name]()
      .replace(/"\*:\d+"/g, '127.0.0.1:0')
      .replace(/redis:\/\/[\w-]+:6379/, redis.url.replace(/\/\/.*@/, '//'))
      .replace(/drain_delay: .*/, '');
    const { file, env } = makeReal(t, here);
    const gateway = spawn(binary, ['run', '--config', file], { env: { ...process.env, ...env }, stdio: ['ignore', 'ignore', 'pipe'] });
    const exited = new Promise((resolve) => gateway.once('exit', resolve));
    const events = [];
    createInterface(gateway.stderr).on('line', (line) => line.startsWith('{') && events.push(JSON.parse(line)));
    t.after(() => gateway.kill('SIGKILL'));
    const ready = await eventually(() => events.find(({ event }) => event === 'ready'), 'it is ready');
    const ask = (path, headers) => fetch(`http://${ready.admin}${path}`, { headers });
    assert.equal((await ask('/healthz')).status, 200);
    assert.equal((await ask('/readyz')).status, 200);
    assert.equal((await ask('/metrics')).status, 401);
    const text = async () => (await ask('/metrics', { authorization: `Bearer ${SECRET}` })).text();
    const workers = /^bpgate_workers (\d+)$/m.exec(await text())[1];
    await eventually(async () => new RegExp(`^bpgate_redis_up ${workers}$`, 'm').test(await text()), 'Redis is up');
    assert.equal((await fetch(`http://${ready.addresses[0]}/v1/chat/users`)).status, 401);
    gateway.kill('SIGTERM');
    assert.equal(await exited, 0);
  });
}

test('conf/everything.yaml turns on TLS, Redis and every feature', () => {
  const { listen, redis, ...rest } = objectOf('conf/everything.yaml');
  assert.ok(listen.some(({ tls }) => tls.client_ca) && listen.some(({ proxy_protocol: proxied }) => proxied));
  assert.match(redis.url, /^rediss:/);
  for (const name of ['admin', 'trusted_proxies', 'limits', 'auth_failures', 'cache', 'filters', 'filter_limits', 'cors', 'access_log', 'audit_log', 'drain_delay']) {
    assert.ok(name in rest, name);
  }
  assert.ok(rest.credentials[0].next_token && rest.keys[0].hashes[1].not_after && rest.keys[1].certificates);
});

// --- systemd ---

test('systemd finds nothing wrong with the units', { skip: !has('systemd-analyze') }, (t) => {
  const there = folder(t);
  mkdirSync(join(there, 'bin'));
  symlinkSync(binary, join(there, 'bin/bpgate'));
  writeFileSync(join(there, 'bpgate.service'), textOf('deploy/bpgate.service.in').replaceAll('@CMAKE_INSTALL_PREFIX@', there));
  writeFileSync(join(there, 'bpgate.socket'), textOf('deploy/bpgate.socket'));
  const verify = () => {
    const { stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', 'bpgate.service', 'bpgate.socket'], { cwd: there, encoding: 'utf8' });
    return stderr.split('\n').filter((line) => line.includes('bpgate')).join('\n');
  };
  assert.equal(verify(), '');
  writeFileSync(join(there, 'bpgate.service'), textOf('deploy/bpgate.service.in').replaceAll('@CMAKE_INSTALL_PREFIX@', '/nowhere'));
  assert.match(verify(), /bpgate/);
});
