import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertClean, launch, open, PHONE, picture, waitForLink } from '../lib/browser.mjs';
import { Server } from '../lib/server.mjs';
import { until } from '../lib/until.mjs';

let server, bare, browser, opened, page;

before(async () => {
  server = await Server.start({ args: ['--simulate', 'imu,power,lighting,ota'] });
  browser = await launch();
  opened = await open(browser);
  page = opened.page;
  await page.goto(`${server.url}/sensors`);
  await waitForLink(page, 'live');
  await page.locator('.card-motion .value').waitFor();
});

after(async () => {
  await browser?.close();
  await server?.stop();
  await bare?.stop();
});

const get = async (path) => (await server.fetch(path)).json();
const post = (path, body) => server.fetch(path, { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } });
const text = (selector) => page.locator(selector).first().textContent();
const card = (name) => page.locator(`.card-${name}`);

/** A number as the cards write it. */
const number = (s) => Number(s.replace('−', '-').replace(/[^\d.-]/g, ''));

/** What a canvas shows, as a string to compare. */
const pixels = (selector) => page.locator(selector).first().evaluate((c) => c.toDataURL());

test('the attitude is shown in numbers and in space, and both follow the device', async () => {
  const seen = new Set();
  await until('the device to sway by some degrees', async () => {
    seen.add(await text('.angle[data-axis=z]'));
    const yaws = [...seen].map(number);
    return Math.max(...yaws) - Math.min(...yaws) > 10;
  });
  const drawn = new Set();
  await until('the drawing to turn', async () => drawn.add(await pixels('hg-attitude canvas')).size > 2);
  assert.match(await page.locator('hg-attitude').getAttribute('aria-label'), /roll .*pitch .*yaw /);
});

test('what is simulated says so, and every card has its age', async () => {
  for (const name of ['orientation', 'plots', 'motion', 'settings', 'power']) assert.ok(await card(name).locator('.badge.simulated').isVisible(), name);
  await until('every card to be fresh', async () => {
    const states = await page.locator('.sensor-grid .card:visible .age:visible').evaluateAll((els) => els.map((el) => el.dataset.fresh));
    return states.length >= 6 && states.every((s) => s === 'yes');
  });
  const { sources } = await get('/v1/device/imu');
  assert.ok((await text('.card-orientation .fine')).includes(sources.accel_gyro));
});

test('the motion is told: it moves and rests by turns', async () => {
  const seen = new Set();
  await until('a motion and a rest', async () => {
    seen.add(await text('.card-motion .value'));
    return seen.has('Still') && (seen.has('Moving') || seen.has('Moving fast'));
  });
});

test('the plots run; p holds them while the values go on', async () => {
  const chart = '.card-plots canvas';
  const drawn = new Set();
  await until('the plots to run', async () => drawn.add(await pixels(chart)).size > 2);
  await page.keyboard.press('p');
  await page.getByRole('button', { name: 'Go on' }).waitFor();
  const held = await pixels(chart);
  const values = new Set();
  await until('values to change meanwhile', async () => values.add(await text('.card-plots .component')).size > 3);
  assert.equal(await pixels(chart), held);
  await page.keyboard.press('p');
  await until('the plots to run again', async () => (await pixels(chart)) !== held);
  await page.getByText('5 min', { exact: true }).click();
  await page.getByText('20 s', { exact: true }).click();
});

test('settings are those of the device, and a choice is carried out at once', async () => {
  const settings = card('settings');
  const { options, fusion } = await get('/v1/device/imu');
  const offered = (label) => settings.getByLabel(label).locator('option').evaluateAll((os) => os.map((o) => o.value));
  assert.deepEqual(await offered('Fusion'), options.fusion);
  assert.deepEqual(await offered('Interval'), options.intervals_ms.map(String));
  assert.equal(await settings.getByLabel('Fusion').inputValue(), fusion);
  await settings.getByLabel('Interval').selectOption('100');
  await settings.getByText('Saved.').waitFor();
  assert.equal((await get('/v1/device/imu')).update_interval_ms, 100);
  await settings.getByLabel('Angles').selectOption('zero_to_360');
  await until('the other convention', async () => (await get('/v1/device/imu')).range === 'zero_to_360');
  await server.fetch('/v1/device/imu', { method: 'PATCH', body: JSON.stringify({ update_interval_ms: 20, range: 'negative_180_to_180' }) });
  await until('the form to follow somebody else', async () => (await settings.getByLabel('Interval').inputValue()) === '20');
  await settings.getByLabel('Interval').selectOption('50');
  await until('the interval from before', async () => (await get('/v1/device/imu')).update_interval_ms === 50);
});

