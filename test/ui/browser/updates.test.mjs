import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { assertClean, launch, open, PHONE, picture, waitForLink } from '../lib/browser.mjs';
import { Server } from '../lib/server.mjs';
import { until } from '../lib/until.mjs';

let server, bare, browser, opened, page;

before(async () => {
  server = await Server.start({ args: ['--simulate', 'ota'] });
  browser = await launch();
  opened = await open(browser);
  page = opened.page;
  await page.goto(`${server.url}/updates`);
  await waitForLink(page, 'live');
});

after(async () => {
  await browser?.close();
  await server?.stop();
  await bare?.stop();
});

const get = async (path) => (await server.fetch(path)).json();
const ota = () => get('/v1/ota/state');
const stage = async () => (await ota()).state?.stage;
const button = (name) => page.getByRole('button', { name, exact: true });
const result = (tone) => page.locator(`.result[data-tone=${tone}]`);
const image = (name, text, size = 100_000) => ({ name, mimeType: 'application/octet-stream', buffer: Buffer.concat([Buffer.from(text), Buffer.alloc(size, 7)]) });
const sha256 = (file) => createHash('sha256').update(file.buffer).digest('hex');

/** Chooses a file and waits until the device has checked it. */
async function upload(file) {
  await page.locator('#ota-file').setInputFiles(file);
  await page.locator('.card-install .report').waitFor();
}

async function install() {
  await button('Install…').click();
  await page.locator('dialog[open]').getByRole('button', { name: 'Install' }).click();
}

test('before the first update, the page says so, and what there is room for', async () => {
  await page.getByText('No update was ever started').waitFor();
  await page.locator('.card-storage tbody tr').first().waitFor();
  const { storage } = await ota();
  assert.ok((await page.locator('.card-storage .extra').textContent()).startsWith(`of ${storage.uploads.quota_bytes / 2 ** 30}`.slice(0, 4)));
  const os = await get('/v1/device/os');
  assert.ok((await page.locator('.card-system').textContent()).includes(os.pretty_name));
});

test('an upload tells how far it is and can be stopped, which leaves nothing', async () => {
  const cdp = await opened.context.newCDPSession(page);
  await cdp.send('Network.emulateNetworkConditions', { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: 4_000_000 });
  const path = join(server.dir, 'slow.img');
  await writeFile(path, Buffer.alloc(30_000_000, 7));
  await page.locator('#ota-file').setInputFiles(path);
  const bar = page.locator('.sending [role=progressbar]');
  const seen = new Set();
  await until('the progress to rise', async () => seen.add(Number(await bar.getAttribute('aria-valuenow'))).size > 2);
  assert.ok(Math.max(...seen) < 100);
  assert.match(await page.locator('.sending').textContent(), /of 28\.6 MiB, \d+ %/);
  await button('Stop').click();
  await page.getByText('The upload was stopped; nothing was kept.').waitFor();
  await page.locator('.drop').waitFor();
  await cdp.send('Network.emulateNetworkConditions', { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: -1 });
  await until('the device to have forgotten it', async () => (await ota()).storage.uploads.usage_bytes === 0);
});

test('a file that is dropped is uploaded, hashed, compared and checked', async () => {
  const file = image('image-1.5.raucb', 'version=1.5.0\n');
  await page.evaluate(([name, data]) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([Uint8Array.from(atob(data), (c) => c.charCodeAt(0))], name));
    const zone = document.querySelector('.drop');
    zone.dispatchEvent(new DragEvent('dragenter', { bubbles: true, dataTransfer: transfer }));
    if (!zone.hasAttribute('data-over')) throw new Error('the zone does not show that it takes the file');
    zone.dispatchEvent(new DragEvent('drop', { bubbles: true, cancelable: true, dataTransfer: transfer }));
  }, [file.name, file.buffer.toString('base64')]);
  await page.getByText('Ready to install').waitFor();
  const facts = await page.locator('.card-install .ready').textContent();
  for (const word of [file.name, '1.5.0', sha256(file), 'simulated:b']) assert.ok(facts.includes(word), word);
  await page.getByText('The device has stored exactly the file on this computer.').waitFor();
  assert.ok(await page.locator('.card-install .badge.simulated').isVisible());
});

