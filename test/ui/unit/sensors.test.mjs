import '../esm.mjs';
import assert from 'node:assert/strict';
import { mock, test } from 'node:test';

const js = '../../../internal/webui/static/js';
const { angleBetween, between, fromAngles, IDENTITY, rotate, unit } = await import(`${js}/sensors/quat.js`);
const { axes, body, project } = await import(`${js}/sensors/scene.js`);
const { Trace, TRACE_SAMPLES } = await import(`${js}/sensors/trace.js`);
const { countOf, frameOf, fromHex, lit, moves, onScreen, toHex } = await import(`${js}/sensors/animation.js`);
const { commandOf, DEFAULTS, mergeCommands, settingsOf } = await import(`${js}/sensors/lights-model.js`);
const { Feed, MAIN_RAIL } = await import(`${js}/sensors/feed.js`);
const { aroundZero, fitting, fromZero, niceCeil } = await import(`${js}/charts/axis.js`);
const { Latest } = await import(`${js}/lib/latest.js`);
const { saysSimulated } = await import(`${js}/lib/simulated.js`);

const near = (got, want, slack = 1e-9) => got.forEach((v, i) => assert.ok(Math.abs(v - want[i]) < slack, `${got} is not ${want}`));

test('angles make the attitude of the contract: X forward, Y right, Z up', () => {
  near(rotate(fromAngles({ roll: 0, pitch: 0, yaw: 90 }), [1, 0, 0]), [0, 1, 0]); // a turn to the right
  near(rotate(fromAngles({ roll: 90, pitch: 0, yaw: 0 }), [0, 1, 0]), [0, 0, 1]);
  near(rotate(fromAngles({ roll: 0, pitch: 90, yaw: 0 }), [0, 0, 1]), [1, 0, 0]);
  // Roll comes first: the nose does not feel it.
  near(rotate(fromAngles({ roll: 77, pitch: 0, yaw: 90 }), [1, 0, 0]), [0, 1, 0]);
});

test('an attitude between two takes the shorter way, and nonsense is no attitude', () => {
  const a = fromAngles({ roll: 0, pitch: 0, yaw: 10 });
  const b = fromAngles({ roll: 0, pitch: 0, yaw: 30 });
  assert.ok(Math.abs(angleBetween(a, b) - 20) < 1e-9);
  const minus = { w: -b.w, x: -b.x, y: -b.y, z: -b.z }; // the same attitude
  assert.ok(angleBetween(between(a, minus, 0.5), fromAngles({ roll: 0, pitch: 0, yaw: 20 })) < 1e-6);
  assert.equal(unit({ w: 0, x: 0, y: 0, z: 0 }), IDENTITY);
  assert.equal(unit({ w: NaN, x: 0, y: 0, z: 0 }), IDENTITY);
});

test('the viewer stands behind and above: up is up, right is right, the upper side is seen', () => {
  assert.ok(project([0, 0, 1])[1] < project([0, 0, 0])[1]);
  assert.ok(project([0, 1, 0])[0] > project([0, 0, 0])[0]);
  const parts = (q) => body(q).map((f) => f.part);
  assert.ok(parts(IDENTITY).includes('top') && !parts(IDENTITY).includes('bottom'));
  const upsideDown = fromAngles({ roll: 180, pitch: 0, yaw: 0 });
  assert.ok(parts(upsideDown).includes('bottom') && !parts(upsideDown).includes('top'));
  assert.equal(axes(IDENTITY).find((a) => a.axis === 'x').behind, true, 'forward is away from the viewer');
  assert.equal(axes(fromAngles({ roll: 0, pitch: 0, yaw: 180 })).find((a) => a.axis === 'x').behind, false);
});

test('a trace ignores repeats, keeps and counts holes, begins anew when the clock is set back, and is bounded', () => {
  const trace = new Trace(['a']);
  assert.equal(trace.push(1000, { a: 1 }, 50), true);
  assert.equal(trace.push(1000, { a: 9 }, 50), false);
  assert.equal(trace.push(NaN, { a: 9 }, 50), false);
  trace.push(1050, { a: 2 }, 50);
  trace.push(4050, { a: undefined }, 50);
  assert.deepEqual(trace.columns('a'), [[1, 1.05, 1.051, 4.05], [1, 2, null, null]]);
  assert.deepEqual([trace.holes, trace.lost], [1, 2950]);
  trace.rest();
  trace.push(60_000, { a: 3 }, 50);
  assert.equal(trace.holes, 1, 'leaving the page is no loss');
  trace.push(2000, { a: 4 }, 50);
  assert.deepEqual(trace.columns('a'), [[2], [4]]);
  for (let i = 1; i <= TRACE_SAMPLES + 20; i++) trace.push(2000 + i * 50, { a: i }, 50);
  assert.deepEqual([trace.times.length, trace.series.a.length], [TRACE_SAMPLES, TRACE_SAMPLES]);
  trace.forgetHoles();
  assert.deepEqual([trace.holes, trace.lost], [0, 0]);
});

