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
  await page.goto(server.url);
  await waitForLink(page, 'live');
  await page.locator('.card-cpu .age[data-fresh=yes]').waitFor();
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

const banner = () => page.locator('.banner').textContent();
const opacity = (selector) => page.locator(selector).first().evaluate((el) => Number(getComputedStyle(el).opacity));

test('the panel tells what is measured', async () => {
  await page.locator('.conn').click();
  const facts = await page.locator('.conn-panel').textContent();
  assert.match(facts, /Round trip\d/);
  assert.match(facts, /Last message(< 1|\d+) s ago/);
  assert.match(facts, /You are.*may.*console/);
  await picture(page, 'connection-panel');
  await page.keyboard.press('Escape');
  assert.equal(await page.locator('.conn-panel').isVisible(), false);
});

test('a server that stops without a word is called stalled, though the socket is open', async () => {
  server.signal('SIGSTOP');
  await waitForLink(page, 'stalled');
  await until('the sentence', async () => /although the socket is open/.test(await banner()));
  await until('HTTP to be tried', async () => /does not answer over HTTP either/.test(await banner()));
  await until('the card to be called stale', async () => /^stale: \d+ s old$/.test(await page.locator('.card-cpu .age').textContent()));
  await until('the value to be grey', async () => (await opacity('.card-cpu .value')) < 0.6);
  await picture(page, 'connection-stalled');
  server.signal('SIGCONT');
  await waitForLink(page, 'live');
  await until('the banner to go', async () => !(await page.locator('.banner').isVisible()));
  await until('the value to be in colour', async () => (await opacity('.card-cpu .value')) === 1);
});

test('a killed server is called lost, with a countdown', async () => {
  await server.kill();
  await waitForLink(page, 'waiting');
  await until('the reason', async () => /Connection lost: the device does not answer/.test(await banner()));
  const left = async () => Number(/in (\d+) s/.exec(await page.locator('.conn-detail').textContent())?.[1] ?? NaN);
  const seen = new Set();
  await until('the countdown to run', async () => {
    seen.add(await left());
    return [...seen].filter((n) => n > 0).length >= 2;
  });
  await until('the value to be grey', async () => (await opacity('.card-cpu .value')) < 0.6);
  await picture(page, 'connection-lost');
});

test('a server that is back is found, and the time between stays a hole', async () => {
  await server.restart();
  await page.locator('.banner button').click();
  await waitForLink(page, 'live');
  await page.locator('.card-cpu .age[data-fresh=yes]').waitFor();
  await until('the banner to go', async () => !(await page.locator('.banner').isVisible()));
  await picture(page, 'connection-back');
});

test('a server that says goodbye is quoted', async () => {
  server.signal('SIGTERM');
  await waitForLink(page, 'waiting');
  await until('the server to be down', () => server.child.exitCode !== null);
});

test('nothing but the broken connections was complained of', () => {
  assertClean(opened, server.url, /ERR_CONNECTION_REFUSED|WebSocket connection to|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|ERR_SOCKET_NOT_CONNECTED/);
});
