// @ts-check
// The commands of the updater.

import { json } from '../lib/http.js';

/** Who asks, for the record of the device. */
export const WHO = 'web interface';
/** An order that stages first may take a minute before it is answered. */
const APPLY_MS = 75_000;

/**
 * @typedef {import('./types.d.ts').Preflight} Preflight
 * @typedef {{update_id: string} | {image_url: string, size_bytes?: number, checksum?: string, delete_image_after_apply?: boolean}} Subject an update that is staged, or an image
 */

/** @param {Subject} subject @returns {Promise<Preflight>} */
export function preflight(subject) {
  return post('v1/ota/preflight', subject);
}

/** @param {Subject} subject @returns {Promise<{update_id: string, message: string}>} */
export function apply(subject) {
  return post('v1/ota/apply', { ...subject, requested_by: WHO }, APPLY_MS);
}

/** @param {Subject} subject @returns {Promise<{update_id: string, message: string}>} */
export function stage(subject) {
  return post('v1/ota/stage', subject);
}

/** @param {string} path @param {unknown} body @param {number} [timeout] @returns {Promise<any>} */
function post(path, body, timeout) {
  return json(path, { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' }, ...(timeout ? { timeout } : {}) });
}