const red = { r: 255, g: 0, b: 0, w: 0 };

test('animations are computed as the device computes them', () => {
  assert.deepEqual(frameOf({ kind: 'chase', color: red, speed_hz: 1 }, 4, 0.25).map((c) => c.r), [0, 255, 0, 0]);
  assert.deepEqual(frameOf({ kind: 'chase', color: red, speed_hz: -1 }, 4, 0.25).map((c) => c.r), [0, 0, 0, 255]);
  assert.deepEqual(frameOf({ kind: 'chase', color: red, speed_hz: 1 }, 4, 0.125).map((c) => c.r), [128, 128, 0, 0]);
  const pulse = { kind: 'pulse', color: red, low: 51, high: 255, period_ms: 1000 };
  assert.deepEqual([0, 0.5, 1].map((t) => frameOf(pulse, 1, t)[0].r), [51, 255, 51]);
  assert.deepEqual(frameOf({ kind: 'rainbow' }, 3, 9), [{ r: 255, g: 0, b: 0, w: 0 }, { r: 0, g: 255, b: 0, w: 0 }, { r: 0, g: 0, b: 255, w: 0 }]);
  assert.deepEqual(frameOf({ kind: 'breathing_rainbow', low: 0, high: 255, period_ms: 1000 }, 3, 0).map((c) => c.r + c.g + c.b), [0, 0, 0]);
  assert.deepEqual(frameOf({ kind: 'off' }, 2, 1).map((c) => c.r), [0, 0]);
  for (const [a, want] of [[null, false], [{ kind: 'off' }, false], [{ kind: 'rainbow' }, false], [{ kind: 'rainbow', speed_hz: 1 }, true], [pulse, true], [{ ...pulse, low: 255 }, false], [{ ...pulse, period_ms: 0 }, false], [{ kind: 'breathing_rainbow', speed_hz: 1 }, true]]) assert.equal(moves(a), want, JSON.stringify(a));
});

test('colours go to the screen and back', () => {
  assert.equal(toHex({ r: 255, g: 128, b: 0 }), '#ff8000');
  assert.deepEqual(fromHex('#ff8000', 7), { r: 255, g: 128, b: 0, w: 7 });
  assert.deepEqual(onScreen({ r: 255, g: 0, b: 0, w: 20 }, 255), [255, 20, 20]);
  assert.deepEqual(onScreen(red, 0), [0, 0, 0]);
});

const state = (part) => ({ frame: null, brightness: null, animation: null, updated_at_ms: 1, animation_running: false, ...part });

test('the number of lights is what the device told, and is not invented', () => {
  assert.equal(countOf(state({ frame: [red, red] }), 9, undefined), 2);
  assert.equal(countOf(state({}), 9, undefined), 9);
  assert.equal(countOf(state({}), 0, 4), 4);
  assert.equal(countOf(state({}), 0, undefined), undefined);
});

test('controls follow a state and give it back as a command', () => {
  const cases = [
    state({ frame: [red, red, red], brightness: 40 }),
    state({ animation: { kind: 'chase', color: red, speed_hz: -2 }, brightness: 255 }),
    state({ animation: { kind: 'pulse', color: red, low: 1, high: 200, period_ms: 900 } }),
    state({ animation: { kind: 'rainbow', speed_hz: 0.25 } }),
    state({ animation: { kind: 'breathing_rainbow', speed_hz: 0.25, low: 3, high: 90, period_ms: 700 } }),
    state({ animation: { kind: 'off' } }),
  ];
  for (const s of cases) {
    const settings = settingsOf(s, DEFAULTS, 255);
    assert.equal(settings.on, lit(s));
    assert.equal(settings.brightness, s.brightness ?? 255);
    assert.deepEqual(commandOf(settings, 3), s.animation ? { animation: s.animation } : { frame: s.frame });
  }
  assert.equal(settingsOf(state({ frame: [red, fromHex('#00ff00')] }), DEFAULTS, 255).mixed, true);
  const dark = settingsOf(state({ frame: [{ r: 0, g: 0, b: 0 }] }), { ...DEFAULTS, on: true }, 128);
  assert.deepEqual([dark.on, dark.brightness, dark.color], [false, 128, DEFAULTS.color]);
});

