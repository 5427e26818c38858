import '../esm.mjs';
import assert from 'node:assert/strict';
import { beforeEach, mock, test } from 'node:test';

/** The sockets made so far; the newest is last. @type {FakeSocket[]} */
let sockets = [];

class FakeSocket {
  static OPEN = 1;
  readyState = 0;
  sent = [];
  closed = false;

  constructor(url) {
    this.url = url;
    sockets.push(this);
  }

  send(data) {
    this.sent.push(JSON.parse(data));
  }

  close() {
    this.closed = true;
    this.readyState = 3;
  }

  open() {
    this.readyState = 1;
    this.onopen?.();
  }

  receive(cmd, payload) {
    this.onmessage?.({ data: JSON.stringify({ cmd, payload, 'sent-at': '2031-02-27T13:46:40.000Z' }) });
  }

  fail(code = 1006, reason = '') {
    this.readyState = 3;
    this.onclose?.({ code, reason });
  }
}

globalThis.WebSocket = FakeSocket;
const { Link, GIVE_UP_MS, STALLED_MS } = await import('../../../internal/webui/static/js/link.js');

let now = 0;
let probe;
mock.method(performance, 'now', () => now);

/** Lets virtual time pass in small steps, so that timers and the clock agree. */
function pass(ms) {
  for (let left = ms; left > 0; left -= 100) {
    now += Math.min(100, left);
    mock.timers.tick(Math.min(100, left));
  }
}

beforeEach(() => {
  mock.timers.reset();
  mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  sockets = [];
  now = 1000;
  probe = async () => ({ answer: 'failed', message: 'the device does not answer' });
});

function makeLink() {
  const link = new Link({ url: () => 'ws://device/v1/ws', probe: () => probe(), random: () => 1 });
  const phases = [];
  link.addEventListener('status', () => phases.push(link.status.phase));
  return { link, phases };
}

const collect = () => {
  const got = [];
  return { got, message: (m) => got.push(m) };
};
const commands = (socket) => socket.sent.map((m) => (m.cmd === 'channel.close' ? `close ${m.payload.cmd}` : m.cmd));

test('channels are asked for when the socket opens, and an envelope has exactly the keys of the contract', () => {
  const { link, phases } = makeLink();
  link.subscribe('device.telemetry', { interval_ms: 500 }, collect());
  link.subscribe('devices.updates', undefined, collect());
  link.start();
  assert.deepEqual(sockets[0].sent, []);
  sockets[0].open();
  assert.deepEqual(sockets[0].sent.map((m) => Object.keys(m)), [['cmd', 'payload', 'sent-at'], ['cmd', 'sent-at']]);
  assert.deepEqual(sockets[0].sent[0].payload, { interval_ms: 500 });
  assert.ok(!Number.isNaN(Date.parse(sockets[0].sent[0]['sent-at'])));
  sockets[0].receive('device.telemetry', {});
  assert.deepEqual(phases, ['connecting', 'live']);
});

test('two subscribers share a channel; the last to leave closes it', () => {
  const { link } = makeLink();
  const a = collect();
  const b = collect();
  link.start();
  sockets[0].open();
  const first = link.subscribe('x', { n: 1 }, a);
  const second = link.subscribe('x', undefined, b);
  assert.deepEqual(commands(sockets[0]), ['x']);
  sockets[0].receive('x', 1);
  first.close();
  sockets[0].receive('x', 2);
  second.close();
  assert.deepEqual([a.got, b.got], [[1], [1, 2]]);
  assert.deepEqual(commands(sockets[0]), ['x', 'close x']);
});

test('messages of a former opening do not reach the next one', () => {
  const { link } = makeLink();
  const a = collect();
  link.start();
  sockets[0].open();
  link.subscribe('x', undefined, collect()).close();
  link.subscribe('x', undefined, a);
  sockets[0].receive('x', 'old');
  sockets[0].receive('channel.closed', { cmd: 'x', reason: 'client' });
  sockets[0].receive('x', 'new');
  assert.deepEqual(a.got, ['new']);
});

test('an end that crosses a close does not swallow the next opening', () => {
  const { link } = makeLink();
  const a = collect();
  link.start();
  sockets[0].open();
  link.subscribe('x', undefined, collect()).close();
  link.subscribe('x', undefined, a);
  sockets[0].receive('channel.closed', { cmd: 'x', reason: 'ended' });
  sockets[0].receive('channel.error', { cmd: 'channel.close', code: 'not_open', message: '' });
  sockets[0].receive('x', 'new');
  assert.deepEqual(a.got, ['new']);
});

test('an end is told, or the channel is asked for again', () => {
  const { link } = makeLink();
  const ends = [];
  link.start();
  sockets[0].open();
  link.subscribe('told', undefined, { message() {}, ended: (reason) => ends.push(reason) });
  link.subscribe('again', undefined, collect());
  sockets[0].receive('channel.closed', { cmd: 'told', reason: 'ended' });
  sockets[0].receive('channel.closed', { cmd: 'again', reason: 'error' });
  pass(5000);
  assert.deepEqual(ends, ['ended']);
  assert.deepEqual(commands(sockets[0]), ['told', 'again', 'again']);
});

