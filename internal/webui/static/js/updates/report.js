// @ts-check
// What a preflight found, for people.

import { h } from '../lib/dom.js';
import { bytes, sentence } from '../lib/format.js';
import { icon } from '../lib/icons.js';
import { VERDICTS } from './model.js';

/** @typedef {import('./types.d.ts').PreflightReport} PreflightReport */

/** @type {readonly [keyof PreflightReport, string][]} */
const SIZES = [
  ['image_size_bytes', 'Image'], ['target_size_bytes', 'Room in the slot'], ['gap_after_bytes', 'Free behind the slot'],
  ['additional_from_data_bytes', 'Needed of the data partition'], ['clear_bytes', 'To be cleared'],
  ['data_dir_available_bytes', 'Free for data'], ['work_dir_available_bytes', 'Free to work in'],
];

/** The facts of a report as rows. @param {PreflightReport} r @returns {[string, string][]} */
export function reportRows(r) {
  /** @type {[string, string][]} */
  const rows = [];
  if (r.target_device) rows.push(['Written to', r.target_device]);
  for (const [key, label] of SIZES) if (typeof r[key] === 'number') rows.push([label, bytes(/** @type {number} */ (r[key]))]);
  return rows;
}

/** @param {PreflightReport} r */
export function showReport(r) {
  return h('div', { class: 'report', 'data-ready': r.ready ? 'yes' : 'no' },
    h('p', { class: 'report-verdict' }, icon(r.ready ? 'check' : 'warn'), h('strong', {}, VERDICTS[r.verdict] ?? r.verdict), h('span', { class: 'dim' }, sentence(r.summary))),
    h('dl', { class: 'facts wrap' }, ...reportRows(r).flatMap(([k, v]) => [h('dt', {}, k), h('dd', {}, v)])),
    r.single_slot ? h('p', { class: 'note warn' }, icon('warn'), 'This device has one slot: there is no second system to fall back to.') : null);
}
