import '../esm.mjs';
import assert from 'node:assert/strict';
import { test } from 'node:test';

const js = '../../../internal/webui/static/js/app';
const { ProfilerFeed, MAX_SPANS } = await import(`${js}/profiler/feed.js`);
const { colourOf, lanes } = await import(`${js}/profiler/lanes.js`);
const { Devices, MAX_DEVICES, strength } = await import(`${js}/ble/devices.js`);
const { BleFeed } = await import(`${js}/ble/feed.js`);

const T0 = Date.parse('2026-03-04T10:00:00Z');
const sample = (n, more = {}) => ({ tsUtc: new Date(T0 + n * 500).toISOString(), cpuPercent: n, managedBytes: 1000, gc0: 1, gc1: 0, gc2: 0, ...more });
const batch = (more) => ({ type: 'batch', data: { sessionId: 's1', samples: [], markers: [], spans: [], sampleCursor: 0, markerCursor: 0, spanCursor: 0, isActive: true, ...more } });

/** A feed on a link that notes where it asks, and an agent that lists sessions. */
function makeFeed(sessions = []) {
  const asked = [];
  let handlers, path;
  const link = {
    channel(p, h) {
      [path, handlers] = [p, h];
      asked.push(p());
      return { reopen: () => asked.push(p()), close() {} };
    },
  };
  globalThis.fetch = async (url) => new Response(JSON.stringify(String(url).endsWith('capabilities') ? { available: true } : sessions));
  const feed = new ProfilerFeed();
  return { feed, asked, open: () => feed.open(link), handlers: () => handlers, path: () => path(), sessions };
}

const info = (sessionId, isActive = true) => ({ sessionId, startedAtUtc: '2026-03-04T10:00:00Z', sampleIntervalMs: 250, isActive });

test('a session is followed from its cursors', async () => {
  const { feed, open, path, sessions } = makeFeed();
  sessions.push(info('s1'));
  const close = open();
  assert.match(path(), /sessionId=current&sampleCursor=0/);
  await feed.look();
  assert.match(path(), /sessionId=s1&sampleCursor=0/);
  feed.take(batch({ samples: [sample(1), sample(2)], sampleCursor: 2, markers: [{ tsUtc: sample(1).tsUtc, type: 'gc', name: 'gc' }], markerCursor: 1 }));
  assert.match(path(), /sessionId=s1&sampleCursor=2&markerCursor=1&spanCursor=0/);
  assert.deepEqual(feed.series.cpu, [1, 2]);
  assert.deepEqual(feed.series.gc, [1, 1]);
  assert.deepEqual(feed.series.fps, [null, null]);
  assert.deepEqual([feed.active, feed.missed, feed.session.sampleIntervalMs], [true, 0, 250]);
  close();
});

test('what was evicted before it was read is counted', () => {
  const { feed } = makeFeed([info('s1')]);
  feed.take(batch({ samples: [sample(1)], sampleCursor: 1 }));
  feed.take(batch({ samples: [sample(9)], sampleCursor: 9, spanCursor: 3, spans: [] }));
  assert.equal(feed.missed, 7 + 3);
});

test('the end is told once, and a newer session replaces the one that was followed', async () => {
  const { feed, open, asked, sessions } = makeFeed([info('s1')]);
  const close = open();
  await feed.look();
  feed.take(batch({ samples: [sample(4)], sampleCursor: 1 }));
  feed.take(batch({ sampleCursor: 1, isActive: false }));
  feed.take({ type: 'stopped', data: { sessionId: 's1' } });
  assert.deepEqual([feed.active, feed.endedAt], [false, T0 + 2000]);
  sessions.unshift(info('s2'));
  await feed.look();
  assert.match(asked.at(-1), /sessionId=s2&sampleCursor=0/);
  assert.deepEqual([feed.active, feed.times.length, feed.seen.samples], [true, 0, 0]);
  close();
});

