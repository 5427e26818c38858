// @ts-check
// Sends an image. fetch cannot tell how much has gone out; an XMLHttpRequest can.

import { httpURL } from '../lib/base.js';
import { HttpError } from '../lib/http.js';

/** Files up to this size are hashed here, too: a browser hashes only what it holds in memory as a whole. */
export const HASH_LIMIT = 256 * 1024 * 1024;

/** @typedef {import('./types.d.ts').Uploaded} Uploaded */

/**
 * Uploads a file. The promise rejects with an {@link HttpError}, with status 0 when
 * the connection was lost and with the name "AbortError" in its message when it was aborted.
 * @param {File} file @param {(sent: number, total: number) => void} progress
 * @returns {{done: Promise<Uploaded>, abort: () => void}}
 */
export function upload(file, progress) {
  const request = new XMLHttpRequest();
  /** @type {Promise<Uploaded>} */
  const done = new Promise((resolve, reject) => {
    request.open('POST', httpURL('v1/ota/upload'));
    request.setRequestHeader('x-helios-upload-bytes', String(file.size));
    request.upload.onprogress = (e) => progress(Math.min(e.loaded, file.size), file.size);
    request.onload = () => {
      const body = parse(request.responseText);
      if (request.status === 201 && body) resolve(body);
      else reject(new HttpError(request.status, typeof body?.error === 'string' ? body.error : `the device answered ${request.status}`));
    };
    request.onerror = () => reject(new HttpError(0, 'the connection was lost before the device had answered'));
    request.onabort = () => reject(new HttpError(0, 'stopped'));
    const form = new FormData();
    form.append('file', file, file.name);
    request.send(form);
  });
  return { done, abort: () => request.abort() };
}

/** The SHA-256 of a file in hex; undefined when this page cannot work it out (an insecure origin, a large file). @param {File} file */
export async function hash(file) {
  if (!globalThis.crypto?.subtle || file.size > HASH_LIMIT) return undefined;
  const digest = await crypto.subtle.digest('SHA-256', await file.arrayBuffer());
  return [...new Uint8Array(digest)].map((b) => b.toString(16).padStart(2, '0')).join('');
}

/** @param {string} text @returns {any} undefined when it is not JSON */
function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Measures how fast bytes go out, over the last seconds. */
export class Speed {
  /** @type {[number, number][]} */
  #points = [];

  /** @param {number} sent bytes so far @param {number} now ms @returns {number} bytes a second; NaN while that is not known */
  add(sent, now) {
    this.#points.push([now, sent]);
    while (this.#points.length > 2 && now - /** @type {[number, number]} */ (this.#points[0])[0] > 3000) this.#points.shift();
    const [t, n] = /** @type {[number, number]} */ (this.#points[0]);
    return now - t >= 300 ? ((sent - n) * 1000) / (now - t) : NaN;
  }
}
