// @ts-check
// The time axis of a waterfall. Pure.

import { niceCeil } from '../../charts/axis.js';

const STEPS = [1, 2, 2.5, 5];

/** @typedef {{from: number, to: number}} Range Unix ms */

/** The time that rows take up, at least a millisecond. @param {readonly {at: number, end: number}[]} rows @returns {Range} */
export function rangeOf(rows) {
  let from = Infinity;
  let to = -Infinity;
  for (const { at, end } of rows) {
    from = Math.min(from, at);
    to = Math.max(to, end);
  }
  return from <= to ? { from, to: Math.max(to, from + 1) } : { from: 0, to: 1 };
}

/** Where a row begins and how wide it is, as shares of the range. @param {Range} range @param {{at: number, end: number}} row @returns {[number, number]} */
export function place({ from, to }, { at, end }) {
  const width = to - from;
  return [(at - from) / width, (end - at) / width];
}

/** Distances from the beginning at which the axis is marked, in ms. @param {number} width of the range, in ms @param {number} [most] marks */
export function ticks(width, most = 4) {
  const step = niceCeil(width / most, STEPS);
  const marks = [];
  for (let at = step; at < width * 0.999 && step > 0; at += step) marks.push(at);
  return marks;
}

/** A length of time, short. @param {number} ms */
export function short(ms) {
  if (ms < 1) return `${Number(ms.toFixed(2))} ms`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${Number((ms / 1000).toFixed(ms < 10_000 ? 2 : 1))} s`;
  const s = Math.round(ms / 1000);
  return s < 3600 ? `${Math.floor(s / 60)} min ${s % 60} s` : `${Math.floor(s / 3600)} h ${Math.floor(s / 60) % 60} min`;
}
