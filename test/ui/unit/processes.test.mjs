import '../esm.mjs';
import assert from 'node:assert/strict';
import { test } from 'node:test';

const { commandLine, inOrder, matches, sorted, words } = await import('../../../internal/webui/static/js/processes/model.js');

const p = (pid, name, cpu = 0, mem = 0, more = {}) => ({ pid, name, cpu_percent: cpu, memory_bytes: mem, virtual_memory_bytes: 0, ...more });
const pids = (list) => list.map((x) => x.pid);

test('sorting is stable by pid in both directions and leaves its input alone', () => {
  const list = [p(3, 'c', 1), p(1, 'a', 1), p(2, 'b', 5)];
  assert.deepEqual(pids(sorted(list, 'cpu', true)), [2, 1, 3]);
  assert.deepEqual(pids(sorted(list, 'cpu', false)), [1, 3, 2]);
  assert.deepEqual(pids(sorted(list, 'name', true)), [3, 2, 1]);
  assert.deepEqual(pids(sorted([p(1, 'x'), p(2, 'x', 0, 0, { status: 'Run' })], 'status', true)), [2, 1]);
  assert.deepEqual(pids(list), [3, 1, 2]);
});

test('every word of a filter must be found somewhere', () => {
  const proc = p(412, 'api', 0, 0, { status: 'Sleep', cmd: ['/usr/bin/api', '--port', '5801'] });
  for (const [filter, want] of [['', true], ['API', true], ['412', true], ['port 5801', true], ['sleep api', true], ['zombie', false], ['api zombie', false], ['  ', true]]) {
    assert.equal(matches(proc, words(filter)), want, filter);
  }
});

test('a held order keeps its rows and puts new ones last', () => {
  const order = new Map([[7, 0], [3, 1], [9, 2]]);
  assert.deepEqual(pids(inOrder([p(3), p(5), p(9), p(4), p(7)], order)), [7, 3, 9, 4, 5]);
});

test('command lines are shown as a shell would take them', () => {
  assert.equal(commandLine(p(1, 'sh', 0, 0, { cmd: ['sh', '-c', "echo 'a b'", ''] })), String.raw`sh -c 'echo '\''a b'\''' ''`);
  assert.equal(commandLine(p(2, 'kworker/0:1')), '[kworker/0:1]');
});
