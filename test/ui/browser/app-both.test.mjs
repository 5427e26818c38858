import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { TestAgent } from '../lib/agent.mjs';
import { both } from '../lib/both.mjs';
import { assertClean, launch, open, picture, waitForLink } from '../lib/browser.mjs';
import { Server } from '../lib/server.mjs';
import { until } from '../lib/until.mjs';

let device, agent, server, browser;

before(async () => {
  [device, agent, browser] = await Promise.all([Server.start(), TestAgent.start(), launch()]);
  server = await both(device.url, agent.url);
});

after(async () => {
  await browser?.close();
  server?.stop();
  await Promise.all([device?.stop(), agent?.stop()]);
});

test('device and application stand side by side, each with its keys and its connection', async () => {
  const opened = await open(browser);
  const { page } = opened;
  await page.goto(server.url);
  await waitForLink(page, 'live');
  await page.locator('hg-overview:visible').waitFor();
  assert.deepEqual(await page.locator('.nav-title').allTextContents(), ['Device', 'App']);
  assert.equal(await page.locator('hg-app-bar').isVisible(), false);
  assert.deepEqual(opened.frames.filter((f) => f.url.includes('/ws/v1/') && !f.url.includes('/v1/ws')), [], 'the agent is not asked for what nobody looks at');

  await page.keyboard.press('g');
  await page.keyboard.press('N');
  await page.locator('hg-app-network:visible').waitFor();
  await until('the bar', async () => /orders.*running for/.test(await page.locator('hg-app-bar').textContent()));
  assert.equal(await page.title(), 'Network · orders');
  await page.keyboard.press('g');
  await page.keyboard.press('p');
  await page.locator('hg-processes:visible').waitFor();
  assert.notEqual(await page.title(), 'Network · orders');
  await page.locator('.nav-title', { hasText: 'App' }).click();
  await page.locator('hg-app-network:visible').waitFor();
  await picture(page, 'both-desktop');
  await page.keyboard.press('?');
  const help = await page.locator('dialog[open]').textContent();
  for (const word of ['Go to, device', 'Go to, app']) assert.ok(help.includes(word), word);
  await page.keyboard.press('Escape');

  await agent.kill();
  await waitForLink(page, 'waiting');
  await page.locator('.nav-title', { hasText: 'Device' }).click();
  await page.locator('hg-processes:visible').waitFor();
  await waitForLink(page, 'live');
  await until('no banner', async () => !(await page.locator('.banner').isVisible()));
  await agent.restart();
  await page.locator('.nav-title', { hasText: 'App' }).click();
  await waitForLink(page, 'live');
  assertClean(opened, server.url, /ERR_|WebSocket connection to|status of 50\d/);
});

test('on a phone the row at the bottom has one part, and the way to the other', async () => {
  const opened = await open(browser, { viewport: { width: 380, height: 780 }, isMobile: true, hasTouch: true });
  const { page } = opened;
  await page.goto(`${server.url}/app-events`);
  await waitForLink(page, 'live');
  const shown = () => page.locator('.nav a:visible, .nav-title:visible').allInnerTexts();
  assert.deepEqual(await shown(), ['Device', 'Logs', 'Network', 'Profiler', 'UI events', 'Sensors', 'Bluetooth']);
  await picture(page, 'both-phone');
  await page.locator('.nav-title:visible').tap();
  await page.locator('hg-overview:visible').waitFor();
  assert.deepEqual((await shown()).filter((t) => ['App', 'Device', 'Network', 'Overview'].includes(t)), ['Overview', 'App']);
  assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= 380);
  await page.locator('.nav-title:visible').tap();
  await page.locator('hg-app-events:visible').waitFor();
  assertClean(opened, server.url);
});
