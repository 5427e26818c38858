import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { assertClean, launch, open, PHONE, picture, waitForLink } from '../lib/browser.mjs';
import { frameNumber, rises } from '../lib/pattern.mjs';
import { Server } from '../lib/server.mjs';
import { until } from '../lib/until.mjs';

let server, browser, opened, page;
/** Open and closed frames sockets of the page. */
const sockets = [];

before(async () => {
  server = await Server.start({ args: ['--simulate', 'camera'] });
  browser = await launch();
  opened = await open(browser);
  page = opened.page;
  page.on('websocket', (ws) => /\/frames(\?|$)/.test(ws.url()) && sockets.push(ws));
  await page.goto(`${server.url}/streams`);
  await waitForLink(page, 'live');
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

const dialog = () => page.locator('dialog[open].stream-dialog');
const tile = (name) => page.locator('.tile', { has: page.getByRole('heading', { name, exact: true }) });
const streams = async () => (await server.fetch('/v1/streams')).json();
const named = async (name) => (await streams()).find((s) => s.manifest.identity.alias === name);
const watching = () => sockets.filter((ws) => !ws.isClosed());

/** Fills the dialog that adds a stream, and sends it. */
async function add(name, source, values = {}) {
  await page.getByRole('button', { name: /^Add (stream|the first stream)$/ }).first().click();
  await dialog().getByText(source, { exact: true }).first().click();
  await dialog().locator('input[name=name]').fill(name);
  for (const [field, value] of Object.entries(values)) {
    const control = dialog().locator(`[name=${field}]`);
    if ((await control.evaluate((el) => el.tagName)) === 'SELECT') await control.selectOption(value);
    else await control.fill(value);
  }
  await dialog().getByRole('button', { name: 'Add stream' }).click();
}

async function create(alias, code = 'MJPG', width = 640, height = 480) {
  const capture = { backend: 'Virtual', handle: 'Virtual', mode: { format: { code, resolution: { width, height }, color: 'Srgb' }, interval: { numerator: 1, denominator: 30 } } };
  const answer = await server.fetch('/v1/streams', { method: 'POST', body: JSON.stringify({ identity: { alias }, capture }), headers: { 'content-type': 'application/json' } });
  assert.equal(answer.status, 200, await answer.clone().text());
  return (await answer.json()).stream_id;
}

test('a stream made in the dialog is shown live as MJPEG, and the number in its pixels rises', async () => {
  await page.getByText('There is no stream yet.').waitFor();
  await add('front', 'Test pattern', { code: 'MJPG', size: '1280x720', interval: '1/30' });
  await tile('front').waitFor();
  await rises(tile('front').locator('canvas'));
  assert.match(await tile('front').locator('.tile-facts').textContent(), /^MJPEG · 1280 × 720$/);
  await until('a rate', async () => parseFloat(await tile('front').locator('.tile-fps').textContent()) > 0);
  assert.equal(await tile('front').getByText('simulated').isVisible(), true);
  const stored = await named('front');
  assert.deepEqual([stored.manifest.capture.mode.format.resolution, stored.manifest.encoder.state], [{ width: 1280, height: 720 }, 'disabled']);
});

test('H.264 is decoded by WebCodecs, and the number in its pixels rises', async () => {
  await add('video', 'Test pattern', { code: 'H264', size: '640x480' });
  await rises(tile('video').locator('canvas'));
  assert.match(await tile('video').locator('.tile-facts').textContent(), /^H\.264 · 640 × 480$/);
  assert.equal(await tile('video').locator('.live-note').isVisible(), false);
});

test('a camera is chosen from those of the device, and encoded as asked', async () => {
  await add('cam', 'Camera', { size: '320x240', encoder: 'jpeg', quality: '55' });
  await rises(tile('cam').locator('canvas'));
  const { manifest } = await named('cam');
  assert.deepEqual(manifest.capture.device_keys, ['simulated:camera']);
  assert.deepEqual([manifest.encoder.state, manifest.encoder.settings.quality], ['enabled', 55]);
});

test('what the device refuses is said at the field', async () => {
  await add('front', 'Network', { url: 'nonsense' });
  const field = dialog().locator('[data-field=url]');
  await field.locator('.field-error').waitFor();
  assert.equal(await field.locator('input').getAttribute('aria-invalid'), 'true');
  await dialog().locator('input[name=url]').fill('http://127.0.0.1:1/');
  await dialog().getByRole('button', { name: 'Add stream' }).click();
  await until('the name to be taken', async () => /identity|name|another stream/i.test(await dialog().locator('.form-error, .field-error').allTextContents().then((t) => t.join(' '))));
  assert.equal((await streams()).filter((s) => s.manifest.identity.alias === 'front').length, 1);
  await dialog().locator('input[name=name]').fill('absent');
  await dialog().getByRole('button', { name: 'Add stream' }).click();
  await tile('absent').locator('.live-note', { hasText: 'No frames:' }).waitFor();
  assert.match(await tile('absent').locator('.live-note').textContent(), /connect/, 'the reason is that of the device');
});

test('a stream is changed in the dialog', async () => {
  await tile('cam').getByRole('button', { name: 'Change the stream' }).click();
  assert.equal(await dialog().locator('[name=quality]').inputValue(), '55');
  assert.equal(await dialog().locator('[name=size]').inputValue(), '320x240');
  await dialog().locator('input[name=name]').fill('desk');
  await dialog().locator('[name=size]').selectOption('640x480');
  await dialog().getByText('Capture from boot on').click();
  await dialog().getByRole('button', { name: 'Save' }).click();
  await until('the new size', async () => /640 × 480/.test(await tile('desk').locator('.tile-facts').textContent()));
  await rises(tile('desk').locator('canvas'));
  assert.equal((await named('desk')).manifest.start_on_boot, true);
});

test('without WebCodecs it is said what is missing, and a still is there nonetheless', async () => {
  const other = await open(browser);
  await other.page.addInitScript(() => delete window.VideoDecoder);
  await other.page.goto(`${server.url}/streams`);
  const video = other.page.locator('.tile', { has: other.page.getByRole('heading', { name: 'video', exact: true }) });
  await video.locator('.live-note', { hasText: 'This browser has no WebCodecs' }).waitFor();
  const [download] = await Promise.all([other.page.waitForEvent('download'), video.getByRole('button', { name: 'Save a still' }).click()]);
  assert.match(download.suggestedFilename(), /^video-.*\.jpg$/);
  assert.deepEqual([...(await readFile(await download.path())).subarray(0, 2)], [0xff, 0xd8]);
  assertClean(other, server.url);
  await other.context.close();
});

test('six live views leave the rest of the page alive', async () => {
  for (const name of ['four', 'five', 'six']) await create(name, 'MJPG', 640, 360);
  for (const name of ['front', 'video', 'desk', 'four', 'five', 'six']) await rises(tile(name).locator('canvas'), 8);
  await until('one socket for each', () => watching().length === 7);
  const before = opened.frames.length;
  await until('the shared socket to speak', () => opened.frames.slice(before).some((f) => f.data.includes('"heartbeat"')));
  await page.keyboard.press('?');
  await page.locator('dialog.help[open]').waitFor();
  await page.keyboard.press('Escape');
  assert.match(await page.locator('.conn-detail').textContent(), /ms$/);
  await picture(page, 'streams-grid');
});

test('tiles out of sight, another view and a hidden page want no frames', async () => {
  await page.setViewportSize({ width: 900, height: 420 });
  await until('fewer sockets than tiles', () => watching().length > 0 && watching().length < 7);
  await page.setViewportSize({ width: 1440, height: 900 });
  await until('all again', () => watching().length === 7);
  await page.keyboard.press('g');
  await page.keyboard.press('o');
  await until('no socket', () => watching().length === 0);
  await until('the device to capture for nobody', async () => (await streams()).filter((s) => s.runtime.capture.state === 'running').length <= 1); // one is kept running
  await page.keyboard.press('g');
  await page.keyboard.press('s');
  await rises(tile('front').locator('canvas'), 3, true);
  const hide = (hidden) => page.evaluate((h) => {
    Object.defineProperty(document, 'hidden', { configurable: true, get: () => h });
    document.dispatchEvent(new Event('visibilitychange'));
  }, hidden);
  await hide(true);
  await until('no socket', () => watching().length === 0);
  await hide(false);
  await rises(tile('front').locator('canvas'), 3, true);
});

test('one stream in full: live, with its measured delay, and back', async () => {
  await tile('front').getByRole('link').click();
  await page.waitForURL(/\?stream=/);
  const canvas = page.locator('.stream-page canvas.live');
  await rises(canvas);
  await until('one socket', () => watching().length === 1);
  const fact = (key) => page.locator(`[data-fact=${key}] .fact-value`).textContent();
  await until('the delay', async () => /^−?\d+ ms$/.test(await fact('delay')));
  const number = Number((await fact('number')).replace(/\D/g, ''));
  assert.ok(Math.abs(number - (await frameNumber(canvas))) < 150, 'the number beside the picture is that in it');
  assert.equal(await fact('format'), 'MJPEG');
  await until('figures', async () => /captured [\d.]+ fps/.test(await page.locator('.chart-legend').first().textContent()));
  await page.goBack();
  await rises(tile('front').locator('canvas'), 3);
  await page.goForward();
  await rises(canvas, 3);
});

test('a control shows what the device has acknowledged, and what it refuses', async () => {
  const speed = page.locator('.control', { hasText: 'Speed' });
  await until('the value', async () => (await speed.locator('.control-value').textContent()) === '4');
  await speed.locator('input').fill('20');
  await until('the acknowledged value', async () => (await speed.locator('.control-value').textContent()) === '20');
  const { id } = await named('front');
  const controls = await (await server.fetch(`/v1/streams/${id}/controls`)).json();
  assert.deepEqual(controls.find((c) => c.name === 'Speed').value, { Int: 20 });
  await speed.locator('input').evaluate((el) => (el.max = '1000'));
  await speed.locator('input').fill('900');
  await speed.locator('.field-error', { hasText: 'not within 0 to 64' }).waitFor();
  assert.equal(await speed.locator('.control-value').textContent(), '20');
  await speed.getByRole('button', { name: 'default' }).click();
  await until('the default', async () => (await speed.locator('.control-value').textContent()) === '4');
  const pause = page.locator('.control', { hasText: 'Pause' });
  await pause.locator('input').check();
  await until('it to be on', async () => (await pause.locator('.control-value').textContent()) === 'on');
  await pause.locator('input').uncheck();
  await until('it to be off', async () => (await pause.locator('.control-value').textContent()) === 'off');
});

test('a pipeline is put together, ordered with the keyboard, applied and shown', async () => {
  const card = page.locator('.pipeline-card');
  for (const kind of ['grayscale', 'motion', 'blobs']) await card.locator('.pipe-step-add').selectOption(kind);
  await card.locator('[data-step=grayscale]').focus();
  await page.keyboard.press('Alt+ArrowDown');
  await page.keyboard.press('Alt+ArrowDown');
  assert.deepEqual(await card.locator('.pipe-step').evaluateAll((els) => els.map((el) => el.dataset.step)), ['motion', 'blobs', 'grayscale']);
  const order = () => card.locator('.pipe-step').evaluateAll((els) => els.map((el) => el.dataset.step));
  await card.locator('[data-step=blobs] .pipe-step-grip').dragTo(card.locator('[data-step=motion]'));
  assert.deepEqual(await order(), ['blobs', 'motion', 'grayscale']);
  await card.getByRole('button', { name: 'Later (Alt ↓): blobs' }).click();
  await card.getByRole('button', { name: 'Earlier (Alt ↑): grayscale' }).click();
  await card.locator('[data-step=blobs] [name=threshold]').fill('200');
  assert.match(await card.locator('.pipeline-actions').textContent(), /not applied yet/);
  await card.getByRole('button', { name: 'Apply' }).click();
  await until('it to run', async () => /running/.test(await card.locator('.pipeline-actions').textContent()));
  const { manifest } = await named('front');
  const steps = manifest.pipelines.find((p) => p.pipeline_id === manifest.active_pipeline_id).pipeline_graph.steps;
  assert.deepEqual(steps.map((s) => s.kind), ['motion', 'grayscale', 'blobs']);
  assert.equal(steps[2].params.threshold, 200);
  const data = page.locator('.port[data-port="blobs.data"] .value-line');
  await until('values', async () => /^count \d+/.test(await data.textContent()));
  const drawn = Number(await page.locator('.stream-view').getAttribute('data-shown'));
  await until('pictures of the pipeline', async () => Number(await page.locator('.stream-view').getAttribute('data-shown')) > drawn + 3);
  await picture(page, 'stream-pipeline');
});

test('another output is shown, with boxes over it, and put back afterwards', async () => {
  await page.locator('.output-field select').selectOption('raw');
  await rises(page.locator('.stream-page canvas.live'), 3);
  await until('boxes', async () => Number(await page.locator('.live-boxes').getAttribute('data-boxes')) > 1);
  await page.getByLabel('Boxes').uncheck();
  await until('no boxes', async () => (await page.locator('.live-boxes').getAttribute('data-boxes')) === '0');
  await page.getByLabel('Boxes').check();
});

test('a step that the device does not take is marked, and can be discarded', async () => {
  const card = page.locator('.pipeline-card');
  await card.locator('[data-step=motion] [name=threshold]').fill('0');
  await card.locator('[data-step=motion] .field-error', { hasText: 'from 1 to 255' }).waitFor();
  assert.equal(await card.getByRole('button', { name: 'Apply' }).isDisabled(), true);
  await card.getByRole('button', { name: 'Discard' }).click();
  await card.locator('.pipe-step-add').selectOption('resize');
  for (const side of ['width', 'height']) await card.locator(`[data-step=resize] [name=${side}]`).fill('0');
  await card.getByRole('button', { name: 'Apply' }).click();
  await card.locator('[data-step=resize] .field-error', { hasText: 'both sides' }).waitFor();
  await card.getByRole('button', { name: 'Discard' }).click();
  await page.locator('[data-step=blobs]').focus();
  await page.keyboard.press('Delete');
  await card.getByRole('button', { name: 'Apply' }).click();
  await until('its data to be gone', async () => (await page.locator('.port[data-port="blobs.data"]').count()) === 0);
});

test('a pipeline is switched off without losing its steps, and on again', async () => {
  const state = page.locator('.pipeline-actions');
  await page.getByRole('button', { name: 'Change', exact: true }).click();
  await dialog().getByText('Run the pipeline').click();
  await dialog().getByRole('button', { name: 'Save' }).click();
  await until('it to be off', async () => /switched off/.test(await state.textContent()));
  assert.deepEqual([(await named('front')).manifest.pipeline_enabled, await page.locator('.pipe-step').count()], [false, 2]);
  await rises(page.locator('.stream-page canvas.live'), 3, true);
  await state.getByRole('button', { name: 'Apply' }).click();
  await until('it to be on', async () => /running/.test(await state.textContent()) && (await named('front')).manifest.pipeline_enabled);
});

test('a still is the picture in its full size', async () => {
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Still' }).click()]);
  assert.match(download.suggestedFilename(), /^front-.*\.png$/);
  const png = await readFile(await download.path());
  assert.deepEqual([png.readUInt32BE(16), png.readUInt32BE(20)], [1280, 720]);
});

test('a phone has room for it', async () => {
  await page.setViewportSize(PHONE);
  assert.equal(await page.evaluate(() => document.querySelector('hg-streams').scrollWidth <= innerWidth), true);
  await picture(page, 'stream-phone');
  await page.getByRole('button', { name: 'Back to the grid' }).click();
  await tile('desk').scrollIntoViewIfNeeded();
  await rises(tile('desk').locator('canvas'), 3, true);
  assert.equal(await page.evaluate(() => document.querySelector('hg-streams').scrollWidth <= innerWidth), true);
  await picture(page, 'streams-phone');
  await page.setViewportSize({ width: 1440, height: 900 });
});

test('a stream is deleted after asking', async () => {
  const { id } = await named('front');
  await tile('front').getByRole('button', { name: 'Change the stream' }).click();
  await dialog().getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('button', { name: 'Keep' }).click();
  assert.equal((await server.fetch(`/v1/streams/${id}`)).status, 200);
  await dialog().getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('button', { name: 'Delete it' }).click();
  await tile('front').waitFor({ state: 'detached' });
  assert.equal((await server.fetch(`/v1/streams/${id}`)).status, 404);
});

test('frames go on by themselves after the server was away', async () => {
  await server.kill();
  await waitForLink(page, 'waiting');
  await until('the picture to be called old', async () => (await tile('video').getAttribute('data-fresh')) === 'no');
  await server.restart();
  await waitForLink(page, 'live');
  await rises(tile('video').locator('canvas'), 3, true);
  await rises(tile('four').locator('canvas'), 3, true);
});

test('nothing went wrong meanwhile', () =>
  assertClean(opened, server.url, /status of (409|422|400)|ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|WebSocket connection to|willReadFrequently/));