test('silence is a stall, a message ends it, long silence gives the socket up', () => {
  const { link, phases } = makeLink();
  link.subscribe('x', undefined, collect());
  link.start();
  sockets[0].open();
  sockets[0].receive('x', 1);
  pass(STALLED_MS - 500);
  assert.equal(link.status.phase, 'live');
  pass(1500);
  assert.equal(link.status.phase, 'stalled');
  sockets[0].receive('x', 2);
  assert.equal(link.status.phase, 'live');
  pass(GIVE_UP_MS + 1000);
  assert.ok(sockets[0].closed);
  assert.deepEqual(phases, ['connecting', 'live', 'stalled', 'live', 'stalled', 'waiting']);
  assert.match(link.status.reason, /^no message for \d+ s$/);
});

test('a server that accepts and then says nothing is given up too', () => {
  const { link } = makeLink();
  link.subscribe('x', undefined, collect());
  link.start();
  sockets[0].open();
  pass(GIVE_UP_MS + 1000);
  assert.equal(link.status.phase, 'waiting');
});

test('the wait between attempts grows to a bound, and a success resets it', () => {
  const { link } = makeLink();
  link.subscribe('x', undefined, collect());
  link.start();
  const waits = [];
  for (let i = 0; i < 8; i++) {
    sockets.at(-1).fail();
    waits.push(link.status.retryAt - now);
    pass(waits.at(-1) + 200);
  }
  assert.deepEqual(waits, [1000, 2000, 4000, 8000, 15000, 15000, 15000, 15000]);
  sockets.at(-1).open();
  sockets.at(-1).receive('x', 1);
  sockets.at(-1).fail();
  assert.equal(link.status.retryAt - now, 1000);
});

test('a new connection asks for what is wanted, and subscribers hear of the loss', () => {
  const { link } = makeLink();
  const heard = [];
  link.subscribe('x', { n: 1 }, { message() {}, opened: () => heard.push('opened'), lost: (why) => heard.push(why) });
  link.start();
  sockets[0].open();
  sockets[0].fail(1001);
  assert.equal(link.status.reason, 'the server is shutting down');
  link.retryNow();
  sockets[1].open();
  assert.deepEqual(sockets[1].sent.map((m) => m.payload), [{ n: 1 }]);
  assert.deepEqual(heard, ['opened', 'link', 'opened']);
});

test('messages of a socket that was given up are ignored', () => {
  const { link } = makeLink();
  const a = collect();
  link.subscribe('x', undefined, a);
  link.start();
  sockets[0].open();
  const { onmessage } = sockets[0];
  sockets[0].fail();
  link.retryNow();
  sockets[1].open();
  onmessage({ data: JSON.stringify({ cmd: 'x', payload: 'late' }) });
  assert.deepEqual(a.got, []);
});

test('why a handshake failed is asked for over HTTP', async () => {
  for (const [answer, phase, reason] of [
    [{ answer: 'unauthorised', message: '' }, 'unauthorised', undefined],
    [{ answer: 'failed', message: 'no answer within 3 s' }, 'waiting', 'no answer within 3 s'],
    [{ answer: 'ok', message: '' }, 'waiting', 'the socket was refused, although the device answers over HTTP'],
  ]) {
    sockets = [];
    probe = async () => answer;
    const { link } = makeLink();
    link.start();
    sockets[0].fail();
    await Promise.resolve();
    await Promise.resolve();
    assert.equal(link.status.phase, phase);
    if (reason) assert.equal(link.status.reason, reason);
    pass(3000);
    assert.equal(sockets.length, phase === 'unauthorised' ? 1 : 2, 'no attempt without a token');
    link.stop();
  }
});

test('a hidden page closes its channels and asks for them again', () => {
  const { link } = makeLink();
  const a = collect();
  link.subscribe('x', undefined, a);
  link.start();
  sockets[0].open();
  sockets[0].receive('x', 1);
  link.setHidden(true);
  assert.deepEqual(commands(sockets[0]), ['x', 'close x']);
  sockets[0].receive('channel.closed', { cmd: 'x', reason: 'client' });
  pass(60_000);
  assert.equal(link.status.phase, 'paused', 'silence says nothing when nothing is wanted');
  link.setHidden(false);
  assert.deepEqual(commands(sockets[0]), ['x', 'close x', 'x']);
  sockets[0].receive('x', 2);
  assert.equal(link.status.phase, 'live');
  assert.deepEqual(a.got, [1, 2]);
});

test('what cannot be read is counted and harms nothing', () => {
  const { link } = makeLink();
  const a = collect();
  link.subscribe('x', undefined, a);
  link.start();
  sockets[0].open();
  sockets[0].onmessage({ data: '{' });
  sockets[0].onmessage({ data: new ArrayBuffer(3) });
  sockets[0].receive('y', 1);
  sockets[0].receive('x', 1);
  assert.equal(link.unreadable, 1);
  assert.deepEqual(a.got, [1]);
});
