// @ts-check
// Reads number and time back from the drawn picture of the test pattern, a few
// times a second, and so measures the whole way: drawing on the device, encoding,
// network, decoding, drawing here.

import { h } from '../lib/dom.js';
import { barRect, clockRect, dotSize, readBar, readClock } from './readout.js';

const READ_MS = 200;
/** Readings that are averaged. */
const KEPT = 10;

export class DelayMeter {
  /** Number of the newest read frame. @type {number | undefined} */
  number;
  /** performance.now() of the last reading that succeeded. */
  readAt = NaN;
  #tried = NaN;
  #canvas = h('canvas', {});
  // Kept in memory: its pixels are read again and again.
  #context = /** @type {CanvasRenderingContext2D} */ (this.#canvas.getContext('2d', { willReadFrequently: true }));
  /** @type {number[]} */
  #delays = [];

  reset() {
    this.number = undefined;
    this.readAt = NaN;
    this.#delays = [];
  }

  /** Mean delay in ms, undefined while it cannot be told. */
  get mean() {
    if (this.#delays.length === 0 || performance.now() - this.readAt > 2000) return undefined;
    return this.#delays.reduce((a, b) => a + b, 0) / this.#delays.length;
  }

  /** @param {CanvasImageSource} picture @param {number} width @param {number} height @param {number} deviceNow Unix ms of the device's clock */
  drawn(picture, width, height, deviceNow) {
    const now = performance.now();
    if (now - this.#tried < READ_MS) return;
    this.#tried = now;
    const number = readBar(this.#cut(picture, barRect(width, height)));
    if (number === undefined) return;
    const still = number === this.number; // the same picture again says nothing about the way
    this.number = number;
    this.readAt = now;
    if (still) return;
    const time = readClock(this.#cut(picture, clockRect(width, height)), dotSize(width, height));
    if (time === undefined) return;
    this.#delays.push(deviceNow - time);
    if (this.#delays.length > KEPT) this.#delays.shift();
  }

  /** @param {CanvasImageSource} picture @param {import('./readout.js').Rect} r */
  #cut(picture, r) {
    this.#canvas.width = r.width;
    this.#canvas.height = r.height;
    this.#context.drawImage(picture, r.x, r.y, r.width, r.height, 0, 0, r.width, r.height);
    return this.#context.getImageData(0, 0, r.width, r.height);
  }
}
