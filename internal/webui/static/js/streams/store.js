// @ts-check
// The list of streams as the device has it, kept up to date while it is wanted:
// read when the change journal names streams, and every few seconds for the state.

import { HttpError, request, send } from '../lib/http.js';

const READ_MS = 2500;

/**
 * @typedef {import('./types.d.ts').StreamInfo} StreamInfo
 * @typedef {import('./types.d.ts').Manifest} Manifest
 */

/** Fires "change" after each reading that brought something, and when reading fails. */
export class StreamStore extends EventTarget {
  /** Undefined before the first reading. @type {StreamInfo[] | undefined} */
  list;
  /** Why the last reading failed; empty if it did not. */
  error = '';
  /** performance.now() of the last reading. */
  readAt = NaN;
  #etag = '';
  #wanted = 0;
  #again = false;
  #reading = false;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #timer;

  /** Keeps it up to date until the returned function is called. @param {import('../journal.js').Journal} journal */
  want(journal) {
    const onRow = () => {
      const row = journal.rows.at(-1);
      if (row && 'event' in row && row.event.path.includes('/streams')) void this.read();
    };
    if (this.#wanted++ === 0) this.#timer = setInterval(() => void this.read(), READ_MS);
    journal.addEventListener('row', onRow);
    void this.read();
    return () => {
      journal.removeEventListener('row', onRow);
      if (--this.#wanted === 0) clearInterval(this.#timer);
    };
  }

  /** @param {string} id */
  get(id) {
    return this.list?.find((s) => s.id === id);
  }

  /** Reads the list; a call while reading makes it read once more. */
  async read() {
    this.#again = this.#reading;
    if (this.#reading) return;
    this.#reading = true;
    try {
      const answer = await request('v1/streams', this.#etag ? { headers: { 'if-none-match': this.#etag } } : {});
      if (answer.status !== 304) {
        this.list = await answer.json();
        this.#etag = answer.headers.get('etag') ?? '';
      }
      this.error = '';
      this.readAt = performance.now();
    } catch (err) {
      this.error = err instanceof HttpError ? err.message : 'the list cannot be read';
    }
    this.#reading = false;
    this.dispatchEvent(new Event('change'));
    if (this.#again) await this.read();
  }
}

/** Creates a stream, or changes the one with the id. @param {Manifest} manifest @param {string} [id] @returns {Promise<string>} the id */
export async function save(manifest, id) {
  const answer = await (id ? send(`v1/streams/${id}`, manifest, 'PUT') : send('v1/streams', manifest));
  return (await answer.json()).stream_id;
}

/** @param {string} id */
export async function remove(id) {
  await request(`v1/streams/${id}`, { method: 'DELETE' });
}

/** Why there are no frames, as the device says; empty if it says nothing. @param {StreamInfo | undefined} info */
export function reason(info) {
  const capture = info?.runtime?.capture;
  return info?.status?.disabled_reason ?? capture?.disabled_reason ?? info?.runtime?.pipeline?.disabled_reason ?? '';
}

/** @param {StreamInfo} info */
export function nameOf(info) {
  return info.manifest.identity.alias || info.manifest.capture.device_identity?.display || `Stream ${info.id.slice(0, 8)}`;
}

/** Whether what it shows is no camera but plays one. @param {StreamInfo} info */
export function isSimulated(info) {
  return info.manifest.capture.backend === 'Virtual';
}

/** Where the frames come from, in words. @param {StreamInfo} info */
export function sourceOf({ manifest: { capture } }) {
  const handle = capture.handle;
  if (handle === 'Virtual') return 'test pattern';
  if ('V4l2' in handle) return handle.V4l2.path;
  if ('Netcam' in handle) return withoutSecret(handle.Netcam.url);
  if ('File' in handle) return handle.File.paths.length > 1 ? `${handle.File.paths[0]} and ${handle.File.paths.length - 1} more` : handle.File.paths[0] ?? 'no file';
  return capture.backend;
}

/** A URL without its password. @param {string} url */
export function withoutSecret(url) {
  return url.replace(/^([a-z][a-z0-9+.-]*:\/\/[^/@:]*):[^/@]*@/i, '$1:…@');
}
