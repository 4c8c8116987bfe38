// README.md: the messages of its troubleshooting are ones that the gateway says, its links lead somewhere,
// and its settings are good.

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { command, newKey, root, writeConfiguration } from './support/gateway.js';

const readme = readFileSync(join(root, 'README.md'), 'utf8');

/** All texts of the sources, as the compiler joins them. */
function textsOfSources() {
  const sources = readdirSync(join(root, 'src'), { recursive: true }).filter((name) => /\.[ch]$/.test(name));
  const whole = sources.map((name) => readFileSync(join(root, 'src', name), 'utf8')).join('\n');
  return whole
    .replaceAll('" CONFIG_DEFAULT_PATH', '/etc/bpgate/bpgate.yaml"')
    .replaceAll('CONFIG_DEFAULT_PATH', '"/etc/bpgate/bpgate.yaml"')
    .replace(/"\s*\\?\s*\n\s*"/g, '');
}

test('each message of the troubleshooting stands in the sources', () => {
  const texts = textsOfSources();
  const table = readme.slice(readme.indexOf('## Troubleshooting'), readme.indexOf('## What is not there yet'));
  const messages = [...table.matchAll(/^\| (?:\d+ )?`([^`]+)`/gm)].map(([, message]) => message);
  assert.ok(messages.length > 20, `${messages.length} messages`);
  for (const message of messages) {
    // What is put in stands between; so may the words that say why.
    for (const part of message.split(/…|(?<=reached:|with)/).map((text) => text.trim())) {
      assert.ok(texts.includes(part), `"${part}"`);
    }
  }
});

test('each link leads to a file', () => {
  const targets = [...readme.matchAll(/\]\(([^)#]+)\)/g)].map(([, target]) => target);
  assert.ok(targets.length >= 4);
  for (const target of targets) assert.ok(existsSync(join(root, target)), target);
});

test('the settings file is good, once it has the hash of a key', async (t) => {
  const { entry } = await newKey();
  const [, yaml] = readme.match(/```yaml\n(credentials:[^]*?)```/);
  const file = writeConfiguration(t, yaml.replace('sha256: ...', `sha256: "${entry.hashes[0].sha256}"`));
  const env = { BOTPRESS_TOKEN: 'bp_pat_of_the_readme_0123456789' };
  const { code, stderr } = await command(['check', '--config', file], { env });
  assert.equal(code, 0, stderr);
});
