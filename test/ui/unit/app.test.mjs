import '../esm.mjs';
import assert from 'node:assert/strict';
import { mock, test } from 'node:test';

const js = '../../../internal/webui/static/js';
globalThis.WebSocket ??= { OPEN: 1 };
globalThis.HTMLElement ??= class {};
globalThis.customElements ??= { define() {} };
const { isoDuration } = await import(`${js}/app/agent.js`);
const { AppLink } = await import(`${js}/app/link.js`);
const { LogFeed, lineOf: logLine, REPLAY } = await import(`${js}/app/log-feed.js`);
const { EventFeed, lineOf: eventLine } = await import(`${js}/app/event-feed.js`);
const { findParts } = await import(`${js}/offer.js`);
const { offered, views } = await import(`${js}/views.js`);
const { HttpError } = await import(`${js}/lib/http.js`);
assert.ok(HttpError);

test('durations of ISO 8601', () => {
  for (const [text, want] of [
    ['PT5M30S', 330_000], ['PT1H30M15S', 5_415_000], ['P2DT3H', 183_600_000], ['PT0.25S', 250], ['PT0S', 0],
    ['P', NaN], ['PT', NaN], ['5 s', NaN], ['', NaN], [undefined, NaN],
  ]) assert.ok(Object.is(isoDuration(text), want), `${text}: ${isoDuration(text)}`);
});

test('views are offered by part, with small letters when there is one part alone', () => {
  assert.deepEqual(offered(new Set(['device'])).map((v) => v.key), views.filter((v) => v.part === 'device').map((v) => v.key));
  assert.deepEqual(offered(new Set(['app'])).map((v) => v.key), ['l', 'n', 'p', 'e', 's', 'b']);
  const both = offered(new Set(['device', 'app']));
  assert.equal(both.length, views.length);
  assert.equal(new Set(both.map((v) => v.key)).size, views.length, 'no shortcut twice');
});

/** Answers by the end of the path: a status, or undefined for no answer. */
function answering(statuses) {
  const asked = [];
  globalThis.fetch = async (url) => {
    const path = Object.keys(statuses).find((p) => String(url).endsWith(p));
    asked.push(path);
    const status = typeof statuses[path] === 'function' ? statuses[path]() : statuses[path];
    if (status === undefined) throw new TypeError('down');
    return new Response('{}', { status });
  };
  return asked;
}

test('the parts of a server are what it says, and else what answers', async () => {
  let asked = answering({});
  assert.deepEqual([...(await findParts({ said: 'app nonsense' }))], ['app']);
  assert.deepEqual(asked, [], 'what was said is not asked');
  for (const [device, app, want] of [[200, 404, ['device']], [404, 200, ['app']], [200, 200, ['device', 'app']], [401, 404, ['device']], [404, 403, ['app']]]) {
    answering({ 'v1/health': device, 'api/v1/agent/status': app });
    assert.deepEqual([...(await findParts({ said: '' }))], want, `${device} ${app}`);
  }
});

test('a server that does not answer yet is asked again, and no part is left out for it', async () => {
  let rounds = 0;
  answering({ 'v1/health': () => (rounds > 0 ? 200 : undefined), 'api/v1/agent/status': () => (rounds > 1 ? 200 : 503) });
  const parts = await findParts({ said: '', wait: async () => void rounds++ });
  assert.deepEqual([...parts], ['device', 'app']);
  assert.equal(rounds, 2);
});

/** Sockets that do what the test says. */
class FakeSocket {
  static all = [];
  readyState = 0;
  sent = [];
  constructor(url) {
    this.url = url;
    FakeSocket.all.push(this);
  }
  send(text) { this.sent.push(JSON.parse(text)); }
  close(code) { this.closed = code; }
  opens() { this.readyState = 1; this.onopen(); }
  says(message) { this.onmessage({ data: typeof message === 'string' ? message : JSON.stringify(message) }); }
  drops(code = 1006, reason = '') { this.readyState = 3; this.onclose?.({ code, reason }); }
  get path() { return new URL(this.url).pathname.replace(/^.*\/(ws\/)/, '$1') + new URL(this.url).search; }
}

class FakeAgent extends EventTarget {
  polling = false;
  error = undefined;
  answeredAt = NaN;
  reads = 0;
  poll(on) { this.polling = on; }
  async read() { this.reads++; return 'ok'; }
  answered(error) {
    this.error = error;
    if (!error) this.answeredAt = performance.now();
    this.dispatchEvent(new Event('change'));
  }
}