test('an image with another checksum than the expected one cannot be installed', async () => {
  const expected = page.getByLabel('Expected SHA-256');
  await expected.fill('ab'.repeat(32));
  await page.getByText('This is not the expected image: the checksums differ.').waitFor();
  assert.ok(await button('Install…').isDisabled());
  await expected.fill('not a checksum');
  await page.getByText('must be 64 hexadecimal digits').waitFor();
  assert.ok(await button('Install…').isDisabled());
  await expected.fill(`SHA256:${sha256(image('', 'version=1.5.0\n')).toUpperCase()}  image-1.5.raucb`);
  await page.getByText('The checksum is the expected one.').waitFor();
  assert.ok(await button('Install…').isEnabled());
});

test('installing is asked for by name, and followed to its end', async () => {
  await button('Install…').click();
  const dialog = page.locator('dialog[open]');
  const question = await dialog.textContent();
  for (const word of ['image-1.5.raucb', 'version 1.5.0', 'simulated:b', (await get('/v1/device/os')).pretty_name]) assert.ok(question.includes(word), word);
  await picture(page, 'updates-confirm');
  await dialog.getByRole('button', { name: 'Not now' }).click();
  assert.equal(await stage(), undefined, 'nothing happens before the answer');
  await install();
  const bar = page.locator('.card-state [role=progressbar]');
  await page.getByText('The image is being written').first().waitFor();
  const seen = [];
  await until('the progress of the installation', async () => {
    const now = await bar.getAttribute('aria-valuenow');
    if (now !== null && seen.at(-1) !== Number(now)) seen.push(Number(now));
    return seen.length > 4;
  });
  assert.deepEqual(seen, [...seen].sort((a, b) => a - b), 'progress never falls');
  await until('progress to be said aloud', async () => /: \d+ %$/.test(await page.locator('.card-state [aria-live=polite].sr-only').textContent()));
  assert.equal(await page.locator('.steps [aria-current=step]').textContent(), 'Install');
  assert.ok(await page.locator('.card-state .badge.simulated').isVisible());
  await picture(page, 'updates-installing');
  await result('ok').waitFor();
  assert.equal(await stage(), 'complete');
  const events = await page.locator('.events li span').allTextContents();
  assert.deepEqual(events, [
    'The update is complete.', 'The update is installed; no restart is needed.', 'The image is being written.', 'Installing is scheduled.',
    'The image is staged.', 'The image is being verified.', 'The image is being taken in.',
  ]);
});

test('a failure is told plainly, with its reason and where it happened', async () => {
  await upload(image('bad.img', 'simulate failure\nversion=2\n', 10));
  await install();
  await result('bad').waitFor();
  assert.equal(await result('bad').textContent(), 'It failed: Simulated: the image wants to fail.');
  assert.equal(await page.locator('.steps [data-step=failed]').textContent(), 'Install');
  await page.reload();
  await result('bad').waitFor();
  assert.equal(await page.locator('.steps:visible').count(), 0, 'where it failed was before this page');
});

test('a staged image can be installed later, or given up', async () => {
  await upload(image('later.img', 'version=3\n'));
  await button('Stage only').click();
  await until('the image to be staged', async () => (await stage()) === 'awaiting_window');
  await button('Check again').click();
  await page.locator('.card-state .report[data-ready=yes]').waitFor();
  await button('Cancel update').click();
  await page.locator('dialog[open]').getByRole('button', { name: 'Go on' }).click();
  assert.equal(await stage(), 'awaiting_window');
  await button('Install now…').click();
  await page.locator('dialog[open]').getByRole('button', { name: 'Install' }).click();
  await until('the installation', async () => (await stage()) === 'applying');
});

test('an installation is canceled by x, after a question, and nobody calls that a failure', async () => {
  await until('progress', () => page.locator('.card-state [aria-valuenow]').count());
  await page.keyboard.press('x');
  await page.locator('dialog[open]').getByRole('button', { name: 'Cancel update' }).click();
  await result('warn').waitFor();
  assert.match(await result('warn').textContent(), /^It was canceled: /);
  assert.equal(await stage(), 'rolled_back');
});

