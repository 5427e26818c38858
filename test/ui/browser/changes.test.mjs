import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertClean, launch, open, picture, waitForLink } from '../lib/browser.mjs';
import { Server } from '../lib/server.mjs';
import { until } from '../lib/until.mjs';

let server, browser, opened, page;

before(async () => {
  server = await Server.start();
  browser = await launch();
  opened = await open(browser);
  page = opened.page;
  await page.goto(`${server.url}/changes`);
  await waitForLink(page, 'live');
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

const rows = () => page.locator('table.changes tbody tr:not(.remark)');
const change = async (method, path, id, body) => {
  const response = await server.fetch(path, { method, headers: { 'content-type': 'application/json', 'x-request-id': id }, body });
  assert.ok(response.ok, `${method} ${path}: ${response.status}`);
  return response.status === 204 ? undefined : response.json();
};

test('a change made by somebody else is listed at once, newest first', async () => {
  await page.getByText('No change since this page connected.').waitFor();
  const session = await change('POST', '/v1/console/sessions', 'ui-test-1', '{}');
  await until('the first row', async () => (await rows().count()) === 1);
  const first = await rows().first().textContent();
  assert.match(first, /create/);
  assert.match(first, /\/v1\/console\/sessions/);
  assert.match(first, /HTTP POST/);
  assert.match(first, /ui-test-1/);
  await change('DELETE', `/v1/console/sessions/${session.session_id}`, 'ui-test-2');
  await until('the second row', async () => (await rows().count()) === 2);
  assert.match(await rows().first().textContent(), /delete.*ui-test-2/s);
  const seqs = await page.locator('table.changes tbody tr td:last-child').allTextContents();
  assert.equal(Number(seqs[0]), Number(seqs[1]) + 1);
});

test('the filter narrows the list', async () => {
  await page.keyboard.press('/');
  await page.keyboard.type('ui-test-1');
  await until('one row', async () => (await rows().count()) === 1);
  await page.locator('hg-changes input').fill('');
});

test('changes missed while hidden are counted', async () => {
  const hide = (hidden) => page.evaluate((h) => {
    Object.defineProperty(document, 'hidden', { configurable: true, get: () => h });
    document.dispatchEvent(new Event('visibilitychange'));
  }, hidden);
  await hide(true);
  await waitForLink(page, 'paused');
  await until('the server to have closed the channel', () => opened.frames.some((f) => f.dir === 'received' && f.data.includes('channel.closed') && f.data.includes('updates.stream')));
  const session = await change('POST', '/v1/console/sessions', 'ui-test-3', '{}');
  await hide(false);
  await waitForLink(page, 'live');
  await change('DELETE', `/v1/console/sessions/${session.session_id}`, 'ui-test-4');
  await until('the gap to be told', async () => (await page.locator('tr.remark').allTextContents()).some((t) => t.includes('1 earlier change was missed')));
});

test('a restart of the server is told', async () => {
  await server.kill();
  await waitForLink(page, 'waiting');
  await server.restart();
  await waitForLink(page, 'live');
  await change('POST', '/v1/console/sessions', 'ui-test-5', '{}');
  await until('the row', async () => (await rows().first().textContent()).includes('ui-test-5'));
  await until('the remark', async () => (await page.locator('tr.remark').allTextContents()).some((t) => t.includes('the page was away')));
  await picture(page, 'changes-live');
});

test('nothing went wrong meanwhile', () => {
  assertClean(opened, server.url, /ERR_CONNECTION_REFUSED|WebSocket connection to|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE/);
});
