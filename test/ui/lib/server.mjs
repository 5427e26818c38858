// Starts the real binary, named by HELIOGRAPH_BIN, with a state directory of its own. HELIOGRAPH_UI_DIR makes it serve
// the UI from that directory, so that an edit is tested without a build.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm, chown } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { until } from './until.mjs';

/** A running server. */
export class Server {
  /** @param {{args?: string[], uid?: number}} [options] */
  static async start(options = {}) {
    const bin = process.env.HELIOGRAPH_BIN;
    if (!bin) throw new Error('HELIOGRAPH_BIN must name the binary to test');
    const server = new Server();
    server.bin = bin;
    server.options = options;
    server.dir = await mkdtemp(join(tmpdir(), 'heliograph-ui-'));
    await chmod(server.dir, 0o755);
    if (options.uid) await chown(server.dir, options.uid, options.uid);
    await server.run('127.0.0.1:0');
    return server;
  }

  /** @param {string} listen */
  async run(listen) {
    const { args = [], uid } = this.options;
    const ui = process.env.HELIOGRAPH_UI_DIR ? ['--ui-dir', process.env.HELIOGRAPH_UI_DIR] : [];
    const child = spawn(this.bin, ['serve', '--listen', listen, '--state-dir', join(this.dir, 'state'), '--log-level', 'warn', ...ui, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'], ...(uid ? { uid, gid: uid } : {}),
      env: { ...process.env, HOME: this.dir, SHELL: '/bin/bash', PS1: '$ ' },
    });
    this.child = child;
    this.errors = '';
    child.stderr.on('data', (data) => (this.errors += data));
    this.lines = [];
    createInterface({ input: child.stdout }).on('line', (line) => this.lines.push(line));
    await until('the server to listen', () => {
      if (child.exitCode !== null) throw new Error(`the server ended: ${this.errors}`);
      return this.lines.some((l) => l.startsWith('listening on '));
    });
    this.url = this.lines.find((l) => l.startsWith('listening on ')).slice('listening on '.length).replace(/\/$/, '');
    this.port = new URL(this.url).port;
  }

  /** The token of the first start. */
  async token() {
    return until('the token to be printed', () => /#token=(\S+)/.exec(this.lines.join('\n'))?.[1]);
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

  /** Starts again on the same port. */
  async restart() {
    await this.run(`127.0.0.1:${this.port}`);
  }

  /** @param {string} path @param {RequestInit} [init] */
  fetch(path, init) {
    return fetch(this.url + path, init);
  }

  async stop() {
    await this.kill();
    await rm(this.dir, { recursive: true, force: true });
  }
}
