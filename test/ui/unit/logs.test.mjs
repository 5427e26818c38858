import '../esm.mjs';
import assert from 'node:assert/strict';
import { test } from 'node:test';

const js = '../../../internal/webui/static/js';
const { levelOf, parts, gravity } = await import(`${js}/logs/level.js`);
const { LogStore, continuation, MAX_CHARS, MAX_LINES } = await import(`${js}/logs/store.js`);
const { parseQuery } = await import(`${js}/logs/search.js`);
const { LogFeed } = await import(`${js}/logs/feed.js`);

test('levels', () => {
  for (const [line, want] of [
    ['2031-02-27T13:46:46+0000 board api[412]: listening', ''],
    ['2031-02-27T13:46:46+0000 board kernel: Out of memory: Killed process 1', 'crit'],
    ['2031-02-27T13:46:46+0000 board sshd[1]: Failed password for root', 'err'],
    ['Feb 27 13:46:46 board engine[1]: WARNING: queue is full', 'warn'],
    ['time=x level=info msg="an error occurred"', 'info'],
    ['{"level":"error","msg":"fine"}', 'err'],
    ['{"severity":"3","msg":"x"}', 'err'],
    ['<4>usb 1-1: device descriptor read', 'warn'],
    ['<30>error word in an info line', 'info'],
    ['E0227 13:46:46.000001 12 main.go:1] oops', 'err'],
    ['[WARN] low voltage', 'warn'],
    ['board api[412]: 0 errors, 12 requests', ''],
    ['poll done errors=0 failed=0', ''],
    ['poll done err=<nil>', ''],
    ['[   12.345678] usb 1-1: new high-speed USB device', ''],
    ['terror and interrogation', ''],
    ['DEBUG: details', 'debug'],
    ['', ''],
  ]) assert.equal(levelOf(line), want, line);
  assert.ok(gravity('crit') > gravity('err') && gravity('err') > gravity('warn') && gravity('warn') > gravity('') && gravity('') > gravity('debug'));
});

test('a line is split without losing a character', () => {
  for (const line of [
    '2031-02-27T13:46:46+0000 board api[412]: listening: now', 'Feb  7 13:46:46 board cron[1]: x', '[   12.345678] usb 1-1: y', 'plain text: with a colon', '', '2031-02-27 13:46:46,123 z',
  ]) assert.equal(parts(line).join(''), line);
  assert.deepEqual(parts('2031-02-27T13:46:46+0000 board api[412]: listening: now'), ['2031-02-27T13:46:46+0000 ', 'board api[412]: ', 'listening: now']);
});

test('the store is bounded by lines, keeps the newest and counts the rest', () => {
  const store = new LogStore();
  for (let i = 0; i < MAX_LINES + 250; i++) store.add(0, `line ${i}`);
  assert.equal(store.lines.length, MAX_LINES);
  assert.equal(store.dropped, 250);
  assert.equal(store.lines[0].text, 'line 250');
  store.note(0, 'a remark', 'info');
  store.add(0, 'x');
  assert.equal(store.dropped, 252);
  store.clear();
  assert.deepEqual([store.lines.length, store.dropped], [0, 0]);
});

test('the store is bounded by size', () => {
  const store = new LogStore();
  const long = 'x'.repeat(1 << 16);
  for (let i = 0; i < 400; i++) store.add(0, long);
  assert.ok(store.lines.length * long.length <= MAX_CHARS);
  assert.equal(store.lines.length + store.dropped, 400);
  store.add(0, 'y'.repeat(MAX_CHARS + 1));
  assert.equal(store.lines.length, 1, 'the newest line is always kept');
});

