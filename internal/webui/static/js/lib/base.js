// @ts-check
// Where this UI was loaded from. Every URL is made relative to it, so that the
// UI works below any path prefix.

/** Directory of index.html. */
export const base = new URL('../../', import.meta.url);

/** @param {string} path relative to the base, such as "v1/health" */
export function httpURL(path) {
  return new URL(path, base).href;
}

/** @param {string} path relative to the base, such as "v1/ws" */
export function socketURL(path) {
  const url = new URL(path, base);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  return url.href;
}
