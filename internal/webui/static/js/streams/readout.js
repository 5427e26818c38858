// @ts-check
// Reads the test pattern back from its pixels: the number of the frame from the
// bar at its bottom, and the time at which it was drawn from its letters. Both are
// at places that follow from the size of the picture alone. Pure functions.

const CELLS = 40;
const MARK = 0b1010;
const GLYPH_WIDTH = 6;
const GLYPH_HEIGHT = 7;
/** Dots of a letter that may be wrong: a picture is compressed with loss. */
const WRONG_DOTS = 4;
const TIME = /^(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)\.(\d{3})$/;
const TIME_CHARS = 23;

/** Rows of dots of each letter, the leftmost dot in bit 4. @type {Record<string, number[]>} */
const GLYPHS = {
  0: [0x0e, 0x11, 0x13, 0x15, 0x19, 0x11, 0x0e], 1: [0x04, 0x0c, 0x04, 0x04, 0x04, 0x04, 0x0e],
  2: [0x0e, 0x11, 0x01, 0x06, 0x08, 0x10, 0x1f], 3: [0x1e, 0x01, 0x01, 0x0e, 0x01, 0x01, 0x1e],
  4: [0x02, 0x06, 0x0a, 0x12, 0x1f, 0x02, 0x02], 5: [0x1f, 0x10, 0x1e, 0x01, 0x01, 0x11, 0x0e],
  6: [0x06, 0x08, 0x10, 0x1e, 0x11, 0x11, 0x0e], 7: [0x1f, 0x01, 0x02, 0x04, 0x08, 0x08, 0x08],
  8: [0x0e, 0x11, 0x11, 0x0e, 0x11, 0x11, 0x0e], 9: [0x0e, 0x11, 0x11, 0x0f, 0x01, 0x02, 0x0c],
  ':': [0, 0x0c, 0x0c, 0, 0x0c, 0x0c, 0], '.': [0, 0, 0, 0, 0, 0x0c, 0x0c], '-': [0, 0, 0, 0x1f, 0, 0, 0], ' ': [0, 0, 0, 0, 0, 0, 0],
};

/** @typedef {{width: number, height: number, data: Uint8ClampedArray}} Pixels  RGBA, as of ImageData */
/** @typedef {{x: number, y: number, width: number, height: number}} Rect */

/** Where the bar is in a picture of a size. @param {number} width @param {number} height @returns {Rect} */
export function barRect(width, height) {
  const rows = Math.max(16, Math.floor(Math.floor(height / 20) / 16) * 16);
  return { x: 0, y: height - rows, width, height: rows };
}

/** Where the time is. @param {number} width @param {number} height @returns {Rect} */
export function clockRect(width, height) {
  const dot = dotSize(width, height);
  return { x: 8 * dot, y: 4 * dot + (GLYPH_HEIGHT + 3) * dot, width: TIME_CHARS * GLYPH_WIDTH * dot, height: GLYPH_HEIGHT * dot };
}

/** Side of a dot of the letters. @param {number} width @param {number} height */
export function dotSize(width, height) {
  return Math.max(1, Math.min(Math.floor(width / 200), Math.floor(height / 100)));
}

/** The number of the frame from the pixels of {@link barRect}; undefined if there is no bar. @param {Pixels} bar @returns {number | undefined} */
export function readBar(bar) {
  /** @type {number[]} */
  const bits = Array.from({ length: CELLS }, (_, i) => {
    const from = Math.floor((i * bar.width) / CELLS);
    const to = Math.floor(((i + 1) * bar.width) / CELLS);
    return luma(bar, Math.floor((from + to) / 2), Math.floor(bar.height / 2)) >= 128 ? 1 : 0;
  });
  const group = (/** @type {number} */ from) => bits.slice(from, from + 4).reduce((v, b) => v * 2 + b, 0);
  let number = 0;
  let sum = 0;
  for (let at = 4; at < 36; at += 4) {
    number = number * 16 + group(at);
    sum ^= group(at);
  }
  return group(0) === MARK && group(36) === sum ? number : undefined;
}

/**
 * The time, in Unix ms of the device's clock, from the pixels of {@link clockRect};
 * undefined if it cannot be read.
 * @param {Pixels} pixels @param {number} dot side of a dot
 * @returns {number | undefined}
 */
export function readClock(pixels, dot) {
  let text = '';
  for (let i = 0; i < TIME_CHARS; i++) {
    const letter = nearest(dotsAt(pixels, i * GLYPH_WIDTH * dot, dot));
    if (letter === undefined) return undefined;
    text += letter;
  }
  const m = TIME.exec(text);
  if (!m) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, ms = 0] = m.slice(1).map(Number);
  return Date.UTC(year, month - 1, day, hour, minute, second, ms);
}

/** The dots of one letter as one number, 35 bits. @param {Pixels} pixels @param {number} left @param {number} dot */
function dotsAt(pixels, left, dot) {
  /** @type {number[]} */
  const rows = [];
  const middle = Math.floor(dot / 2);
  for (let row = 0; row < GLYPH_HEIGHT; row++) {
    let bits = 0;
    for (let col = 0; col < 5; col++) bits = bits * 2 + (luma(pixels, left + col * dot + middle, row * dot + middle) >= 128 ? 1 : 0);
    rows.push(bits);
  }
  return rows;
}

/** @param {number[]} rows */
function nearest(rows) {
  let best;
  let least = WRONG_DOTS;
  for (const [letter, glyph] of Object.entries(GLYPHS)) {
    const wrong = glyph.reduce((sum, bits, row) => sum + ones(bits ^ /** @type {number} */ (rows[row])), 0);
    if (wrong < least) [best, least] = [letter, wrong];
  }
  return best;
}

/** @param {number} n */
function ones(n) {
  let count = 0;
  for (let rest = n; rest > 0; rest >>= 1) count += rest & 1;
  return count;
}

/** @param {Pixels} p @param {number} x @param {number} y */
function luma(p, x, y) {
  const at = 4 * (y * p.width + x);
  const [r = 0, g = 0, b = 0] = p.data.subarray(at, at + 3);
  return (r + g + b) / 3;
}
