// @ts-check
// An exchange as a curl command for a shell. Pure.

/** Headers that curl makes itself. */
const OWN = /^(host|content-length|accept-encoding|connection|proxy-connection|transfer-encoding)$/i;

/** @param {import('../types.d.ts').ExchangeDetail} x */
export function toCurl(x) {
  const parts = ['curl', quote(x.url)];
  if (x.method !== 'GET' && !(x.method === 'POST' && x.requestBody)) parts.push('-X', x.method);
  for (const [name, values] of Object.entries(x.requestHeaders ?? {})) {
    if (!OWN.test(name)) for (const value of values) parts.push('-H', quote(`${name}: ${value}`));
  }
  if (x.requestBody && x.requestBodyEncoding !== 'base64') parts.push('--data-raw', quote(x.requestBody));
  return parts.join(' ');
}

/** @param {string} text */
function quote(text) {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
