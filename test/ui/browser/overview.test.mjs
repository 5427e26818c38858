import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { cpus, hostname, totalmem } from 'node:os';
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
  await page.goto(server.url);
  await waitForLink(page, 'live');
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

const text = (selector) => page.locator(selector).first().textContent();

test('the machine is named and the link is live with a measured ping', async () => {
  await until('the host name', async () => (await text('.host-name')) === hostname());
  const release = await readFile('/etc/os-release', 'utf8');
  assert.equal(await text('.host-os'), /^PRETTY_NAME="?([^"\n]*)/m.exec(release)?.[1]);
  await until('a ping', async () => /^\d+(\.\d+)? ms$/.test(await text('.conn-detail')));
});

test('values are those of this machine and change', async () => {
  const cpu = '.card-cpu .value';
  await until('a share of the processor', async () => /^\d+\.\d %$/.test(await text(cpu)));
  assert.equal(await page.locator('.core').count(), cpus().length);
  const seen = new Set();
  await until('the share to change', async () => seen.add(await text(cpu)).size > 1);
  const gib = (totalmem() / 2 ** 30).toPrecision(3);
  assert.match(await text('.card-memory .extra'), new RegExp(`^of ${gib.replace('.', '\\.')} GiB`));
  assert.ok((await page.locator('.disks li').count()) > 0);
});

test('samples are fresh, and each card says how old it is', async () => {
  await until('every card to be fresh', async () => {
    const states = await page.locator('.card:visible .age').evaluateAll((els) => els.map((el) => el.dataset.fresh));
    return states.length >= 3 && states.every((s) => s === 'yes');
  });
});

test('charts draw', async () => {
  const ink = () => page.locator('.card-cpu canvas').evaluate((canvas) => {
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    let n = 0;
    for (let i = 3; i < data.length; i += 4) if (data[i] > 0) n++;
    return n;
  });
  assert.ok((await ink()) > 500);
  await page.getByText('15 min', { exact: true }).click();
  await until('the other window to be drawn', async () => (await page.locator('input[name=window]').nth(2).isChecked()) && (await ink()) > 500);
  await page.getByText('1 min', { exact: true }).click();
});

test('cards of things that are not here are not shown', async () => {
  const sample = await firstSample();
  assert.equal(await page.locator('.card-gpu').isVisible(), sample.gpu !== undefined);
  assert.equal(await page.locator('.card-power').isVisible(), sample.power !== undefined || sample.cpu.throttle !== undefined);
});

async function firstSample() {
  return JSON.parse(opened.frames.find((f) => f.dir === 'received' && f.data.includes('"device.telemetry"')).data).payload;
}

test('leaving the view ends its subscription, coming back begins it again', async () => {
  const sent = (cmd) => opened.frames.filter((f) => f.dir === 'sent' && JSON.parse(f.data).cmd === cmd);
  const before = sent('device.telemetry').length;
  await page.keyboard.press('g');
  await page.keyboard.press('h');
  await until('the channel to be closed', () => sent('channel.close').some((f) => JSON.parse(f.data).payload.cmd === 'device.telemetry'));
  await until('the server to say so', () => opened.frames.some((f) => f.dir === 'received' && f.data.includes('channel.closed') && f.data.includes('device.telemetry')));
  const after = opened.frames.length;
  await until('two heartbeats', () => opened.frames.slice(after).filter((f) => f.data.includes('"heartbeat"')).length >= 2);
  assert.equal(opened.frames.slice(after).filter((f) => f.dir === 'received' && f.data.includes('"device.telemetry"')).length, 0, 'samples nobody sees');
  await page.keyboard.press('g');
  await page.keyboard.press('o');
  await until('the channel to be asked for again', () => sent('device.telemetry').length > before);
});

test('a hidden page wants nothing', async () => {
  const hide = (hidden) => page.evaluate((h) => {
    Object.defineProperty(document, 'hidden', { configurable: true, get: () => h });
    document.dispatchEvent(new Event('visibilitychange'));
  }, hidden);
  await hide(true);
  await waitForLink(page, 'paused');
  const open = new Set();
  for (const f of opened.frames.filter((f) => f.dir === 'sent')) {
    const m = JSON.parse(f.data);
    if (m.cmd === 'channel.close') open.delete(m.payload.cmd);
    else open.add(m.cmd);
  }
  assert.deepEqual([...open], []);
  await hide(false);
  await waitForLink(page, 'live');
  await until('fresh values', async () => (await page.locator('.card-cpu .age').getAttribute('data-fresh')) === 'yes');
});

test('nothing went wrong meanwhile', async () => {
  await picture(page, 'overview-live');
  assertClean(opened, server.url, /willReadFrequently/); // the test reads the canvas
});
