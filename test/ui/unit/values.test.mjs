import '../esm.mjs';
import assert from 'node:assert/strict';
import { test } from 'node:test';

const js = '../../../internal/webui/static/js';
const format = await import(`${js}/lib/format.js`);
const { History, HISTORY_SAMPLES } = await import(`${js}/history.js`);
const { Journal, JOURNAL_ROWS } = await import(`${js}/journal.js`);

test('amounts', () => {
  for (const [n, want] of [[0, '0 B'], [999, '999 B'], [1000, '0.98 KiB'], [1024, '1.00 KiB'], [10_240, '10.0 KiB'], [1_048_576, '1.00 MiB'], [25_323_552_768, '23.6 GiB'], [-2048, '−2.00 KiB'], [NaN, '–'], [2 ** 60, '1024 PiB']]) assert.equal(format.bytes(n), want);
  assert.equal(format.axisBytes(16 * 2 ** 30), '16 GiB');
  assert.equal(format.axisBytes(1.5 * 2 ** 30), '1.5 GiB');
  assert.equal(format.percent(12.34), '12.3 %');
});

test('times', () => {
  for (const [ms, want] of [[0, '0 s'], [59_999, '59 s'], [61_000, '1 min 1 s'], [3_600_000, '1 h 0 min'], [90_000_000, '1 d 1 h'], [-5, '0 s']]) assert.equal(format.duration(ms), want);
  for (const [ms, want] of [[10, '< 1 s'], [1500, '1 s'], [61_000, '1 min 1 s'], [NaN, 'never']]) assert.equal(format.age(ms), want);
  for (const [s, want] of [[45, '−45 s'], [60, '−1 min'], [720, '−12 min'], [75, '−1:15 min']]) assert.equal(format.sinceNow(s), want);
});

const sample = (t, cpu = 1) => ({ timestamp_ms: t, cpu: { usage_percent: cpu, cores: [] }, memory: { total_bytes: 2, used_bytes: 1, free_bytes: 1 }, disks: [] });

test('the history ignores repeats, keeps holes, starts anew when the clock is set back, and is bounded', () => {
  const history = new History();
  assert.equal(history.push(sample(1000)), true);
  assert.equal(history.push(sample(1000)), false);
  history.push(sample(2000, 2));
  assert.deepEqual(history.series.cpu, [1, 2]);
  history.push(sample(9000, 3));
  assert.deepEqual(history.series.cpu, [1, 2, null, 3], 'a hole is not bridged');
  history.push(sample(5000, 4));
  assert.deepEqual([history.series.cpu, history.times], [[4], [5]]);
  for (let i = 1; i <= HISTORY_SAMPLES + 50; i++) history.push(sample(5000 + i * 1000));
  assert.equal(history.times.length, HISTORY_SAMPLES);
  for (const values of Object.values(history.series)) assert.equal(values.length, HISTORY_SAMPLES);
});

function makeJournal() {
  let handlers;
  const journal = new Journal({ subscribe: (_cmd, _params, h) => ((handlers = h), { update() {}, close() {} }) });
  const change = (seq) => handlers.message({ type: 'change', event: { seq, timestamp_ms: 1 } });
  const back = () => (handlers.lost('link'), handlers.message({ type: 'ready', heartbeat_ms: 2000 }));
  const rows = () => journal.rows.map((r) => ('event' in r ? r.event.seq : r.note));
  return { journal, change, back, rows, handlers: () => handlers };
}

test('the journal tells missed changes by their numbers', () => {
  const { change, rows } = makeJournal();
  for (const seq of [5, 6, 9]) change(seq);
  assert.deepEqual(rows(), [5, 6, '2 earlier changes were missed', 9]);
});

test('an absence is told until the next number tells more', () => {
  const { change, back, rows } = makeJournal();
  change(1);
  back();
  back();
  assert.deepEqual(rows(), [1, 'the page was away; changes made meanwhile are not listed']);
  change(2);
  assert.deepEqual(rows(), [1, 2], 'nothing was missed after all');
  back();
  change(4);
  assert.deepEqual(rows(), [1, 2, '1 earlier change was missed', 4]);
  back();
  change(1);
  assert.deepEqual(rows().slice(4), ['the page was away; changes made meanwhile are not listed', 'the server was restarted: its numbering began anew', 1]);
});

test('the journal is bounded and counts what it drops', () => {
  const { journal, change, handlers } = makeJournal();
  for (let seq = 1; seq <= JOURNAL_ROWS + 10; seq++) change(seq);
  assert.deepEqual([journal.rows.length, journal.dropped, journal.seen], [JOURNAL_ROWS, 10, JOURNAL_ROWS + 10]);
  handlers().message({ type: 'error', message: 'updates stream lagged by 3 events' });
  assert.equal(journal.rows.at(-1).note, 'updates stream lagged by 3 events');
});
