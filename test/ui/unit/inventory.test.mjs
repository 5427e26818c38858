import '../esm.mjs';
import assert from 'node:assert/strict';
import { test } from 'node:test';

const { GONE_MS, Inventory } = await import('../../../internal/webui/static/js/devices/inventory.js');

const usb = (id, present = true) => ({ id, kind: 'usb', description: id, present, warnings: [] });
/** The tree as nested arrays of labels and ids. */
const shape = (nodes) => nodes.map((n) => (n.children.length ? [n.label || n.item.device.id, shape(n.children)] : n.label || n.item.device.id));

test('what is there at first is not new; what comes is; what goes stays a while', () => {
  const inventory = new Inventory();
  inventory.update([usb('a:1@1-1'), usb('b:1@1-2')], 1000);
  assert.deepEqual([...inventory.items.values()].map((i) => i.since), [0, 0]);
  inventory.update([usb('b:1@1-2'), usb('c:1@1-3')], 2000);
  assert.equal(inventory.items.get('c:1@1-3').since, 2000);
  assert.equal(inventory.items.get('a:1@1-1').goneAt, 2000);
  assert.equal(inventory.count, 2);
  inventory.update([usb('b:1@1-2'), usb('c:1@1-3'), usb('a:1@1-1')], 3000);
  assert.deepEqual([inventory.items.get('a:1@1-1').goneAt, inventory.items.get('a:1@1-1').since], [0, 3000], 'back again');
  inventory.update([], 4000);
  inventory.expire(4000 + GONE_MS);
  assert.equal(inventory.items.size, 3);
  inventory.expire(4001 + GONE_MS);
  assert.equal(inventory.items.size, 0);
});

test('a device that is listed but not present is not attached', () => {
  const inventory = new Inventory();
  inventory.update([usb('a:1@1-1', false)], 1);
  assert.equal(inventory.count, 0);
});

test('devices hang below their hubs, in the order of their ports', () => {
  const inventory = new Inventory();
  inventory.update(['x:1@1-1.10', 'y:1@1-1.2', 'z:1@2-1', 'w:1@1-3', 'v:1@1-1.2.4'].map((id) => usb(id)), 1);
  assert.deepEqual(shape(inventory.tree()), [
    ['Bus 1', [['Hub at 1-1', ['y:1@1-1.2', ['Hub at 1-1.2', ['v:1@1-1.2.4']], 'x:1@1-1.10']], 'w:1@1-3']],
    ['Bus 2', ['z:1@2-1']],
  ]);
});

test('a device that replaced another at its place is shown beside it', () => {
  const inventory = new Inventory();
  inventory.update([usb('a:1@1-1')], 1);
  inventory.update([usb('b:1@1-1')], 2);
  assert.deepEqual(shape(inventory.tree()), [['Bus 1', ['a:1@1-1', 'b:1@1-1']]]);
});

test('an id without a place is not lost', () => {
  const inventory = new Inventory();
  inventory.update([usb('odd')], 1);
  assert.equal(JSON.stringify(shape(inventory.tree())).includes('odd'), true);
});
