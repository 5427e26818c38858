// @ts-check
// Which exchanges are shown. Pure.

/** @typedef {import('../types.d.ts').Exchange} Exchange */

/** Groups of outcomes. @type {readonly [string, string][]} */
export const OUTCOMES = [['', 'All'], ['ok', '2xx 3xx'], ['4', '4xx'], ['5', '5xx'], ['failed', 'Failed']];
/** Groups of content. @type {readonly [string, string][]} */
export const CONTENTS = [['', 'All types'], ['data', 'Data'], ['document', 'Documents'], ['script', 'Scripts and styles'], ['media', 'Images and media'], ['other', 'Other']];

/** @param {Exchange} x */
export function outcomeOf(x) {
  if (x.error || !x.statusCode) return 'failed';
  return x.statusCode >= 500 ? '5' : x.statusCode >= 400 ? '4' : 'ok';
}

/** @param {Exchange} x */
export function contentOf(x) {
  const type = x.responseContentType ?? '';
  if (/json|xml|protobuf|grpc|msgpack|graphql|event-stream|ndjson|csv/.test(type) && !/xhtml|svg/.test(type)) return 'data';
  if (/html|text\/plain|pdf/.test(type)) return 'document';
  if (/javascript|ecmascript|css|wasm/.test(type)) return 'script';
  if (/^(image|video|audio|font)\//.test(type)) return 'media';
  return 'other';
}

/**
 * A filter of words, all of which must be met. A word is looked for in the
 * method, status, URL, type and error; "method:", "host:", "status:", "type:"
 * and "path:" look in one of them, a minus before a word turns it around.
 * @param {string} text @param {string} outcome @param {string} content
 * @returns {(x: Exchange) => boolean}
 */
export function exchangeFilter(text, outcome, content) {
  const tests = text.toLowerCase().split(/\s+/).filter((w) => w !== '' && w !== '-').map(wordTest);
  return (x) => (outcome === '' || outcomeOf(x) === outcome) && (content === '' || contentOf(x) === content) && tests.every((test) => test(x));
}

/** @type {Record<string, (x: Exchange, value: string) => boolean>} */
const FIELDS = {
  method: (x, v) => x.method.toLowerCase() === v,
  host: (x, v) => (x.host ?? '').toLowerCase().includes(v),
  path: (x, v) => (x.path ?? '').toLowerCase().includes(v),
  status: (x, v) => (/^\dxx$/.test(v) ? String(x.statusCode ?? '')[0] === v[0] : String(x.statusCode ?? '') === v),
  type: (x, v) => (x.responseContentType ?? '').includes(v) || (x.requestContentType ?? '').includes(v),
};

/** @param {string} word @returns {(x: Exchange) => boolean} */
function wordTest(word) {
  if (word.startsWith('-')) {
    const test = wordTest(word.slice(1));
    return (x) => !test(x);
  }
  const [, name = '', value = ''] = /^([a-z]+):(.+)$/.exec(word) ?? [];
  const field = FIELDS[name];
  if (field) return (x) => field(x, value);
  return (x) => `${x.method} ${x.statusCode ?? ''} ${x.url} ${x.responseContentType ?? ''} ${x.error ?? ''}`.toLowerCase().includes(word);
}
