// @ts-check
// The search of the log view: plain text, or a pattern between slashes.

/** @typedef {{pattern: RegExp | undefined, error: string}} Query pattern is undefined when nothing is searched for */

/** @param {string} text @returns {Query} */
export function parseQuery(text) {
  if (text === '') return { pattern: undefined, error: '' };
  const slashed = /^\/(.+)\/([a-z]*)$/.exec(text);
  if (!slashed) return { pattern: new RegExp(text.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`), 'gi'), error: '' };
  try {
    const flags = (slashed[2] ?? '').includes('i') ? 'gi' : 'g';
    return { pattern: new RegExp(slashed[1] ?? '', flags), error: '' };
  } catch (err) {
    return { pattern: undefined, error: err instanceof Error ? err.message : 'not a pattern' };
  }
}

/**
 * Appends text with its matches in <mark> elements.
 * @param {Node} parent @param {string} text @param {RegExp | undefined} pattern with the flag g
 */
export function appendMarked(parent, text, pattern) {
  let at = 0;
  if (pattern) {
    for (const match of text.matchAll(pattern)) {
      if (match[0] === '') continue;
      parent.appendChild(document.createTextNode(text.slice(at, match.index)));
      parent.appendChild(document.createElement('mark')).textContent = match[0];
      at = match.index + match[0].length;
    }
  }
  if (at < text.length) parent.appendChild(document.createTextNode(text.slice(at)));
}
