import assert from 'node:assert/strict';
import { appendFile, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { assertClean, launch, open, picture, waitForLink } from '../lib/browser.mjs';
import { Server } from '../lib/server.mjs';
import { until } from '../lib/until.mjs';

let server, browser, opened, page, dir, file;

before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'heliograph-ui-logs-'));
  file = join(dir, 'robot.log');
  await writeFile(file, 'arm: ready\narm: WARNING: joint 3 is warm\narm: ERROR: joint 3 stopped\n');
  server = await Server.start({ args: ['--log-file', file] });
  browser = await launch();
  opened = await open(browser);
  page = opened.page;
  await page.goto(`${server.url}/logs`);
  await waitForLink(page, 'live');
  await page.locator('.source', { hasText: 'robot.log' }).click();
});

after(async () => {
  await browser?.close();
  await server?.stop();
  await rm(dir, { recursive: true, force: true });
});

const texts = () => page.locator('.log-pane .line .text').allTextContents();
const last = async () => (await texts()).at(-1);

test('the file is shown and followed', async () => {
  await until('the lines so far', async () => (await texts()).includes('arm: ERROR: joint 3 stopped'));
  await appendFile(file, 'arm: moving to <b>home</b>\n');
  await until('the new line', async () => (await last()) === 'arm: moving to <b>home</b>');
  assert.equal(await page.locator('.feed-state').textContent(), 'live');
  assert.ok(page.url().includes('source=file'));
});

test('levels are coloured and can be asked for', async () => {
  assert.equal(await page.locator('.line', { hasText: 'joint 3 stopped' }).getAttribute('data-level'), 'err');
  assert.equal(await page.locator('.line', { hasText: 'joint 3 is warm' }).getAttribute('data-level'), 'warn');
  await page.getByLabel('Level').selectOption('Errors only');
  assert.deepEqual(await texts(), ['arm: ERROR: joint 3 stopped']);
  await page.getByLabel('Level').selectOption('All levels');
});

test('a search marks matches, counts them, and can hide the rest', async () => {
  await page.locator('.log-pane').focus();
  await page.keyboard.press('/');
  await page.keyboard.type('JOINT 3');
  await until('two matches', async () => (await page.locator('.matches').textContent()) === '2 matches');
  assert.deepEqual(await page.locator('mark').allTextContents(), ['joint 3', 'joint 3']);
  await page.getByText('Only matches').click();
  assert.equal((await texts()).length, 2);
  await page.locator('hg-logs input[type=search]').fill('/joint (\\d) s/');
  await until('the pattern to match', async () => (await page.locator('mark').allTextContents()).join() === 'joint 3 s');
  await page.locator('hg-logs input[type=search]').fill('/joint (/');
  await until('the pattern to be refused', async () => (await page.locator('.matches').textContent()) === 'not a valid pattern');
  await page.getByText('Only matches').click();
  await page.locator('hg-logs input[type=search]').fill('');
  await until('all lines to be back', async () => (await texts()).length >= 4);
});

test('a pause holds the view and counts what waits', async () => {
  const before = (await texts()).length;
  await page.getByRole('button', { name: 'Pause' }).click();
  await appendFile(file, 'one\ntwo\nthree\n');
  await until('three lines to wait', async () => (await page.locator('.follow').textContent()) === 'Follow · 3 new');
  assert.equal((await texts()).length, before);
  await page.locator('.follow').click();
  await until('them to be shown', async () => (await last()) === 'three');
});

test('lines that come while the mouse is down do not take the click away', async () => {
  const box = await page.locator('.follow .icon').boundingBox();
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.mouse.down();
  await appendFile(file, 'four\n');
  await until('a line meanwhile', async () => (await last()) === 'four');
  await page.mouse.up();
  await until('the pause', async () => (await page.locator('.follow').textContent()) === 'Follow');
  await page.locator('.follow').click();
});

test('the view is bounded and says what it dropped', async () => {
  const total = 12_000;
  await appendFile(file, Array.from({ length: total }, (_, i) => `bulk ${i}\n`).join(''));
  await until('the last line', async () => (await last()) === `bulk ${total - 1}`);
  const lines = await page.locator('.log-pane .line').count();
  assert.ok(lines >= 5000 && lines <= 5200, `${lines} lines in the page`);
  const told = /([\d,]+) older lines were dropped/.exec(await page.locator('.dropped').textContent())?.[1];
  const all = (await readFile(file, 'utf8')).trimEnd().split('\n').length;
  assert.equal(Number(told?.replaceAll(',', '')), all - 5000);
});

test('a pause right after an own scroll stays', async () => {
  await page.evaluate(() => {
    document.querySelector('.log-pane').scrollTop -= 1; // at the end, as the pane counts it
    document.querySelector('.follow').click();
    return new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
  });
  assert.equal(await page.locator('.follow').textContent(), 'Follow');
  await page.locator('.follow').click();
});

test('long lines do not end the following, scrolling up does, and the end takes it up again', async () => {
  await appendFile(file, Array.from({ length: 400 }, (_, i) => `${'long '.repeat(300)}${i}\n`).join(''));
  await until('the last long line', async () => (await last())?.endsWith(' 399'));
  const atEnd = () => page.locator('.log-pane').evaluate((el) => el.scrollHeight - el.scrollTop - el.clientHeight < 40);
  await until('the end to be in sight', atEnd);
  assert.match(await page.locator('.follow').textContent(), /Pause/);
  await page.locator('.log-pane').hover();
  await page.mouse.wheel(0, -2000);
  await until('following to stop', async () => (await page.locator('.follow').textContent()) === 'Follow');
  await appendFile(file, 'below\n');
  await until('a line to wait', async () => (await page.locator('.follow').textContent()) === 'Follow · 1 new');
  await page.locator('.follow').click();
  await until('it to be in sight', async () => (await last()) === 'below' && (await atEnd()));
});

test('the download has everything', async () => {
  const waiting = page.waitForEvent('download');
  await page.getByRole('link', { name: 'Download' }).click();
  const download = await waiting;
  assert.match(download.suggestedFilename(), /robot.*\.log$/);
  assert.equal(await readFile(await download.path(), 'utf8'), await readFile(file, 'utf8'));
});

test('a rotated file is followed by name', async () => {
  await rename(file, `${file}.1`);
  await writeFile(file, 'after the rotation\n');
  await until('the line of the new file', async () => (await last()) === 'after the rotation');
});

test('after an interruption the lines join without a gap or a repetition', async () => {
  await server.kill();
  await waitForLink(page, 'waiting');
  await appendFile(file, 'while away\n');
  await server.restart();
  await waitForLink(page, 'live');
  await until('the line written meanwhile', async () => (await last()) === 'while away');
  const shown = await texts();
  assert.equal(shown.filter((t) => t === 'after the rotation').length, 1);
  assert.equal(await page.locator('.line-note[data-tone=warn]').count(), 0, 'nothing is said to be missing');
});

test('an unknown source is refused in words', async () => {
  await page.goto(`${server.url}/logs?source=file:/etc/shadow`);
  await until('the refusal', async () => (await page.locator('.log-pane .empty').textContent()).includes('unknown log source'));
});

test('nothing went wrong meanwhile', async () => {
  await page.goto(`${server.url}/logs?source=dmesg`);
  await until('kernel lines', async () => (await texts()).length > 0);
  await picture(page, 'logs-live');
  assertClean(opened, server.url, /ERR_CONNECTION_REFUSED|WebSocket connection to|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|ERR_ABORTED/);
});
