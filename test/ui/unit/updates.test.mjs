import '../esm.mjs';
import assert from 'node:assert/strict';
import { test } from 'node:test';

const js = '../../../internal/webui/static/js';
const { cancellable, compareChecksums, ended, EVENTS, isChecksum, readChecksum, UpdaterModel } = await import(`${js}/updates/model.js`);
const { Speed } = await import(`${js}/updates/upload.js`);

const id = '1f6f6f4e-58b8-4a12-9f0a-7d6f0c2a9911';
const snapshot = (stage, more = {}) => ({ type: 'snapshot', state: stage && { update_id: id, stage, ...more }, cache_usage_bytes: 5 });
const texts = (model) => model.entries.map((e) => e.text).reverse();

/** A model that has heard of an update from its beginning to a stage. */
function told(...events) {
  const model = new UpdaterModel();
  model.take(snapshot(null));
  for (const event of events) model.take(event);
  return model;
}

test('an update is told from its beginning to its end', () => {
  const model = told(snapshot('downloading', { progress_percent: 3 }));
  assert.deepEqual([model.percent, model.steps()], [3, ['now', 'next', 'next', 'next', 'next', 'next']]);
  model.take({ type: 'stage_progress', update_id: id, percent: 60, detail: 'reading' });
  model.take({ type: 'stage_progress', update_id: id, percent: 61 });
  assert.deepEqual([model.percent, model.detail], [61, 'reading']);
  model.take(snapshot('verifying'));
  assert.deepEqual([model.percent, model.detail], [NaN, '']);
  model.take({ type: 'stage_complete', update_id: id });
  model.take(snapshot('awaiting_window'));
  model.take({ type: 'apply_scheduled', update_id: id, eta: '2031-02-27T13:46:40Z' });
  assert.equal(model.applyAt, Date.parse('2031-02-27T13:46:40Z'));
  model.take(snapshot('applying'));
  assert.deepEqual(model.steps(), ['done', 'done', 'done', 'now', 'next', 'next']);
  model.take({ type: 'apply_complete', update_id: id, reboot_required: false });
  model.take(snapshot('complete', { progress_percent: 100 }));
  assert.deepEqual(model.steps(), ['done', 'done', 'done', 'done', 'skipped', 'done']);
  model.take({ type: 'apply_complete', update_id: id, reboot_required: true });
  assert.deepEqual(model.steps(), Array(6).fill('done'));
  model.entries.shift();
  assert.deepEqual(texts(model), [
    'The image is being taken in.', 'The image is being verified.', 'The image is staged.', 'Installing is scheduled.', 'The image is being written.',
    'The update is installed; no restart is needed.', 'The update is complete.',
  ]);
});

test('a failure is marked where it happened, and with its reason', () => {
  const model = told(snapshot('downloading'), snapshot('verifying'), { type: 'rollback_triggered', update_id: id, reason: 'bad signature' }, snapshot('rolled_back', { last_error: 'bad signature' }));
  assert.deepEqual(model.steps(), ['done', 'failed', 'next', 'next', 'next', 'next']);
  assert.equal(model.entries[0].text, 'Rolled back: Bad signature.');
  assert.equal(model.entries[0].tone, 'bad');
  model.take({ ...snapshot('downloading'), state: { update_id: 'other', stage: 'downloading' } });
  assert.deepEqual(model.steps()[0], 'now', 'the next update begins anew');
});

test('what was before this page connected is not told as if it had been seen', () => {
  const model = new UpdaterModel();
  model.take(snapshot('rolled_back', { last_error: 'power failed' }));
  assert.deepEqual([model.entries.length, model.failedAt], [0, undefined]);
});

test('an absence is told when something has happened meanwhile, and only then', () => {
  const model = told(snapshot('applying'));
  model.lost();
  model.take(snapshot('applying'));
  assert.ok(!texts(model).some((t) => t.includes('away')));
  model.lost();
  model.take(snapshot('complete'));
  assert.ok(texts(model).includes('The page was away; what happened meanwhile is not listed.'));
});

test('a missing updater is said once, and forgotten when it comes', () => {
  const model = new UpdaterModel();
  for (let i = 0; i < 3; i++) {
    model.take({ type: 'error', message: 'no updater is available on this device' });
    model.closed('error');
  }
  assert.equal(model.unavailable, 'no updater is available on this device');
  assert.equal(model.entries.length, 0);
  model.take(snapshot(null));
  assert.equal(model.unavailable, '');
});

test('a simulated engine is known by its words, and forgotten with the connection', () => {
  const model = told(snapshot('verifying'));
  assert.equal(model.simulated, false);
  model.take({ type: 'stage_progress', update_id: id, percent: 1, detail: 'simulated: verifying' });
  assert.equal(model.simulated, true);
  model.lost();
  assert.equal(model.simulated, false);
});

test('the list of events is bounded and counts what it drops', () => {
  const model = told();
  for (let i = 0; i < EVENTS + 7; i++) model.take({ type: 'stage_complete', update_id: id });
  assert.deepEqual([model.entries.length, model.dropped], [EVENTS, 7]);
});

test('which stages have ended, and which can be given up', () => {
  const stages = ['idle', 'downloading', 'verifying', 'awaiting_window', 'applying', 'rebooting', 'complete', 'rolled_back'];
  assert.deepEqual(stages.filter((s) => ended(s)), ['idle', 'complete', 'rolled_back']);
  assert.deepEqual(stages.filter((s) => cancellable(s)), ['downloading', 'verifying', 'awaiting_window', 'applying']);
  assert.equal(cancellable(undefined), false);
});

test('checksums are read as people paste them', () => {
  const sum = 'ab'.repeat(32);
  for (const text of [sum, ` ${sum.toUpperCase()}\n`, `sha256:${sum}`, `${sum}  image.raucb`, `SHA-256= ${sum}`]) assert.equal(readChecksum(text), sum, text);
  assert.equal(isChecksum(sum.slice(1)), false);
  assert.deepEqual([['', sum], [sum, sum], ['cd'.repeat(32), sum], ['abc', sum]].map(([a, b]) => compareChecksums(a, b)), ['none', 'same', 'differs', 'unreadable']);
});

test('the speed of an upload is that of the last seconds', () => {
  const speed = new Speed();
  assert.ok(Number.isNaN(speed.add(0, 0)));
  assert.equal(speed.add(1000, 1000), 1000);
  for (let t = 2000; t <= 10_000; t += 1000) speed.add(1000 + (t - 1000) * 10, t);
  assert.equal(speed.add(1000 + 10_000 * 10, 11_000), 10_000);
});