function makeLink() {
  FakeSocket.all = [];
  const agent = new FakeAgent();
  const link = new AppLink(agent, { connect: (url) => new FakeSocket(url), random: () => 0 });
  const channel = (handlers) => {
    const events = [];
    const handle = link.channel(() => 'ws/v1/network?replay=1', {
      message: (m) => events.push(m.type), opened: () => events.push('opened'), lost: (code, reason) => events.push(`lost ${code} ${reason}`),
      ended: (code) => events.push(`ended ${code}`), ...handlers,
    });
    return { events, handle, socket: () => FakeSocket.all.at(-1) };
  };
  return { agent, link, channel, life: () => FakeSocket.all.findLast((s) => s.path.includes('lifecycle')) };
}

test('the state of the connection is that of the lifecycle channel and of HTTP', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  const { agent, link, life } = makeLink();
  assert.equal(link.status.phase, 'paused');
  link.want(true);
  assert.equal(agent.polling, true);
  assert.equal(link.status.phase, 'connecting');
  assert.equal(life().path, 'ws/v1/ui/events?events=lifecycle');
  life().opens();
  assert.equal(link.status.phase, 'live');
  life().says({ type: 'lifecycle', data: { state: 'paused', timestamp: '2026-03-04T10:00:00.000Z' } });
  assert.deepEqual(link.life, { state: 'paused', since: Date.parse('2026-03-04T10:00:00Z') });
  agent.answered('no answer within 3 s');
  assert.equal(link.status.phase, 'stalled');
  agent.answered();
  assert.equal(link.status.phase, 'live');
  life().drops(1001);
  assert.equal(link.status.phase, 'waiting');
  assert.equal(link.status.reason, 'the agent is shutting down');
  const before = FakeSocket.all.length;
  t.mock.timers.tick(250);
  assert.equal(FakeSocket.all.length, before + 1, 'it comes back by itself');
  link.want(false);
  assert.equal(link.status.phase, 'paused');
  assert.equal(life().closed, 1000);
  assert.equal(agent.polling, false);
});

test('a socket that stays open while HTTP is silent is given up', (t) => {
  let now = 1000;
  t.mock.method(performance, 'now', () => now);
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  const { agent, link, life, channel } = makeLink();
  link.want(true);
  life().opens();
  agent.answered();
  const c = channel();
  c.socket().opens();
  now += 15_000;
  agent.answered('no answer');
  assert.equal(link.status.phase, 'stalled');
  now += 10_000;
  agent.answered('no answer');
  assert.equal(link.status.phase, 'waiting');
  assert.deepEqual(c.events, ['opened', 'lost 0 the agent does not answer']);
});

test('a channel is tried again, sooner at first, and at once when the agent is back', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  const { agent, link, life, channel } = makeLink();
  link.want(true);
  life().opens();
  const c = channel();
  const waits = [];
  for (let i = 0; i < 4; i++) {
    const socket = c.socket();
    socket.drops();
    let waited = 0;
    while (c.socket() === socket && waited < 20_000) {
      t.mock.timers.tick(100);
      waited += 100;
    }
    waits.push(waited);
  }
  assert.deepEqual(waits, [200, 400, 800, 1600]);
  assert.ok(agent.reads >= 4, 'HTTP is asked why a handshake failed');
  c.socket().drops();
  const socket = c.socket();
  life().drops(1001);
  t.mock.timers.tick(200);
  life().opens();
  assert.notEqual(c.socket(), socket, 'not after its own delay');
  c.handle.close();
  assert.equal(FakeSocket.all.at(-1).closed, 1000);
});

test('what ends a channel on purpose is told and not tried again; what is unreadable is counted', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  const { link, channel } = makeLink();
  for (const code of [1000, 1008]) {
    const c = channel();
    c.socket().opens();
    c.socket().says('{');
    c.socket().says({ type: 'replay' });
    const sockets = FakeSocket.all.length;
    c.socket().drops(code);
    t.mock.timers.tick(60_000);
    assert.deepEqual(c.events, ['opened', 'replay', `ended ${code}`]);
    assert.equal(FakeSocket.all.length, sockets);
  }
  assert.equal(link.unreadable, 2);
});

test('without a token everything rests until there is one', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  const { agent, link, life, channel } = makeLink();
  link.want(true);
  const c = channel();
  life().drops();
  link.needAuthorisation();
  agent.answered('401');
  t.mock.timers.tick(60_000);
  assert.equal(link.status.phase, 'unauthorised');
  const sockets = FakeSocket.all.length;
  link.retryNow();
  assert.equal(FakeSocket.all.length, sockets + 2);
  life().opens();
  agent.answered();
  assert.equal(link.status.phase, 'live');
  c.handle.close();
});

const entry = (n, more = {}) => ({ timestamp: `2026-03-04T10:00:${String(n % 60).padStart(2, '0')}.000Z`, level: 'info', category: 'c', message: `m${n}`, source: 'native', ...more });

