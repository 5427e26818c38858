// @ts-check
// What this server has: the device, an application, or both.

import { request, HttpError } from './lib/http.js';

const PROBE_MS = 5000;
const AGAIN_MS = 2000;

/** @typedef {'device' | 'app'} Part */

/** What is asked to find a part, below the base. @type {Record<Part, string>} */
const PROBE = { device: 'v1/health', app: 'api/v1/agent/status' };

/**
 * The parts of the server. It says so in the page; a server that does not is
 * asked, until one of its parts answers.
 * @param {{said?: string, wait?: (ms: number) => Promise<void>}} [options] for tests
 * @returns {Promise<ReadonlySet<Part>>} not empty
 */
export async function findParts({ said = saidInPage(), wait = (ms) => new Promise((done) => setTimeout(done, ms)) } = {}) {
  const named = /** @type {Part[]} */ (said.split(/\s+/).filter((name) => name in PROBE));
  if (named.length > 0) return new Set(named);
  for (;;) {
    const parts = /** @type {Part[]} */ (Object.keys(PROBE));
    const found = await Promise.all(parts.map((part) => has(PROBE[part])));
    const there = parts.filter((_, i) => found[i] === true);
    // An unknown answer of one must not hide it for as long as the page lives.
    if (there.length > 0 && !found.includes(undefined)) return new Set(there);
    await wait(AGAIN_MS);
  }
}

function saidInPage() {
  return document.querySelector('meta[name="heliograph-parts"]')?.getAttribute('content') ?? '';
}

/** @param {string} path @returns {Promise<boolean | undefined>} undefined: it could not be found out */
async function has(path) {
  try {
    await request(path, { timeout: PROBE_MS });
    return true;
  } catch (err) {
    if (!(err instanceof HttpError)) throw err;
    if (err.status === 404) return false;
    return err.status === 401 || err.status === 403 ? true : undefined;
  }
}
