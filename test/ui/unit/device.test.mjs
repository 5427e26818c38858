import '../esm.mjs';
import assert from 'node:assert/strict';
import { beforeEach, mock, test } from 'node:test';

const { Device } = await import('../../../internal/webui/static/js/device.js');

let now = 0;
/** Answers of the device by path; a function may let time pass. */
let answers = {};
mock.method(performance, 'now', () => now);
mock.method(Date, 'now', () => 1_000_000 + now);
globalThis.document = { hidden: false };

globalThis.fetch = async (url) => {
  const path = new URL(url).pathname.split('/static/').pop();
  const answer = answers[path];
  if (!answer) return new Response('{"error":"not here"}', { status: 404 });
  const { status = 200, body = {} } = typeof answer === 'function' ? answer() : answer;
  return new Response(JSON.stringify(body), { status });
};

/** A health answer after a round trip, from a device whose clock is ahead. */
const health = (ping, ahead) => () => {
  now += ping;
  return { body: { ok: true, server_time_ms: Math.round(1_000_000 + now - ping / 2 + ahead), uptime_ms: 1, version: '1' } };
};

beforeEach(() => {
  now = 1000;
});

test('the clock of the device is known as well as the best round trip tells', async () => {
  const device = new Device();
  answers = { 'v1/health': health(400, 5000) };
  assert.equal(await device.read(), 'ok');
  answers = { 'v1/health': health(10, 5080) };
  await device.read();
  answers = { 'v1/health': health(300, 4900) };
  await device.read();
  assert.equal(device.clockOffset(), 5080);
  assert.equal(device.ping, 300);
});

test('a clock that was set is noticed at once', async () => {
  const device = new Device();
  answers = { 'v1/health': health(2, 0) };
  await device.read();
  answers = { 'v1/health': health(50, 3_600_000) };
  await device.read();
  assert.equal(device.clockOffset(), 3_600_000);
});

test('an age is that of the reading, not of the message that brings it', async () => {
  const device = new Device();
  assert.ok(Number.isNaN(device.ageOf(undefined, NaN)));
  assert.equal(device.ageOf(5, now - 200), 200, 'without a clock only the arrival counts');
  answers = { 'v1/health': health(2, 60_000) };
  await device.read();
  assert.equal(device.ageOf(device.now() - 9000, now), 9000);
  assert.equal(device.ageOf(device.now() + 50, now - 700), 700, 'never younger than its arrival');
});

test('what the device answers is told apart', async () => {
  const device = new Device();
  let asked = 0;
  device.addEventListener('unauthorised', () => asked++);
  answers = { 'v1/health': { status: 401, body: { error: 'a token is needed' } } };
  assert.equal(await device.read(), 'unauthorised');
  answers = { 'v1/health': { status: 403, body: { error: 'this host name is not served' } } };
  assert.equal(await device.read(), 'failed');
  assert.equal(device.error, 'this host name is not served');
  assert.ok(Number.isNaN(device.ping));
  assert.equal(asked, 1);
  answers = { 'v1/health': health(2, 0) };
  assert.equal(await device.read(), 'ok');
  assert.equal(device.error, undefined);
});