function logFeed() {
  const out = [];
  const feed = new LogFeed({ lines: (lines) => out.push(...lines.map((l) => l.text)), note: (text, tone) => out.push(`${tone}: ${text}`), state() {} });
  const replay = (...ns) => feed.take({ type: 'replay', data: { entries: ns.map((n) => entry(n)).reverse() } });
  const log = (n) => feed.take({ type: 'log', data: { entry: entry(n) } });
  return { feed, out, replay, log };
}

test('a replay of the log is shown oldest first and joined without a repetition', () => {
  const { feed, out, replay, log } = logFeed();
  replay(1, 2);
  log(3);
  feed.lost(1006);
  replay(1, 2, 3, 4);
  log(5);
  assert.deepEqual(out.filter((l) => l.startsWith('m')), ['m1', 'm2', 'm3', 'm4', 'm5']);
  const notes = out.filter((l) => !l.startsWith('m'));
  assert.equal(notes.length, 1);
  assert.match(notes[0], /^info: The connection was lost at .*; reconnected, nothing is missing\.$/);
});

test('what may be missing is said: after slow reading, after another run of the agent, after being out of sight', () => {
  const slow = logFeed();
  slow.replay(1);
  slow.feed.lost(1013);
  slow.feed.lost(1006);
  slow.replay(...Array.from({ length: REPLAY }, (_, i) => 100 + i));
  assert.match(slow.out[1], /^warn: This page read too slowly and the agent let it go at .*; reconnected, entries may be missing here\.$/);

  const again = logFeed();
  again.replay(1);
  again.feed.lost(1006);
  again.replay(7);
  assert.match(again.out[1], /may be missing here\. The agent was started anew\.$/);

  const away = logFeed();
  away.replay(1);
  away.replay(1, 2);
  assert.deepEqual(away.out, ['m1', 'm2'], 'nothing to say when the two meet');
  away.replay(9);
  assert.match(away.out[2], /^warn: Entries may be missing here: this view was out of sight\./);
});

test('a log entry becomes a line in parts', () => {
  assert.deepEqual(logLine(entry(1, { level: 'critical', exception: 'a\nb' })), {
    at: Date.parse('2026-03-04T10:00:01Z'), text: 'm1', level: 'crit', label: 'critical', origin: 'c', more: 'a\nb', item: entry(1, { level: 'critical', exception: 'a\nb' }),
  });
});

test('events: the snapshot of a new connection repeats nothing, and the gap is said', () => {
  const out = [];
  const feed = new EventFeed({ lines: (lines) => out.push(...lines.map((l) => `${l.label} ${l.text}`)), note: (text) => out.push(text), state() {} });
  const at = '2026-03-04T10:00:00.000Z';
  const life = (state, timestamp = at) => feed.take({ type: 'lifecycle', data: { state, timestamp } });
  feed.opened();
  life('started');
  feed.take({ type: 'navigation', data: { from: '/a', to: '/b', timestamp: at } });
  feed.take({ type: 'error', data: { message: 'boom', timestamp: at } });
  feed.lost(1013);
  feed.opened();
  life('started');
  feed.take({ type: 'navigation', data: { from: null, to: '/b', timestamp: at } });
  life('paused', '2026-03-04T10:00:09.000Z');
  feed.take({ type: 'themeChange', data: {} });
  assert.deepEqual(out.map((l) => l.replace(/ from \S+ to \S+;/, ' …;')), [
    'lifecycle started', 'navigation /a → /b', 'error boom',
    'This page read too slowly and the agent let it go …; events of that time are missing here: the agent keeps none.', 'lifecycle paused',
  ]);
  assert.deepEqual(feed.counts, { navigation: 1, lifecycle: 2, treeChange: 0, alert: 0, error: 1 });
  assert.deepEqual([feed.route, feed.state], ['/b', 'paused']);
});

test('each kind of event has its line', () => {
  const timestamp = '2026-03-04T10:00:00.000Z';
  const of = (type, data) => { const { origin, text, more } = eventLine({ type, data: { timestamp, ...data } }); return [origin, text, more]; };
  assert.deepEqual(of('treeChange', { changeType: 'added', elementId: 'e-1', elementType: 'Row', parentId: 'e-0' }), ['added', 'Row e-1 in e-0', undefined]);
  assert.deepEqual(of('alert', { title: 'Delete?', message: null, buttons: ['OK', 'Cancel'] }), ['Delete?', '[OK]  [Cancel]', undefined]);
  assert.deepEqual(of('error', { message: 'boom', stackTrace: 'at x' }), ['', 'boom', 'at x']);
  assert.deepEqual(of('navigation', { from: null, to: '/o/1', route: '/o/:id' }), ['', '/o/1  (/o/:id)', undefined]);
});

mock.reset();
