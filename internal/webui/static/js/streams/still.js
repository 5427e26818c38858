// @ts-check
// A still of the picture that is on the canvas, and the full screen.

import { h } from '../lib/dom.js';
import { HttpError, request } from '../lib/http.js';

/**
 * Saves what the canvas shows, in its full size; without a picture the device is
 * asked for a still.
 * @param {HTMLCanvasElement} canvas @param {string} id of the stream @param {string} name @param {boolean} drawn whether the canvas has a picture
 * @returns {Promise<string>} empty, or what went wrong
 */
export async function saveStill(canvas, id, name, drawn) {
  const stamp = new Date().toISOString().slice(0, 19).replaceAll(':', '-');
  const file = `${name.replace(/[^\p{L}\p{N}._-]+/gu, '-') || 'still'}-${stamp}`;
  if (drawn) {
    const png = await new Promise((/** @type {(b: Blob | null) => void} */ done) => canvas.toBlob(done, 'image/png'));
    if (!png) return 'The browser could not make a picture of it.';
    download(png, `${file}.png`);
    return '';
  }
  try {
    download(await (await request(`v1/streams/${id}/frame`)).blob(), `${file}.jpg`);
    return '';
  } catch (err) {
    if (!(err instanceof HttpError)) throw err;
    return `No still: ${err.message}.`;
  }
}

/** @param {Blob} blob @param {string} name */
function download(blob, name) {
  const url = URL.createObjectURL(blob);
  h('a', { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** Shows an element on the whole screen, or leaves it. @param {HTMLElement} el */
export async function toggleFullscreen(el) {
  if (document.fullscreenElement) await document.exitFullscreen();
  else await el.requestFullscreen().catch(() => {}); // a frame without the permission stays as it is
}
