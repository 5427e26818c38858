// @ts-check
// Attached USB devices with what changed lately, and the tree they hang in.

/** How long a device counts as new, and how long a removed one stays listed, in ms. */
export const NEW_MS = 30_000;
export const GONE_MS = 60_000;

/**
 * @typedef {import('../types.d.ts').UsbPeripheral} UsbPeripheral
 * @typedef {{device: UsbPeripheral, since: number, goneAt: number}} Item  times are performance.now(); since is 0 for devices there from the start, goneAt 0 for present ones
 * @typedef {{key: string, label: string, item: Item | undefined, children: Node[]}} Node
 */

export class Inventory {
  /** @type {Map<string, Item>} */
  items = new Map();
  #loaded = false;

  /** Takes a reading. @param {UsbPeripheral[]} devices @param {number} now performance.now() */
  update(devices, now) {
    const present = new Map(devices.filter((d) => d.present).map((d) => [d.id, d]));
    for (const [id, device] of present) {
      const item = this.items.get(id);
      if (item && item.goneAt === 0) item.device = device;
      else this.items.set(id, { device, since: this.#loaded ? now : 0, goneAt: 0 });
    }
    for (const [id, item] of this.items) if (!present.has(id) && item.goneAt === 0) item.goneAt = now;
    this.#loaded = true;
    this.expire(now);
  }

  /** Forgets devices that went long ago. @param {number} now */
  expire(now) {
    for (const [id, item] of this.items) if (item.goneAt > 0 && now - item.goneAt > GONE_MS) this.items.delete(id);
  }

  /** Present devices. */
  get count() {
    return [...this.items.values()].filter((i) => i.goneAt === 0).length;
  }

  /** Buses, with devices below the ports they hang on; ports between are hubs. @returns {Node[]} */
  tree() {
    /** @type {Map<string, Node>} */
    const nodes = new Map();
    /** @type {Node[]} */
    const roots = [];
    for (const item of this.items.values()) place(nodes, roots, item);
    sort(roots);
    return roots;
  }
}

/** @param {Map<string, Node>} nodes @param {Node[]} roots @param {Item} item */
function place(nodes, roots, item) {
  const position = item.device.id.split('@')[1] ?? '';
  const [bus = '', ports = ''] = position.split('-');
  let siblings = child(nodes, roots, `bus ${bus}`, `Bus ${bus}`).children;
  const path = ports.split('.').filter(Boolean);
  path.forEach((port, depth) => {
    const at = `${bus}-${path.slice(0, depth + 1).join('.')}`;
    const last = depth === path.length - 1;
    // Two devices share a place when one replaced the other: both are shown.
    const key = last ? item.device.id : `hub ${at}`;
    const node = child(nodes, siblings, key, last ? '' : `Hub at ${at}`);
    if (last) node.item = item;
    siblings = node.children;
  });
  if (path.length === 0) child(nodes, siblings, item.device.id, '').item = item;
}

/** @param {Map<string, Node>} nodes @param {Node[]} siblings @param {string} key @param {string} label */
function child(nodes, siblings, key, label) {
  let node = nodes.get(key);
  if (!node) {
    node = { key, label, item: undefined, children: [] };
    nodes.set(key, node);
    siblings.push(node);
  }
  return node;
}

/** @param {Node[]} list */
function sort(list) {
  const place = (/** @type {Node} */ n) => n.key.split('@')[1] ?? n.key.replace('hub ', '');
  list.sort((a, b) => place(a).localeCompare(place(b), 'en', { numeric: true }));
  for (const node of list) sort(node.children);
}
