// @ts-check
// Boxes of data outputs, drawn over the view in the coordinates of the picture.

import { cssColor } from '../lib/dom.js';

/** Age from which boxes are no longer drawn: they would be elsewhere by now. */
const OLD_MS = 1500;
const COLOURS = ['--mark-now', '--c-rx', '--c-mem', '--c-gpu'];

/**
 * @typedef {{x: number, y: number, width: number, height: number}} Box
 */

/** The boxes in a value, wherever they are in it. Pure. @param {unknown} value @returns {Box[]} */
export function boxesIn(value) {
  if (Array.isArray(value)) return value.flatMap(boxesIn);
  if (typeof value !== 'object' || value === null) return [];
  const { x, y, width, height } = /** @type {any} */ (value);
  if ([x, y, width, height].every((n) => typeof n === 'number')) return [{ x, y, width, height }];
  return Object.values(value).flatMap(boxesIn);
}

export class Overlay {
  #context;
  /** @type {Map<string, {boxes: Box[], at: number}>} */
  #ports = new Map();
  #drawn = '';

  /** @param {HTMLCanvasElement} canvas lies over the view */
  constructor(canvas) {
    this.canvas = canvas;
    this.#context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
  }

  /** @param {string} port @param {unknown} value */
  set(port, value) {
    this.#ports.set(port, { boxes: boxesIn(value), at: performance.now() });
  }

  clear() {
    this.#ports.clear();
  }

  /** @param {number} width of the picture @param {number} height @param {(port: string) => boolean} wanted */
  draw(width, height, wanted) {
    const now = performance.now();
    const shown = [...this.#ports].filter(([port, { at }]) => now - at < OLD_MS && wanted(port));
    const key = JSON.stringify([width, height, shown.map(([port, { boxes }]) => [port, boxes])]);
    if (key === this.#drawn) return;
    this.#drawn = key;
    this.canvas.dataset.boxes = String(shown.reduce((sum, [, { boxes }]) => sum + boxes.length, 0));
    if (this.canvas.width !== width || this.canvas.height !== height) {
      this.canvas.width = width;
      this.canvas.height = height;
    }
    const c = this.#context;
    c.clearRect(0, 0, width, height);
    const unit = Math.max(1, width / 640);
    c.font = `600 ${Math.round(12 * unit)}px system-ui, sans-serif`;
    shown.forEach(([port, { boxes }], i) => {
      const colour = cssColor(/** @type {string} */ (COLOURS[i % COLOURS.length]));
      c.lineWidth = 2 * unit;
      c.strokeStyle = c.fillStyle = colour;
      for (const b of boxes) c.strokeRect(b.x, b.y, b.width, b.height);
      const first = boxes[0];
      if (first) c.fillText(port.replace(/\.data$/, ''), first.x, Math.max(12 * unit, first.y - 4 * unit));
    });
  }
}
