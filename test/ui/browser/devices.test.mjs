import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertClean, launch, open, waitForLink } from '../lib/browser.mjs';
import { Server } from '../lib/server.mjs';
import { until } from '../lib/until.mjs';

let server, browser, opened, page;

before(async () => {
  server = await Server.start();
  browser = await launch();
  opened = await open(browser);
  page = opened.page;
  await page.goto(`${server.url}/devices`);
  await waitForLink(page, 'live');
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

test('the list is that of the device, and fresh', async () => {
  const { usb } = await (await server.fetch('/v1/peripherals')).json();
  await until('the number of devices', async () => (await page.locator('hg-devices .summary').textContent()) === `${usb.length} USB ${usb.length === 1 ? 'device' : 'devices'}`);
  assert.equal(await page.getByText('No USB device is attached.').isVisible(), usb.length === 0);
  await until('it to be fresh', async () => (await page.locator('hg-devices .age').getAttribute('data-fresh')) === 'yes');
});

test('a change told by the channel makes it read again', async () => {
  const reads = [];
  page.on('request', (r) => r.url().endsWith('/v1/peripherals') && reads.push(r));
  await until('the channel to be ready', () => opened.frames.some((f) => f.dir === 'received' && f.data.includes('"devices.updates"')));
  await server.fetch('/v1/console/sessions', { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } });
  await until('the reason', async () => /last change at \d\d:\d\d:\d\d: api/.test(await page.locator('hg-devices').textContent()));
  await until('another reading', () => reads.length > 0);
});

// What the tree does with devices that come and go is tested in unit/inventory.test.mjs: plugging one in needs a machine with USB.
test('devices that come and go are marked', async () => {
  const lists = [
    [usb('046d:0825@1-1.2', 'Example webcam', [{ code: 'usb_speed_low', message: 'slower than it could be' }])],
    [usb('046d:0825@1-1.2', 'Example webcam'), usb('303a:1001@1-1.4', 'Serial board')],
    [usb('303a:1001@1-1.4', 'Serial board')],
  ];
  let at = 0;
  await page.route('**/v1/peripherals', async (route) => {
    const answer = await (await route.fetch()).json();
    await route.fulfill({ json: { ...answer, usb: lists[Math.min(at, lists.length - 1)] } });
  });
  await page.reload();
  await page.getByText('slower than it could be').waitFor();
  assert.equal(await page.locator('.node[data-state]').count(), 0, 'what was there from the start is not new');
  at = 1;
  await page.locator('.node[data-state=new]', { hasText: 'Serial board' }).waitFor();
  at = 2;
  await page.locator('.node[data-state=gone]', { hasText: 'Example webcam' }).waitFor();
  await page.unroute('**/v1/peripherals');
});

function usb(id, description, warnings = []) {
  return { id, kind: 'usb', description, present: true, warnings };
}

test('nothing went wrong meanwhile', () => assertClean(opened, server.url));
