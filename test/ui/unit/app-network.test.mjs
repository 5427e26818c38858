import '../esm.mjs';
import assert from 'node:assert/strict';
import { test } from 'node:test';

const js = '../../../internal/webui/static/js/app/network';
const { ExchangeStore, keyOf, MAX_EXCHANGES } = await import(`${js}/store.js`);
const { contentOf, exchangeFilter, outcomeOf } = await import(`${js}/filter.js`);
const { place, rangeOf, short, ticks } = await import(`${js}/scale.js`);
const { decode, formFields, hexDump, prettyJSON, remarks } = await import(`${js}/body.js`);
const { toCurl } = await import(`${js}/curl.js`);

const x = (id, ms = 0, more = {}) => ({
  id: String(id), timestamp: new Date(1_800_000_000_000 + ms).toISOString(), method: 'GET', url: `https://api.test/v1/${id}?a=1`, host: 'api.test', path: `/v1/${id}`,
  statusCode: 200, durationMs: 10, responseContentType: 'application/json', ...more,
});
const ids = (store) => store.list.map((e) => e.id).join('');

test('exchanges are in the order of their start, each once', () => {
  const store = new ExchangeStore();
  assert.equal(store.replay([x('c', 30), x('a', 10)]), 'first');
  assert.equal(store.add(x('b', 20)), true);
  assert.equal(store.add(x('b', 20)), false);
  store.add(x('d', 40, { durationMs: 5 }));
  assert.equal(ids(store), 'abcd');
  assert.equal(store.withId('d').end - store.withId('d').at, 5);
});

test('a replay joins what is known, tells when it does not, and marks what the agent has let go', () => {
  const store = new ExchangeStore();
  store.replay([x('b', 20), x('a', 10)]);
  assert.equal(store.replay([x('c', 30), x('b', 20)]), 'joined');
  assert.equal(ids(store), 'abc');
  assert.deepEqual(store.list.map((e) => e.gone), [true, false, false]);
  assert.equal(store.replay([x('z', 90)]), 'torn');
  assert.equal(ids(store), 'abcz');
  store.add(x('z', 95));
  assert.equal(ids(store), 'abczz', 'another agent may give an id again');
  assert.equal(store.withId('z').at, store.list[4].at);
  store.clear();
  assert.equal(store.list.length, 0);
  assert.equal(store.replay([x('a', 10)]), 'first');
});

test('the store is bounded, the oldest leave, and may come back', () => {
  const store = new ExchangeStore();
  for (let i = 0; i < MAX_EXCHANGES + 3; i++) store.add(x(i, i));
  assert.equal(store.list.length, MAX_EXCHANGES);
  assert.equal(store.dropped, 3);
  assert.equal(store.list[0].id, '3');
  assert.equal(store.withId('0'), undefined);
  assert.equal(store.get(keyOf(x(3, 3))).id, '3');
});

test('outcomes and contents', () => {
  for (const [more, want] of [[{}, 'ok'], [{ statusCode: 304 }, 'ok'], [{ statusCode: 404 }, '4'], [{ statusCode: 503 }, '5'], [{ statusCode: undefined }, 'failed'], [{ error: 'reset' }, 'failed']]) {
    assert.equal(outcomeOf(x(1, 0, more)), want);
  }
  for (const [type, want] of [
    ['application/json', 'data'], ['application/problem+json', 'data'], ['application/xhtml+xml', 'document'], ['text/html', 'document'], ['image/svg+xml', 'media'],
    ['text/css', 'script'], ['application/javascript', 'script'], ['video/mp4', 'media'], ['application/octet-stream', 'other'], [undefined, 'other'],
  ]) assert.equal(contentOf(x(1, 0, { responseContentType: type })), want, type);
});

