// Programs that know nothing of heliograph, run under it, shown in a browser.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { assertClean, launch, open, picture, waitForLink } from '../lib/browser.mjs';
import { shop } from '../lib/tls.mjs';
import { until } from '../lib/until.mjs';

const APPS = join(dirname(fileURLToPath(import.meta.url)), '..', 'apps');
let browser, server;

before(async () => {
  [browser, server] = await Promise.all([launch(), shop()]);
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

/** Runs a program under heliograph. */
async function run(...command) {
  const ui = process.env.HELIOGRAPH_UI_DIR ? ['--ui-dir', process.env.HELIOGRAPH_UI_DIR] : [];
  const child = spawn(process.env.HELIOGRAPH_BIN, ['run', '--listen', '127.0.0.1:0', '--upstream-ca', server.ca, ...ui, '--', ...command], { stdio: ['ignore', 'pipe', 'pipe'] });
  let errors = '';
  child.stderr.on('data', (data) => (errors += data));
  const lines = [];
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  const url = await until('the address', () => {
    if (child.exitCode !== null) throw new Error(`heliograph ended: ${errors}`);
    return lines.find((l) => l.startsWith('listening on '))?.slice('listening on '.length).replace(/\/$/, '');
  });
  return { child, url, stop: async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGTERM');
    await once(child, 'exit');
  } };
}

test('node app.mjs: logs, HTTPS with bodies, profiler and lifecycle', async (t) => {
  const app = await run('node', join(APPS, 'app.mjs'), server.url);
  t.after(() => app.stop());
  const opened = await open(browser);
  const { page } = opened;
  await page.goto(app.url);
  await waitForLink(page, 'live');
  await page.locator('hg-app-logs:visible').waitFor();
  const line = (text) => page.locator('hg-app-logs .line', { hasText: text }).first();
  await line('round 1').waitFor();
  await line('low stock of A-1').waitFor();
  assert.equal(await line('low stock of A-1').getAttribute('data-level'), 'warn', 'the level of a JSON line');
  assert.match(await page.locator('hg-app-bar').textContent(), /^app\.mjsrunning for \d+ slinux · node · pid \d+/);
  await picture(page, 'run-node-logs');

  await page.locator('.nav [data-view=app-network]').click();
  const row = (method, status) => page.locator('hg-app-network .rows .row:visible').filter({ hasText: method }).filter({ has: page.locator('.n-status', { hasText: status }) }).first();
  for (const [method, status] of [['GET', '200'], ['POST', '201'], ['GET', '404']]) await row(method, status).waitFor();
  await row('POST', '201').click();
  await page.getByRole('tab', { name: 'Request' }).click();
  await until('the body that was sent', async () => /"sku": "A-1"/.test(await page.locator('.detail-body').innerText()));
  await page.getByRole('tab', { name: 'Response' }).click();
  await until('the body that came back', async () => /"id": "A-77"/.test(await page.locator('.detail-body').innerText()));
  assert.equal(/s3cret/.test(await page.locator('.exchange').innerText()), false);
  await row('GET', '200').click();
  await page.getByRole('tab', { name: 'Request' }).click();
  await until('the headers', async () => /authorization/i.test(await page.locator('.detail-body').innerText()));
  assert.equal(/s3cret/.test(await page.locator('hg-app-network').innerText()), false, 'secrets are taken out');
  assert.ok((await page.locator('.redacted').count()) > 0, 'and that is marked');
  await picture(page, 'run-node-network');
  const waiting = page.waitForEvent('download');
  await page.getByRole('link', { name: 'HAR' }).click();
  const har = JSON.parse(await readFile(await (await waiting).path(), 'utf8'));
  assert.ok(har.log.entries.some((e) => e.request.method === 'POST' && e.response.content.text === '{"id":"A-77"}'));

  await page.locator('.nav [data-view=app-profiler]').click();
  await page.getByLabel('Sampling interval').selectOption('100');
  await page.getByRole('button', { name: 'Start' }).click();
  await until('samples', async () => /\d{2,} samples, every 100 ms/.test(await page.locator('hg-app-profiler .sub').innerText()));
  for (const card of ['CPU', 'Memory', 'Threads']) await page.locator('.prof-card:visible', { hasText: card }).waitFor();
  assert.match(await page.locator('.prof-card', { hasText: 'Memory' }).locator('.value').textContent(), /^\d+(\.\d+)? MiB$/);
  await picture(page, 'run-node-profiler');

  const { app: about } = await (await fetch(`${app.url}/api/v1/agent/status`)).json();
  await page.locator('.nav [data-view=app-events]').click();
  await page.locator('hg-app-events .line', { hasText: 'lifecycle' }).waitFor();
  process.kill(about.processId, 'SIGSTOP');
  await until('the pause', async () => /paused for/.test(await page.locator('hg-app-bar').textContent()));
  process.kill(about.processId, 'SIGCONT');
  await until('the resumption', async () => /running for/.test(await page.locator('hg-app-bar').textContent()));
  await until('the events', async () => (await page.locator('hg-app-events .line .text').allTextContents()).slice(-2).join() === 'paused,resumed');
  assertClean(opened, app.url);
});

test('python3 app.py: logs with levels, HTTPS with bodies, and the end of the program', async (t) => {
  const app = await run('python3', join(APPS, 'app.py'), server.url);
  t.after(() => app.stop());
  const opened = await open(browser);
  const { page } = opened;
  await page.goto(app.url);
  await waitForLink(page, 'live');
  const line = (text) => page.locator('hg-app-logs .line', { hasText: text }).first();
  await line('round 1').waitFor();
  await line('low stock of A-1').waitFor();
  assert.equal(await line('low stock of A-1').getAttribute('data-level'), 'warn');
  assert.equal(await line('missing: 404').getAttribute('data-level'), 'err');
  await page.locator('.nav [data-view=app-network]').click();
  await page.locator('hg-app-network .rows .row:visible', { hasText: '/orders' }).first().click();
  await page.getByRole('tab', { name: 'Response' }).click();
  await until('the body', async () => /"sku": "A-1"/.test(await page.locator('.detail-body').innerText()));
  await app.stop();
  await waitForLink(page, 'waiting');
  assertClean(opened, app.url, /ERR_CONNECTION_REFUSED|WebSocket connection to|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE/);
});
