// @ts-check
// <hg-age>: says how old what it stands beside is, and greys it when it is old.

import { setAttr, setText } from './dom.js';
import { age } from './format.js';
import { ticker } from './ticker.js';

/** Expected periods after which a value counts as stale. */
const STALE_PERIODS = 3;
const STALE_MIN_MS = 3000;

/**
 * The element updates itself while it is connected. The nearest ancestor with
 * the class "aged" gets data-fresh="yes", "no" or "never" and is styled by it.
 */
export class AgeTag extends HTMLElement {
  /** Gives the age in ms, NaN when there is no value yet. @type {() => number} */
  source = () => NaN;
  /** How often a new value is expected, in ms. */
  period = 1000;
  /** Said before the first value. */
  empty = 'waiting for data';
  /** @type {(() => void) | undefined} */
  #stop;

  connectedCallback() {
    this.#stop = ticker.add(() => this.refresh());
  }

  disconnectedCallback() {
    this.#stop?.();
  }

  refresh() {
    const ms = this.source();
    const limit = Math.max(STALE_PERIODS * this.period, STALE_MIN_MS);
    const fresh = Number.isNaN(ms) ? 'never' : ms <= limit ? 'yes' : 'no';
    setText(this, fresh === 'never' ? this.empty : fresh === 'yes' ? `${age(ms)} ago` : `stale: ${age(ms)} old`);
    const scope = this.closest('.aged');
    if (scope) setAttr(scope, 'data-fresh', fresh);
    setAttr(this, 'data-fresh', fresh);
  }
}

customElements.define('hg-age', AgeTag);

/** @param {() => number} source @param {number} period @param {string} [empty] @returns {AgeTag} */
export function ageTag(source, period, empty) {
  const tag = new AgeTag();
  tag.className = 'age';
  tag.source = source;
  tag.period = period;
  if (empty) tag.empty = empty;
  return tag;
}