test('the filter takes words, fields and their opposite', () => {
  const list = [x('orders'), x('login', 1, { method: 'POST', statusCode: 401 }), x('logo', 2, { host: 'cdn.test', url: 'https://cdn.test/logo.png', path: '/logo.png', responseContentType: 'image/png' }), x('slow', 3, { statusCode: undefined, error: 'i/o timeout' })];
  const found = (...f) => list.filter(exchangeFilter(...f)).map((e) => e.id).join();
  assert.equal(found('', '', ''), 'orders,login,logo,slow');
  assert.equal(found('ORDERS', '', ''), 'orders');
  assert.equal(found('method:post', '', ''), 'login');
  assert.equal(found('status:4xx', '', ''), 'login');
  assert.equal(found('status:200 -host:cdn', '', ''), 'orders');
  assert.equal(found('timeout', '', ''), 'slow');
  assert.equal(found('type:image', '', ''), 'logo');
  assert.equal(found('path:/v1 -', '', ''), 'orders,login,slow');
  assert.equal(found('', 'failed', ''), 'slow');
  assert.equal(found('', 'ok', 'media'), 'logo');
});

test('the axis of the waterfall', () => {
  const range = rangeOf([{ at: 1000, end: 1400 }, { at: 1200, end: 2000 }]);
  assert.deepEqual(range, { from: 1000, to: 2000 });
  assert.deepEqual(place(range, { at: 1200, end: 1400 }), [0.2, 0.2]);
  assert.deepEqual(rangeOf([]), { from: 0, to: 1 });
  assert.deepEqual(rangeOf([{ at: 5, end: 5 }]), { from: 5, to: 6 });
  assert.deepEqual(ticks(1000), [250, 500, 750]);
  assert.deepEqual(ticks(930), [250, 500, 750]);
  for (const [ms, text] of [[0.25, '0.25 ms'], [0, '0 ms'], [12.4, '12 ms'], [1500, '1.5 s'], [12_340, '12.3 s'], [90_000, '1 min 30 s'], [3_700_000, '1 h 1 min']]) assert.equal(short(ms), text);
});

test('bodies', () => {
  assert.equal(prettyJSON('{"a":[1]}'), '{\n  "a": [\n    1\n  ]\n}');
  assert.equal(prettyJSON('{"a":'), undefined);
  assert.deepEqual(formFields('a=1&b=x+y&a=2'), [['a', '1'], ['b', 'x y'], ['a', '2']]);
  assert.equal(formFields('no form'), undefined);
  assert.deepEqual([...decode('AQID')], [1, 2, 3]);
  assert.deepEqual([...decode('AQIDBA')], [1, 2, 3], 'a cut end is left out');
  assert.equal(hexDump(new Uint8Array([0x48, 0x69, 0])), `000000  48 69 00${' '.repeat(39)}  Hi.`);
  assert.equal(hexDump(new Uint8Array(100), 32).split('\n').length, 2);
});

test('what is told of a body: size, binary, what was cut', () => {
  const body = { text: 'x'.repeat(1024), encoding: 'utf-8', type: 'text/plain', size: 5 << 20, cut: true };
  assert.deepEqual(remarks(body), { line: 'text/plain · 5.00 MiB', cut: 'Cut: the agent kept the first 1.00 KiB of 5.00 MiB.' });
  assert.deepEqual(remarks({ ...body, text: 'AAAA', encoding: 'base64', type: '', size: 3, cut: false }), { line: 'type unknown · 3 B · binary', cut: '' });
});

test('a curl command quotes what a shell would take apart', () => {
  assert.equal(toCurl({ ...x(1), url: "https://a.test/?q='", requestHeaders: { Host: ['a.test'], Accept: ['a', 'b'] } }), String.raw`curl 'https://a.test/?q='\''' -H 'Accept: a' -H 'Accept: b'`);
  assert.equal(toCurl({ ...x(1), url: 'https://a.test/', method: 'POST', requestBody: '{"a":1}' }), `curl 'https://a.test/' --data-raw '{"a":1}'`);
  assert.equal(toCurl({ ...x(1), url: 'https://a.test/', method: 'DELETE' }), `curl 'https://a.test/' -X DELETE`);
});
