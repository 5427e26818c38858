import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { exchange, TestAgent } from '../lib/agent.mjs';
import { assertClean, launch, open, picture, waitForLink } from '../lib/browser.mjs';
import { until } from '../lib/until.mjs';

let agent, browser, opened, page;

before(async () => {
  agent = await TestAgent.start();
  browser = await launch();
  opened = await open(browser);
  page = opened.page;
  await agent.record('exchange', [exchange({ URL: 'https://api.example.test/before' })]);
  await agent.record('logs', [{ Time: new Date().toISOString(), Level: 2, Category: 'main', Message: 'before' }]);
  await page.goto(`${agent.url}/app-network`);
  await waitForLink(page, 'live');
  await page.locator('hg-app-network .row:visible', { hasText: '/before' }).waitFor();
});

after(async () => {
  await browser?.close();
  await agent?.stop();
});

const banner = () => page.locator('.banner').textContent();
const opacity = (selector) => page.locator(selector).first().evaluate((el) => Number(getComputedStyle(el).opacity));

test('the panel tells of the agent', async () => {
  await page.locator('.conn').click();
  const facts = await page.locator('.conn-panel').textContent();
  assert.match(facts, /Round trip\d/);
  assert.match(facts, /Agent clock(same as here|\d)/);
  assert.match(facts, /Serverheliograph 0\.4\.0-test/);
  await page.keyboard.press('Escape');
});

test('an agent that stops without a word is called stalled, and values turn grey', async () => {
  agent.signal('SIGSTOP');
  await waitForLink(page, 'stalled');
  await until('the sentence', async () => /although the socket is open\. The agent does not answer over HTTP either/.test(await banner()));
  await until('the list to be grey', async () => (await opacity('hg-app-network .ptable')) < 0.6);
  await picture(page, 'app-stalled');
  agent.signal('SIGCONT');
  await waitForLink(page, 'live');
  await until('the list to be in colour', async () => (await opacity('hg-app-network .ptable')) === 1);
});

test('what came while a view was out of sight is there when it is back, once', async () => {
  await page.locator('.nav [data-view=app-logs]').click();
  await until('the log', async () => (await page.locator('hg-app-logs .line .text').allTextContents()).join() === 'before');
  await agent.record('exchange', [exchange({ URL: 'https://api.example.test/meanwhile' })]);
  await page.locator('.nav [data-view=app-network]').click();
  await until('both', async () => (await page.locator('hg-app-network .row:visible .n-path').allTextContents()).join() === '/before,/meanwhile');
  await agent.record('logs', [{ Time: new Date().toISOString(), Level: 2, Category: 'main', Message: 'meanwhile' }]);
  await page.locator('.nav [data-view=app-logs]').click();
  await until('both lines', async () => (await page.locator('hg-app-logs .line .text').allTextContents()).join() === 'before,meanwhile');
  assert.equal(await page.locator('hg-app-logs .line-note').count(), 0, 'nothing is said to be missing');
});

test('a lost agent is called lost; another in its place is noticed, and what it does not hold is marked', async () => {
  await agent.kill();
  await waitForLink(page, 'waiting');
  await until('the reason', async () => /Connection lost/.test(await banner()));
  await agent.restart();
  await agent.record('logs', [{ Time: new Date().toISOString(), Level: 2, Category: 'main', Message: 'anew' }]);
  await waitForLink(page, 'live');
  await until('the new entry', async () => (await page.locator('hg-app-logs .line .text').allTextContents()).at(-1) === 'anew');
  assert.match((await page.locator('hg-app-logs .line-note').allTextContents()).join(), /The connection was lost at .* may be missing here\. The agent was started anew\./);
  await agent.record('exchange', [exchange({ URL: 'https://api.example.test/after' })]);
  await page.locator('.nav [data-view=app-network]').click();
  await until('all three', async () => (await page.locator('hg-app-network .rows .row:visible .n-path').allTextContents()).join() === '/before,/meanwhile,/after');
  await until('the remark', async () => /exchanges may be missing here/.test(await page.locator('.net-note').textContent()));
  assert.deepEqual(await page.locator('hg-app-network .rows .row:visible').evaluateAll((rows) => rows.map((r) => r.hasAttribute('data-gone'))), [true, true, false]);
});

test('an application without profiler, sensors and Bluetooth says so', async () => {
  const bare = await TestAgent.start({ args: ['--bare'] });
  try {
    const other = await open(browser);
    await other.page.goto(`${bare.url}/app-profiler`);
    await until('no profiler', async () => /There is no profiler here/.test(await other.page.locator('hg-app-profiler .empty').textContent()));
    assert.equal(await other.page.getByRole('button', { name: 'Start' }).isVisible(), false);
    await other.page.locator('.nav [data-view=app-sensors]').click();
    await until('no sensors', async () => /no sensor that the agent can read/.test(await other.page.locator('hg-app-sensors .empty').textContent()));
    await other.page.locator('.nav [data-view=app-bluetooth]').click();
    await until('no adapter', async () => /no adapter/.test(await other.page.locator('hg-app-bluetooth .sub').textContent()));
    assert.equal(await other.page.getByRole('switch', { name: 'Scan' }).isDisabled(), true);
    assertClean(other, bare.url);
  } finally {
    await bare.stop();
  }
});

test('nothing but the broken connections was complained of', () => {
  assertClean(opened, agent.url, /ERR_CONNECTION_REFUSED|WebSocket connection to|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|ERR_SOCKET_NOT_CONNECTED/);
});
