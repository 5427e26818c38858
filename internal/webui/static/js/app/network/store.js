// @ts-check
// The exchanges this page holds: in the order of their start, each once, bounded.

/** Exchanges kept; the agent keeps 500 by itself. */
export const MAX_EXCHANGES = 2000;

/** @typedef {import('../types.d.ts').Exchange} Exchange */

/**
 * What this page holds of an exchange.
 * @typedef {Exchange & {key: string, at: number, end: number, gone: boolean}} Entry at and end in Unix ms; gone: the agent does not hold it any more
 */

/** What tells exchanges apart: an id is unique only as long as an agent lives. @param {{id: string, timestamp: string}} x */
export function keyOf(x) {
  return `${x.id}-${x.timestamp}`;
}

export class ExchangeStore {
  /** Oldest start first. @type {Entry[]} */
  list = [];
  /** @type {Map<string, Entry>} */
  #byKey = new Map();
  /** Exchanges let go to make room since the store was cleared. */
  dropped = 0;

  /** @param {string} key */
  get(key) {
    return this.#byKey.get(key);
  }

  /** The newest exchange with the id. @param {string} id */
  withId(id) {
    return this.list.findLast((x) => x.id === id);
  }

  /** Takes a new exchange; a known one changes nothing. @param {Exchange} x @returns {boolean} whether it was new */
  add(x) {
    const key = keyOf(x);
    if (this.#byKey.has(key)) return false;
    const at = Date.parse(x.timestamp);
    const entry = { ...x, key, at, end: at + x.durationMs, gone: false };
    this.#byKey.set(key, entry);
    let i = this.list.length; // they come in the order of their end: seldom far from their place
    while (i > 0 && /** @type {Entry} */ (this.list[i - 1]).at > at) i--;
    this.list.splice(i, 0, entry);
    if (this.list.length > MAX_EXCHANGES) {
      const oldest = /** @type {Entry} */ (this.list.shift());
      this.#byKey.delete(oldest.key);
      this.dropped++;
    }
    return true;
  }

  /**
   * Takes a replay: adds what is new and marks what the agent has let go.
   * @param {Exchange[]} entries newest first
   * @returns {'first' | 'joined' | 'torn'} torn: none of what was known is in it, so that some may have been missed
   */
  replay(entries) {
    const held = new Set(entries.map(keyOf));
    const before = this.list.length;
    const joins = this.list.some((e) => held.has(e.key));
    for (const e of this.list) e.gone = !held.has(e.key);
    for (let i = entries.length - 1; i >= 0; i--) this.add(/** @type {Exchange} */ (entries[i]));
    return before === 0 ? 'first' : joins ? 'joined' : 'torn';
  }

  clear() {
    this.list = [];
    this.#byKey.clear();
    this.dropped = 0;
  }
}
