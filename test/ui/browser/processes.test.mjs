import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { assertClean, launch, open, picture } from '../lib/browser.mjs';
import { Server } from '../lib/server.mjs';
import { until } from '../lib/until.mjs';

let server, browser, opened, page;
const children = [];

before(async () => {
  server = await Server.start();
  browser = await launch();
  opened = await open(browser);
  page = opened.page;
  await page.goto(`${server.url}/processes`);
  await page.waitForSelector('hg-processes .rows .row');
});

after(async () => {
  for (const child of children) child.kill('SIGKILL');
  await browser?.close();
  await server?.stop();
});

const rows = () => page.locator('hg-processes .rows .row:visible');
const column = (name) => page.locator(`hg-processes .rows .row:visible .${name}`).allTextContents();

function start(marker) {
  const child = spawn('/bin/sh', ['-c', `: ${marker}; read x`], { stdio: ['pipe', 'ignore', 'ignore'] });
  children.push(child);
  return child;
}

test('a process appears, is found by its command, and goes', async () => {
  const marker = `heliograph-ui-marker-${process.pid}`;
  const child = start(marker);
  await page.keyboard.press('/');
  await page.keyboard.type(marker);
  await until('the process to be listed', async () => (await column('c-pid')).includes(String(child.pid)));
  assert.equal(await rows().count(), 1);
  assert.ok(page.url().includes(encodeURIComponent(marker)), 'the filter is in the address');
  await rows().first().click();
  await page.waitForSelector('.detail:visible');
  assert.ok((await page.locator('.detail .args li').allTextContents()).some((a) => a.includes(marker)));
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
  await until('the process to be gone', async () => (await rows().count()) === 0);
  await until('the detail to say so', async () => (await page.locator('.detail').textContent()).includes('has ended'));
  await page.locator('hg-processes input[type=search]').fill('');
});

test('columns sort, and say how', async () => {
  await page.getByRole('columnheader', { name: 'PID' }).getByRole('button').click();
  assert.equal(await page.locator('[data-column=pid]').getAttribute('aria-sort'), 'ascending');
  const pids = (await column('c-pid')).map(Number);
  assert.ok(pids.length > 5);
  assert.deepEqual(pids, [...pids].sort((a, b) => a - b));
  assert.equal(pids[0], 1);
  await page.getByRole('columnheader', { name: 'PID' }).getByRole('button').click();
  assert.equal(await page.locator('[data-column=pid]').getAttribute('aria-sort'), 'descending');
});

test('only rows in sight exist, and scrolling keeps its place', async () => {
  const total = Number(await page.locator('.ptable').getAttribute('aria-rowcount')) - 1;
  assert.ok(total > 40, `this machine runs ${total} processes`);
  assert.ok((await page.locator('hg-processes .rows .row').count()) < 60);
  const scrolled = await page.locator('hg-processes .rows').evaluate((el) => (el.scrollTop = 300));
  const snapshots = () => opened.frames.filter((f) => f.dir === 'received' && f.data.includes('"snapshot"')).length;
  const before = snapshots();
  await until('three more snapshots', () => snapshots() >= before + 3);
  assert.equal(await page.locator('hg-processes .rows').evaluate((el) => el.scrollTop), scrolled);
});

test('the keyboard selects, and the selection follows its process', async () => {
  await page.locator('.ptable').focus();
  await page.keyboard.press('Home');
  const selected = page.locator('.row[aria-selected=true]:visible');
  const pid = await selected.getAttribute('data-pid');
  await page.getByRole('columnheader', { name: 'PID' }).getByRole('button').click();
  await page.locator('hg-processes .rows').evaluate((el) => (el.scrollTop = el.scrollHeight));
  await until('the same process to be selected', async () => (await selected.count()) === 1 && (await selected.getAttribute('data-pid')) === pid);
  await page.locator('.ptable').focus();
  await page.keyboard.press('Escape');
  await until('nothing to be selected', async () => (await selected.count()) === 0);
});

test('pause holds the snapshot, and its age is told', async () => {
  await page.keyboard.press('p');
  await until('the list to be called stale', async () => (await page.locator('hg-processes .age').getAttribute('data-fresh')) === 'no');
  await page.keyboard.press('p');
  await until('it to be fresh again', async () => (await page.locator('hg-processes .age').getAttribute('data-fresh')) === 'yes');
});

test('nothing went wrong meanwhile', async () => {
  await picture(page, 'processes-live');
  assertClean(opened, server.url);
});
