// Reads what the test pattern shows from the pixels of a canvas, after its description and not with the code of the UI.

import assert from 'node:assert/strict';
import { until } from './until.mjs';

/**
 * The number of the drawn frame, from the bar at the bottom of the picture; null if there is none.
 * @param {import('playwright-core').Locator} canvas
 */
export function frameNumber(canvas) {
  return canvas.evaluate((el) => {
    const { width, height } = el;
    const copy = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
    copy.drawImage(el, 0, 0);
    const barHeight = Math.max(16, Math.floor(height / 20 / 16) * 16);
    const cell = (i) => {
      const x = Math.floor((Math.floor((i * width) / 40) + Math.floor(((i + 1) * width) / 40)) / 2);
      const [r, g, b] = copy.getImageData(x, height - Math.floor(barHeight / 2), 1, 1).data;
      return r + g + b >= 384 ? 1n : 0n;
    };
    let bits = 0n;
    for (let i = 0; i < 40; i++) bits = (bits << 1n) | cell(i);
    const number = (bits >> 4n) & 0xffffffffn;
    let sum = 0n;
    for (let shift = 0n; shift < 32n; shift += 4n) sum ^= (number >> shift) & 15n;
    return bits === ((10n << 36n) | (number << 4n) | sum) ? Number(number) : null;
  });
}

/**
 * Waits until the drawn number has risen by steps, and fails if it ever falls. anew says that the camera was started again
 * while the canvas keeps its last picture: then the numbers may begin anew, once.
 * @param {import('playwright-core').Locator} canvas @param {number} [steps] @param {boolean} [anew]
 */
export async function rises(canvas, steps = 15, anew = false) {
  let first = null, last = null;
  const seen = new Set();
  await until('the drawn frame number to rise', async () => {
    const number = await frameNumber(canvas);
    if (number === null) return false;
    if (anew && last !== null && number < last) {
      anew = false;
      first = last = null;
      seen.clear();
    }
    assert.ok(last === null || number >= last, `the number went from ${last} back to ${number}`);
    first ??= number;
    last = number;
    seen.add(number);
    return seen.size >= 5 && last - first >= steps;
  });
  return last;
}
