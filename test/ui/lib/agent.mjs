// Starts the test agent: the product from the recorder on, fed over HTTP. It is built from ./agent when it is first wanted.

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { until } from './until.mjs';

const here = dirname(fileURLToPath(import.meta.url));

/** A running agent. */
export class TestAgent {
  /** @param {{args?: string[]}} [options] */
  static async start({ args = [] } = {}) {
    const agent = new TestAgent();
    agent.args = args;
    agent.dir = await mkdtemp(join(tmpdir(), 'heliograph-agent-'));
    agent.bin = process.env.HELIOGRAPH_TEST_AGENT ?? join(agent.dir, 'agent');
    if (!process.env.HELIOGRAPH_TEST_AGENT) await promisify(execFile)('go', ['build', '-o', agent.bin, './agent'], { cwd: join(here, '..') });
    await agent.run('127.0.0.1:0');
    return agent;
  }

  /** @param {string} listen */
  async run(listen) {
    const ui = process.env.HELIOGRAPH_UI_DIR ? ['--ui-dir', process.env.HELIOGRAPH_UI_DIR] : [];
    const child = spawn(this.bin, ['--listen', listen, ...ui, ...this.args], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.child = child;
    this.errors = '';
    child.stderr.on('data', (data) => (this.errors += data));
    const lines = [];
    createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
    const said = (what) => lines.find((l) => l.startsWith(what))?.slice(what.length).trim().replace(/\/$/, '');
    await until('the agent to listen', () => {
      if (child.exitCode !== null) throw new Error(`the agent ended: ${this.errors}`);
      return said('listening on ');
    });
    this.url = said('listening on ');
    this.control = said('control ');
    this.port = new URL(this.url).port;
  }

  /** @param {string} what @param {unknown[]} [items] of the recorder */
  async record(what, items = []) {
    const answer = await fetch(`${this.control}/${what}`, { method: 'POST', body: JSON.stringify(items) });
    if (!answer.ok) throw new Error(`${what}: ${await answer.text()}`);
  }

  /** @param {string} path @param {RequestInit} [init] */
  fetch(path, init) {
    return fetch(this.url + path, init);
  }

  /** @param {NodeJS.Signals} signal */
  signal(signal) {
    this.child.kill(signal);
  }

  async kill() {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = once(this.child, 'exit');
    this.child.kill('SIGCONT');
    this.child.kill('SIGKILL');
    await ended;
  }

  /** Starts again on the same port, as another process with nothing recorded. */
  async restart() {
    await this.run(`127.0.0.1:${this.port}`);
  }

  async stop() {
    await this.kill();
    await rm(this.dir, { recursive: true, force: true });
  }
}

let number = 0;

/** An exchange as the recorder takes it. @param {Record<string, any>} [more] */
export function exchange({ start = new Date(), ms = 40, body = '', type = 'application/json', ...more } = {}) {
  number++;
  return {
    Start: start.toISOString(), Method: 'GET', URL: `https://api.example.test/v2/orders/${number}?page=1`, Status: 200, StatusText: 'OK',
    Duration: ms * 1e6, RequestType: '', ResponseType: type, RequestSize: 0, ResponseSize: body.length,
    RequestHeader: { Accept: ['application/json', 'text/plain'], Authorization: ['***'] }, ResponseHeader: { 'Content-Type': [type], 'Set-Cookie': ['a=***', 'b=***'] },
    ResponseBody: { Data: Buffer.from(body).toString('base64'), Truncated: false }, ...more,
  };
}
