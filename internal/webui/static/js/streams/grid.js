// @ts-check
// The grid of live views. Only tiles in sight have a frames socket.

import { h, keyed } from '../lib/dom.js';
import { Tile } from './tile.js';

/** @typedef {import('./types.d.ts').StreamInfo} StreamInfo */

export class Grid {
  #on;
  /** @type {Map<string, Tile>} */
  #tiles = new Map();
  /** @type {Set<string>} */
  #inSight = new Set();
  #live = false;
  #observer = new IntersectionObserver((entries) => this.#moved(entries), { rootMargin: '80px' });
  el = h('div', { class: 'tiles' });

  /** @param {ConstructorParameters<typeof Tile>[1]} on */
  constructor(on) {
    this.#on = on;
  }

  /** @param {readonly StreamInfo[]} list */
  update(list) {
    keyed(this.el, list, (s) => s.id, (s) => this.#make(s), (_el, s) => this.#tiles.get(s.id)?.update(s));
    for (const [id, tile] of this.#tiles) {
      if (list.some((s) => s.id === id)) continue;
      tile.player.stop();
      this.#observer.unobserve(tile.el);
      this.#tiles.delete(id);
      this.#inSight.delete(id);
    }
  }

  /** Starts or ends what the tiles in sight want. @param {boolean} live */
  setLive(live) {
    this.#live = live;
    for (const tile of this.#tiles.values()) this.#follow(tile);
  }

  refresh() {
    for (const tile of this.#tiles.values()) tile.refresh();
  }

  /** @param {StreamInfo} info */
  #make(info) {
    const tile = new Tile(info, this.#on);
    tile.player.addEventListener('change', () => tile.refresh());
    this.#tiles.set(info.id, tile);
    this.#observer.observe(tile.el);
    return tile.el;
  }

  /** @param {IntersectionObserverEntry[]} entries */
  #moved(entries) {
    for (const { target, isIntersecting } of entries) {
      const id = /** @type {HTMLElement} */ (target).dataset.id ?? '';
      if (isIntersecting) this.#inSight.add(id);
      else this.#inSight.delete(id);
      const tile = this.#tiles.get(id);
      if (tile) this.#follow(tile);
    }
  }

  /** @param {Tile} tile */
  #follow(tile) {
    if (this.#live && this.#inSight.has(tile.info.id)) tile.player.start();
    else tile.player.stop();
  }
}