test('a refusal is told beside the control', async () => {
  const settings = card('settings');
  await settings.getByLabel('Fusion').evaluate((select) => {
    select.append(new Option('of another device', 'kalman'));
    select.value = 'kalman';
    select.dispatchEvent(new Event('change'));
  });
  await settings.locator('.outcome[data-tone=bad]', { hasText: 'Not done: fusion must be' }).waitFor();
  await until('the choice to be that of the device again', async () => (await settings.getByLabel('Fusion').inputValue()) === 'madgwick_no_mag');
});

test('a released position is reckoned, with limits that can be set', async () => {
  const position = page.locator('.vectors tr', { hasText: 'Position' });
  assert.equal(await position.isVisible(), false);
  await card('settings').getByText('Hold the position').click();
  await position.waitFor();
  assert.equal((await get('/v1/device/imu')).dr_lock_position, false);
  await until('a position', async () => /\d/.test(await position.textContent()));
  await card('settings').getByText('Dead reckoning', { exact: true }).click();
  await card('settings').getByLabel('Speed at most').fill('2.5');
  await card('settings').getByRole('button', { name: 'Save' }).click();
  await until('the limit to be kept', async () => (await get('/v1/device/imu')).dr_max_speed_mps === 2.5);
  await card('settings').getByText('Hold the position').click();
  await position.waitFor({ state: 'hidden' });
});

test('power is shown as it is', async () => {
  const power = await get('/v1/device/power');
  assert.ok((await text('.rails tbody')).includes(power.sources[0].label));
  const [watts, volts, amps] = (await page.locator('.card-power .plot .value').allTextContents()).map(number);
  assert.ok(Math.abs(watts - volts * amps) < 0.2, `${watts} W is not ${volts} V times ${amps} A`);
  assert.ok(volts > 4.8 && volts < 5.3);
});

/** The colour in the middle of a light of the strip. */
const light = (i, of = 12) => page.locator('.led-strip').evaluate((c, [i, of]) => {
  const cell = Math.min(42, (c.clientWidth - 20) / of);
  const x = (c.clientWidth - of * cell) / 2 + (i + 0.5) * cell;
  const ratio = c.width / c.clientWidth;
  return [...c.getContext('2d').getImageData(Math.round(x * ratio), Math.round(c.height / 2), 1, 1).data.slice(0, 3)];
}, [i, of]);

const state = () => get('/v1/device/lighting/state');

test('lights are switched, coloured and dimmed, and the strip shows what the device has', async () => {
  const lights = card('lights');
  const on = lights.getByRole('switch');
  assert.equal(await on.getAttribute('aria-checked'), 'false');
  await lights.getByRole('button', { name: 'Colour #34c759' }).click();
  await until('green lights', async () => (await state()).frame?.every((c) => c.r === 0x34 && c.g === 0xc7 && c.b === 0x59));
  assert.equal((await state()).frame.length, 12);
  await until('green on the strip', async () => (await light(5)).join() === '52,199,89');
  assert.equal(await on.getAttribute('aria-checked'), 'true');
  await lights.getByRole('slider', { name: 'Brightness' }).fill('64');
  await until('dimmed lights', async () => (await state()).brightness === 64);
  await until('a dimmer strip', async () => (await light(5))[1] < 150);
  await on.click();
  await until('dark lights', async () => (await state()).animation?.kind === 'off');
  await until('a dark strip', async () => Math.max(...(await light(5))) < 70);
  await on.click();
  await until('the colour from before', async () => (await state()).frame?.[0].g === 0xc7);
});

test('every animation can be chosen with its parameters, and runs on the strip', async () => {
  const lights = card('lights');
  const fields = { chase: ['Speed', 'Colour'], pulse: ['Lowest', 'Highest', 'One breath', 'Colour'], rainbow: ['Speed'], breathing_rainbow: ['Speed', 'Lowest', 'Highest', 'One breath'] };
  for (const [kind, wanted] of Object.entries(fields)) {
    await lights.locator(`input[value=${kind}]`).check({ force: true });
    await until(kind, async () => (await state()).animation?.kind === kind);
    const shown = await lights.locator('.light-params .field:visible > span:first-child').allTextContents();
    assert.deepEqual(shown.sort(), wanted.sort(), kind);
    const seen = new Set();
    await until(`${kind} to run`, async () => seen.add(String(await light(3))).size > 3);
  }
  await lights.getByRole('slider', { name: 'Speed' }).fill('-1.5');
  await until('the speed', async () => (await state()).animation?.speed_hz === -1.5);
  await lights.getByRole('slider', { name: 'One breath' }).fill('900');
  await until('the breath', async () => (await state()).animation?.period_ms === 900);
});