test('an agent that was started anew does not know the session: it begins again', async () => {
  const { feed, open, handlers, path, sessions } = makeFeed([info('s1')]);
  const close = open();
  await feed.look();
  feed.take(batch({ samples: [sample(1)], sampleCursor: 1 }));
  sessions.length = 0;
  handlers().ended(1008);
  assert.equal(feed.session, undefined);
  assert.match(path(), /sessionId=current&sampleCursor=0/);
  close();
});

test('spans are bounded', () => {
  const { feed } = makeFeed([info('s1')]);
  const span = (n) => ({ spanId: `x${n}`, startTsUtc: new Date(T0 + n).toISOString(), durationMs: 5, kind: 'k', name: 'n' });
  for (let i = 0; i < 5; i++) feed.take(batch({ spans: Array.from({ length: 1000 }, (_, k) => span(i * 1000 + k)), spanCursor: (i + 1) * 1000 }));
  assert.equal(feed.spans.length, MAX_SPANS);
  assert.deepEqual([feed.seen.spans, feed.missed, feed.spans.at(-1).spanId], [5000, 0, 'x4999']);
});

test('no span overlaps another in its lane, and what is within a span is below it', () => {
  const s = (at, end) => ({ at, end });
  const placed = lanes([s(5, 8), s(0, 10), s(0, 4), s(10, 12), s(6, 7)]);
  assert.deepEqual(placed.map(({ span, lane }) => [span.at, span.end, lane]), [[0, 10, 0], [0, 4, 1], [5, 8, 1], [6, 7, 2], [10, 12, 0]]);
  const crowded = lanes(Array.from({ length: 40 }, () => s(0, 9)), 12);
  assert.equal(Math.max(...crowded.map((p) => p.lane)), 11);
  assert.equal(colourOf('db.query', 5), colourOf('db.query', 5));
});

test('devices are made of events', () => {
  const devices = new Devices();
  const take = (type, id, more = {}) => devices.take({ type, timestamp: new Date(T0).toISOString(), deviceId: id, ...more });
  take('scan_result', 'a', { rssi: -80, deviceName: 'Lamp', data: 'tx=1' });
  take('scan_result', 'b', { rssi: -40 });
  take('scan_result', 'c', { rssi: -90 });
  take('connected', 'c');
  take('adapter_state_changed', undefined);
  take('scan_result', 'a', { rssi: -78 });
  assert.deepEqual(devices.sorted().map((d) => d.id), ['c', 'b', 'a'], 'connected first, then by signal');
  const a = devices.sorted().at(-1);
  assert.deepEqual([a.name, a.events, a.adv, Math.round(a.rssi)], ['Lamp', 2, 'tx=1', -79]);
  for (let i = 0; i < MAX_DEVICES + 10; i++) take('scan_result', `n${i}`);
  assert.deepEqual([devices.size, devices.dropped], [MAX_DEVICES, 13]);
  assert.deepEqual([strength(-100), strength(-70), strength(-20), strength(NaN)], [0, 0.5, 1, 0]);
});

test('Bluetooth events are joined after an interruption', () => {
  const out = [];
  const feed = new BleFeed({ events: (events) => out.push(...events.map((e) => e.data)), note: (text, tone) => out.push(`${tone} ${text}`), state() {} });
  let handlers;
  feed.open({ channel: (_p, h) => (handlers = h) });
  const e = (data) => ({ type: 'notification', timestamp: new Date(T0).toISOString(), data });
  handlers.message({ type: 'replay', data: { events: [e('1'), e('2')] } });
  handlers.message({ type: 'ble_event', data: e('3') });
  handlers.lost(1006);
  handlers.message({ type: 'replay', data: { events: [e('2'), e('3'), e('4')] } });
  handlers.message({ type: 'error', data: { message: 'the adapter went away' } });
  assert.deepEqual(out.map((l) => l.replace(/at \S+;/, 'at …;')), ['1', '2', '3', 'info The connection was lost at …; reconnected, nothing is missing.', '4', 'warn the adapter went away']);
  handlers.lost(1013);
  handlers.message({ type: 'replay', data: { events: [e('9')] } });
  assert.match(out.at(-2), /^warn This page read too slowly .* events may be missing here\.$/);
});