test('a refusal is told beside the control', async () => {
  await upload(image('gone.img', 'version=4\n'));
  // Somebody else begins an update with this image meanwhile; the page may not have heard of it.
  await opened.page.route('**/v1/ota/apply', async (route) => {
    const { image_url: url } = route.request().postDataJSON();
    await server.fetch('/v1/ota/stage', { method: 'POST', body: JSON.stringify({ image_url: url }) });
    await route.continue();
  });
  await install();
  await page.locator('.card-install .outcome[data-tone=bad]', { hasText: 'Not done: an update is under way' }).waitFor();
  assert.ok(await button('Install…').isDisabled());
  await page.unroute('**/v1/ota/apply');
  await server.fetch('/v1/ota/cancel', { method: 'POST', body: '{}' });
  await until('the button to be of use again', () => button('Install…').isEnabled());
});

test('the slots tell what runs and what boots next, the history what became of updates', async () => {
  await page.keyboard.press('g');
  await page.keyboard.press('h');
  await page.keyboard.press('g');
  await page.keyboard.press('u'); // reads anew
  const { updates } = await get('/v1/ota/history');
  assert.ok(updates.length >= 4, `${updates.length} updates`);
  const past = page.locator('.past li');
  await until('all of them', async () => (await past.count()) === updates.length);
  const texts = await past.allTextContents();
  assert.match(texts.at(-1), /Version 1\.5\.0 was installed\./);
  assert.match(texts.at(-2), /Version 2 was rolled back\.Simulated: the image wants to fail\./);
  assert.equal(await past.nth(updates.length - 1).getAttribute('data-tone'), 'ok');
  assert.equal(await past.nth(updates.length - 2).getAttribute('data-tone'), 'bad');
  assert.ok(await page.locator('.card-history .badge.simulated').isVisible());
  const { slots } = await get('/v1/ota/slots');
  const shown = page.locator('.slots > li');
  assert.equal(await shown.count(), slots.length);
  for (const [i, slot] of slots.entries()) {
    const text = await shown.nth(i).textContent();
    assert.equal(text.includes('runs now'), slot.booted);
    assert.ok(text.includes(slot.version ? `Version ${slot.version}` : 'Version unknown'), text);
  }
  await picture(page, 'updates-history');
});

test('leaving the view ends its subscription, coming back begins it again', async () => {
  const sent = (cmd) => opened.frames.filter((f) => f.dir === 'sent' && JSON.parse(f.data).cmd === cmd);
  const before = sent('ota.stream').length;
  await page.locator('h1:visible').click();
  await page.keyboard.press('g');
  await page.keyboard.press('h');
  await until('the channel to be closed', () => sent('channel.close').some((f) => JSON.parse(f.data).payload.cmd === 'ota.stream'));
  await page.keyboard.press('g');
  await page.keyboard.press('u');
  await until('the channel to be asked for again', () => sent('ota.stream').length > before);
  await result('warn').waitFor();
});

test('nothing went wrong meanwhile', () => {
  assertClean(opened, server.url, /status of 503|ERR_ABORTED/); // the refusal, and the upload that was stopped
});

test('a device without an updater says so, and is asked again', async () => {
  bare = await Server.start();
  const opened = await open(browser, { viewport: PHONE, isMobile: true, hasTouch: true });
  const { page } = opened;
  await page.goto(`${bare.url}/updates`);
  await waitForLink(page, 'live');
  await page.getByText('This device has no updater').waitFor();
  assert.equal(await page.locator('.drop:visible').count(), 0);
  const asked = () => opened.frames.filter((f) => f.dir === 'sent' && JSON.parse(f.data).cmd === 'ota.stream').length;
  const before = asked();
  await until('it to be asked again', () => asked() > before);
  assert.equal(opened.frames.some((f) => f.dir === 'received' && f.data.includes('channel.error')), false);
  await picture(page, 'updates-absent-phone');
  assertClean(opened, bare.url);
});