test('controls follow what another client does, and a refusal is told beside them', async () => {
  const lights = card('lights');
  await post('/v1/device/lighting', { animation: { kind: 'chase', color: { r: 10, g: 20, b: 200, w: 0 }, speed_hz: 0.5 }, brightness: 200 });
  await until('the mode', () => lights.locator('input[value=chase]').isChecked());
  await until('the colour', async () => (await lights.locator('input[type=color]').inputValue()) === '#0a14c8');
  await until('the brightness', async () => (await lights.getByRole('slider', { name: 'Brightness' }).inputValue()) === '200');
  const { lighting } = await get('/v1/device/lighting/config');
  await post('/v1/device/lighting/config', { lighting: { ...lighting, enabled: false } });
  await until('the lights to be off', async () => (await lights.getByRole('switch').getAttribute('aria-checked')) === 'false');
  await lights.getByRole('switch').click();
  await lights.locator('.outcome[data-tone=bad]', { hasText: 'the lights are switched off in the configuration' }).waitFor();
  assert.equal(await lights.getByRole('switch').getAttribute('aria-checked'), 'false');
  await post('/v1/device/lighting/config', { lighting });
});

test('leaving the view ends its subscription, coming back begins it again', async () => {
  const sent = (cmd) => opened.frames.filter((f) => f.dir === 'sent' && JSON.parse(f.data).cmd === cmd);
  const received = (from) => opened.frames.slice(from).filter((f) => f.dir === 'received' && f.data.includes('"sensors.stream"') && !f.data.includes('channel.closed'));
  const before = sent('sensors.stream').length;
  await page.keyboard.press('g');
  await page.keyboard.press('h');
  await until('the server to say that it is closed', () => opened.frames.some((f) => f.dir === 'received' && f.data.includes('channel.closed') && f.data.includes('sensors.stream')));
  const after = opened.frames.length;
  await until('two heartbeats', () => opened.frames.slice(after).filter((f) => f.data.includes('"heartbeat"')).length >= 2);
  assert.equal(received(after).length, 0, 'messages nobody sees');
  await page.keyboard.press('g');
  await page.keyboard.press('n');
  await until('the channel to be asked for again', () => sent('sensors.stream').length > before);
  assert.equal(JSON.parse(sent('sensors.stream').at(-1).data).payload.op, 'subscribe');
  assert.equal(await page.locator('.lost').textContent(), '', 'leaving is no loss');
  await picture(page, 'sensors-live');
});

test('without the device all turns grey, and what was lost is told afterwards', async () => {
  await server.kill();
  await until('the cards to be grey', async () => (await page.locator('.card-motion .facts-2').evaluate((el) => getComputedStyle(el).opacity)) === '0.45');
  await until('the ages to say so', async () => (await text('.card-orientation .age')).startsWith('stale'));
  await server.restart();
  await waitForLink(page, 'live');
  await until('fresh values', async () => (await page.locator('.card-orientation .age').getAttribute('data-fresh')) === 'yes');
  await until('the gap to be told', async () => /^\d+ gaps?: .* of measurements are missing$/.test(await text('.lost')));
});

test('nothing went wrong meanwhile', () => {
  // The tests brought about refusals and a lost connection, and read canvases.
  assertClean(opened, server.url, /status of 400|status of 503|ERR_CONNECTION|ERR_INCOMPLETE|willReadFrequently|WebSocket connection/);
});

test('a device without any of it has friendly words instead, and no errors', async () => {
  bare = await Server.start();
  const opened = await open(browser, { viewport: PHONE, isMobile: true, hasTouch: true });
  const { page } = opened;
  await page.goto(`${bare.url}/sensors`);
  await waitForLink(page, 'live');
  const imu = await (await bare.fetch('/v1/device/imu')).json();
  const leds = await (await bare.fetch('/v1/peripherals/leds')).json();
  const rails = (await bare.fetch('/v1/device/power')).ok;
  if (!imu.has_sample) await page.getByText('No motion sensor').waitFor();
  if (!leds.present) await page.getByText('No lights').waitFor();
  if (!rails) await page.getByText('No power monitor').waitFor();
  await page.getByText('No firmware to tell of').waitFor();
  assert.equal(await page.locator('.badge.simulated:visible').count(), 0);
  await picture(page, 'sensors-absent-phone');
  assertClean(opened, bare.url);
});