test('a fixed colour without a known number of lights is a pulse that stands still', () => {
  const command = commandOf({ ...DEFAULTS, on: true, mode: 'solid', color: red }, undefined);
  assert.deepEqual(command, { animation: { kind: 'pulse', color: red, low: 255, high: 255, period_ms: 0 } });
  const back = settingsOf(state({ animation: command.animation }), DEFAULTS, 255);
  assert.deepEqual([back.mode, back.on, back.color], ['solid', true, red]);
});

test('commands in a row amount to the last of each part', () => {
  assert.deepEqual(mergeCommands({ frame: [red] }, { animation: { kind: 'off' } }), { animation: { kind: 'off' } });
  assert.deepEqual(mergeCommands({ animation: { kind: 'off' }, brightness: 3 }, { frame: [red] }), { brightness: 3, frame: [red] });
});

test('of commands that come while one is under way, one is sent', async () => {
  const sent = [];
  let release;
  const latest = new Latest((c) => (sent.push(c), new Promise((resolve) => (release = resolve))), mergeCommands);
  latest.push({ brightness: 1 });
  latest.push({ brightness: 2 });
  latest.push({ animation: { kind: 'off' } });
  assert.deepEqual([sent.length, latest.busy], [1, true]);
  release();
  await Promise.resolve();
  await Promise.resolve();
  assert.deepEqual(sent, [{ brightness: 1 }, { brightness: 2, animation: { kind: 'off' } }]);
  release();
  await Promise.resolve();
  await Promise.resolve();
  assert.equal(latest.busy, false);
});

test('the feed keeps the newest of each kind, the rails apart, and firmware by device', () => {
  let now = 1000;
  const clock = mock.method(performance, 'now', () => now);
  const feed = new Feed();
  const told = [];
  for (const kind of ['imu', 'power', 'lighting', 'firmware', 'error']) feed.addEventListener(kind, () => told.push(kind));
  const at = (ms) => new Date(1_900_000_000_000 + ms).toISOString();
  const v = { x: 1, y: 2, z: 3 };
  for (let i = 0; i < 20; i++) {
    feed.take({ imu: { has_sample: true, updated_at: at(now), update_interval_ms: 50, accel: v, gyro: v }, power: { volts: 5, updated_at: at(now), sources: [{ label: 'main', volts: 5 }, { label: 'main', bus: 'i2c-1', amps: 1 }] } });
    now += 100;
  }
  assert.deepEqual(feed.motion.columns('ax', 'gy', 'mz').slice(1).map((c) => c.at(-1)), [1, 2, null]);
  assert.deepEqual([...feed.rails.keys()], [MAIN_RAIL, 'main', 'main i2c-1']);
  assert.equal(feed.rate(), 10);
  now += 5000;
  assert.equal(feed.rate(), 0);
  feed.take({ firmware: { device_id: 'tof-0', firmware: 'a', status: 'queued', timestamp_ms: 1 } });
  feed.take({ firmware: { device_id: 'x', firmware: 'a', status: 'queued', timestamp_ms: 1 } });
  feed.take({ firmware: { device_id: 'tof-0', firmware: 'a', status: 'complete', timestamp_ms: 2 } });
  assert.deepEqual(feed.firmware.map((f) => [f.device_id, f.status]), [['tof-0', 'complete'], ['x', 'queued']]);
  feed.take({ status: 'sensors_stream_unavailable', reason: 'subscribe requires kinds' });
  assert.equal(feed.error, 'subscribe requires kinds');
  feed.take({ imu: { has_sample: false, last_error: 'no IMU was detected' } });
  assert.deepEqual([feed.error, feed.imu.last_error], ['', 'no IMU was detected']);
  assert.deepEqual(told.slice(-3), ['firmware', 'error', 'imu']);
  clock.mock.restore();
});

test('axes stand still while values wander', () => {
  for (const [v, want] of [[1, 1], [1.05, 2], [2.4, 5], [0.031, 0.05], [7.6, 10], [80, 100], [0, 0], [-1, 0]]) assert.ok(Math.abs(niceCeil(v) - want) < 1e-12, `${v}: ${niceCeil(v)}`);
  assert.deepEqual(aroundZero(0.2)(0.9, -1.2), [-1.5, 1.5]);
  assert.deepEqual(aroundZero(5)(0, 0), [-5, 5]);
  assert.deepEqual(fromZero(1)(4.2, 3), [0, 5]);
  const [low, high] = fitting(0.1)(5.08, 5.04);
  assert.ok(low < 5.04 && high > 5.08 && high - low < 0.25, `${low} ${high}`);
});

test('simulated devices are known by their own words', () => {
  assert.equal(saysSimulated('simulated IMU'), true);
  assert.equal(saysSimulated(undefined, null, 'simulated: copying'), true);
  assert.equal(saysSimulated('mpu9250 on i2c-1', ''), false);
});