test('a replay is joined where it continues what is known', () => {
  for (const [known, replay, want] of [
    [['a', 'b', 'c'], ['b', 'c', 'd'], 2],
    [['a', 'b', 'c'], ['a', 'b', 'c'], 3],
    [['a', 'b', 'c'], ['d', 'e'], -1],
    [['a', 'b', 'c'], [], -1],
    [[], ['a'], -1],
    // The same line again and again: rather twice than not at all.
    [['t', 't'], ['t', 't', 't', 't'], 2],
    // The longer agreement wins over the earlier one.
    [['a', 'x', 'b', 'x'], ['q', 'x', 'a', 'x', 'b', 'x', 'n'], 6],
    // The replay begins after a part of what is known.
    [['1', '2', '3', '4'], ['3', '4', '5', '6'], 2],
    // Only part of the end agrees: not the place.
    [['a', 'b'], ['z', 'b', 'c'], -1],
  ]) assert.equal(continuation(known, replay), want, `${known} + ${replay}`);
});

test('queries', () => {
  assert.equal(parseQuery('').pattern, undefined);
  assert.ok('A.B'.match(parseQuery('a.b').pattern));
  assert.equal('AxB'.match(parseQuery('a.b').pattern), null);
  assert.ok('axb'.match(parseQuery('/a.b/').pattern));
  assert.equal('AXB'.match(parseQuery('/a.b/').pattern), null);
  assert.ok('AXB'.match(parseQuery('/a.b/i').pattern));
  const bad = parseQuery('/(/');
  assert.equal(bad.pattern, undefined);
  assert.notEqual(bad.error, '');
  assert.ok('a/b'.match(parseQuery('a/b').pattern));
});

/** A feed on a link that hands out its handlers. */
function makeFeed(known = []) {
  const events = [];
  let handlers;
  const asked = [];
  const link = {
    subscribe(_cmd, params, h) {
      handlers = h;
      asked.push(params.source);
      h.opened();
      return { update: (p) => (asked.push(p.source), h.opened()), close() {} };
    },
  };
  const feed = new LogFeed(link, {
    lines: (lines) => events.push(...lines.map((l) => l.text)),
    note: (text) => events.push(`note: ${text}`),
    ready: (source) => events.push(`ready ${source.id}`),
    state: (state) => events.push(`(${state})`),
    known: () => known,
  });
  const line = (text) => handlers.message({ type: 'line', timestamp_ms: 1, line: text });
  const ready = (id) => handlers.message({ type: 'ready', source: { id } });
  return { feed, events, asked, line, ready, handlers: () => handlers };
}

test('lines of the former source are not shown under the next', () => {
  const { feed, events, line, ready, asked } = makeFeed();
  feed.open('a');
  ready('a');
  line('1');
  feed.open('b');
  line('2');
  ready('a');
  line('3');
  ready('b');
  line('4');
  assert.deepEqual(asked, ['a', 'b']);
  assert.deepEqual(events, ['(opening)', 'ready a', '(following)', '1', '(opening)', 'ready b', '(following)', '4']);
});

test('a replay after an interruption adds only what is new, or says that lines may be missing', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const joined = makeFeed(['a', 'b']);
  joined.feed.open('s');
  joined.ready('s');
  for (const text of ['a', 'b', 'c']) joined.line(text);
  assert.ok(!joined.events.includes('c'), 'not before the replay is over');
  t.mock.timers.tick(300);
  assert.deepEqual(joined.events.slice(3), ['c']);
  joined.line('d');
  assert.deepEqual(joined.events.slice(3), ['c', 'd']);

  const torn = makeFeed(['a', 'b']);
  torn.feed.open('s');
  torn.ready('s');
  torn.line('x');
  t.mock.timers.tick(300);
  assert.deepEqual(torn.events.slice(3), ['note: after an interruption; lines may be missing here', 'x']);
});

test('an error before and after the lines, and an end', () => {
  const { feed, events, ready, line, handlers } = makeFeed();
  feed.open('s');
  handlers().message({ type: 'error', message: 'unknown log source: s' });
  handlers().ended('error');
  assert.deepEqual(events, ['(opening)', '(failed)']);
  feed.open('t');
  ready('t');
  line('1');
  handlers().message({ type: 'eof' });
  handlers().ended('ended');
  assert.deepEqual(events.slice(2), ['(opening)', 'ready t', '(following)', '1', '(ended)']);
});
