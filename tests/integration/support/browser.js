// browser.js - a headless Chromium, spoken to through pipes (the DevTools protocol), if there is one here.

import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { within } from './deadline.js';

const FLAGS = [
  '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage', '--remote-debugging-pipe',
];

/** Its program, or undefined. */
export function chromium() {
  for (const name of ['chromium', 'chromium-browser', 'google-chrome']) {
    try {
      return execFileSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim();
    } catch {
      // the next one
    }
  }
  return undefined;
}

class Browser {
  #next = 1;
  #waiting = new Map();
  #text = '';
  complaints = [];

  constructor(program, folder) {
    this.process = spawn(program, [...FLAGS, `--user-data-dir=${folder}`], { detached: true, stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] });
    this.process.stdio[4].on('data', (bytes) => this.#take(bytes.toString()));
    this.exited = new Promise((resolve) => this.process.once('exit', resolve));
  }

  #take(text) {
    const messages = (this.#text + text).split('\0');
    this.#text = messages.pop();
    for (const message of messages.map(JSON.parse)) {
      if (message.id) this.#waiting.get(message.id)?.(message);
      else this.#hear(message);
    }
  }

  #hear({ method, params }) {
    if (method === 'Runtime.exceptionThrown') this.complaints.push(JSON.stringify(params.exceptionDetails));
    if (method === 'Log.entryAdded' && params.entry.level === 'error') this.complaints.push(params.entry.text);
    if (method === 'Runtime.consoleAPICalled' && params.type === 'error') this.complaints.push(JSON.stringify(params.args));
  }

  async send(method, params = {}) {
    const id = this.#next++;
    const answer = new Promise((resolve) => this.#waiting.set(id, resolve));
    this.process.stdio[3].write(`${JSON.stringify({ id, method, params, sessionId: this.session })}\0`);
    const { result, error } = await within(answer, method);
    if (error) throw new Error(`${method}: ${error.message}`);
    return result;
  }

  async open(url) {
    const { targetId } = await this.send('Target.createTarget', { url: 'about:blank' });
    const { sessionId } = await this.send('Target.attachToTarget', { targetId, flatten: true });
    this.session = sessionId;
    for (const domain of ['Page', 'Runtime', 'Log']) await this.send(`${domain}.enable`);
    await this.send('Page.navigate', { url });
  }

  async run(expression) {
    const { result, exceptionDetails } = await this.send('Runtime.evaluate', { expression, returnByValue: true, awaitPromise: true });
    if (exceptionDetails) throw new Error(JSON.stringify(exceptionDetails));
    return result.value;
  }

  text(id) {
    return this.run(`document.getElementById(${JSON.stringify(id)})?.innerText`);
  }

  async look({ width, height, scheme }) {
    await this.send('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: width < 600 });
    await this.send('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: scheme }] });
  }

  async picture() {
    const { data } = await this.send('Page.captureScreenshot', { captureBeyondViewport: true });
    return Buffer.from(data, 'base64');
  }
}

export async function startBrowser(t) {
  const folder = mkdtempSync(join(tmpdir(), 'bpgate-browser-'));
  const browser = new Browser(chromium(), folder);
  t.after(async () => {
    process.kill(-browser.process.pid, 'SIGKILL'); // its helpers too, which write into the folder
    await browser.exited;
    rmSync(folder, { recursive: true, force: true, maxRetries: 20 });
  });
  return browser;
}
