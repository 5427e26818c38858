// @ts-check
// A list of rows of equal height of which only those in sight exist. Row
// elements are reused by position, so that an update moves no element and
// neither the scroll position nor the focus is lost.

import { h, perFrame, setAttr } from './dom.js';

/** Rows made beyond each edge. */
const OVERSCAN = 6;

export class Rows {
  #make;
  #fill;
  #height = 28;
  #count = 0;
  /** @type {HTMLElement[]} */
  #pool = [];
  #sizer = h('div', { class: 'rows-sizer', role: 'presentation' });
  #paint = perFrame(() => this.refresh());
  #resize = new ResizeObserver(() => this.#paint());
  el = h('div', { class: 'rows', role: 'rowgroup' }, this.#sizer);

  /**
   * @param {() => HTMLElement} make makes an empty row
   * @param {(row: HTMLElement, index: number) => void} fill
   */
  constructor(make, fill) {
    this.#make = make;
    this.#fill = fill;
    this.el.addEventListener('scroll', () => this.#paint(), { passive: true });
    this.#resize.observe(this.el);
  }

  /** @param {number} count number of rows @param {number} height of a row in CSS pixels */
  set(count, height) {
    this.#count = count;
    this.#height = height;
    this.#sizer.style.height = `${count * height}px`;
    this.refresh();
  }

  /** Fills the rows in sight again. */
  refresh() {
    const seen = this.el.clientHeight;
    if (seen === 0) return;
    const first = Math.max(0, Math.floor(this.el.scrollTop / this.#height) - OVERSCAN);
    const last = Math.min(this.#count, Math.ceil((this.el.scrollTop + seen) / this.#height) + OVERSCAN);
    const need = Math.max(0, last - first);
    while (this.#pool.length < need) {
      const row = this.#make();
      this.#pool.push(row);
      this.#sizer.append(row);
    }
    this.#pool.forEach((row, i) => {
      row.hidden = i >= need;
      if (row.hidden) {
        row.removeAttribute('id');
        return;
      }
      row.style.transform = `translateY(${(first + i) * this.#height}px)`;
      setAttr(row, 'aria-rowindex', String(first + i + 2)); // the head is row 1
      this.#fill(row, first + i);
    });
  }

  /** Scrolls as little as needed to show a row. @param {number} index */
  reveal(index) {
    const top = index * this.#height;
    if (top < this.el.scrollTop) this.el.scrollTop = top;
    else if (top + this.#height > this.el.scrollTop + this.el.clientHeight) this.el.scrollTop = top + this.#height - this.el.clientHeight;
    this.refresh();
  }

  /** Rows that fit. */
  get page() {
    return Math.max(1, Math.floor(this.el.clientHeight / this.#height) - 1);
  }
}
