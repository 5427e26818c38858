// @ts-check
// A captured body as people can read it: data laid out, pictures shown, the rest
// of what is binary as bytes.

import { h } from '../../lib/dom.js';
import { bytes, count } from '../../lib/format.js';

/** Text that is coloured; longer text is shown plainly. */
const COLOUR_CHARS = 120_000;
/** Bytes that are shown of what is binary. */
const HEX_BYTES = 512;
/** Pictures that are shown. */
const PICTURE = /^image\/(png|jpeg|gif|webp|avif|bmp|x-icon|svg\+xml)$/;

/**
 * @typedef {object} Body
 * @property {string} text as the agent told it @property {string} encoding utf-8 or base64 @property {string} type media type
 * @property {number | undefined} size in bytes before it was cut @property {boolean} cut
 */

/** JSON with an indent of two, or undefined if it is none. @param {string} text */
export function prettyJSON(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return undefined;
  }
}

/** The fields of a form, or undefined if it is none. @param {string} text @returns {[string, string][] | undefined} */
export function formFields(text) {
  return text.includes('=') && !/[\s<>{]/.test(text) ? [...new URLSearchParams(text)] : undefined;
}

/** @param {string} base64 */
export function decode(base64) {
  const whole = base64.slice(0, base64.length - (base64.length % 4)); // the end may be cut
  return Uint8Array.from(atob(whole), (c) => c.charCodeAt(0));
}

/** Bytes as the usual dump: offset, hexadecimal, characters. @param {Uint8Array} data @param {number} [most] */
export function hexDump(data, most = HEX_BYTES) {
  const lines = [];
  for (let at = 0; at < Math.min(data.length, most); at += 16) {
    const row = [...data.subarray(at, Math.min(at + 16, most))];
    const hex = row.map((b) => b.toString(16).padStart(2, '0')).join(' ');
    const text = row.map((b) => (b >= 32 && b < 127 ? String.fromCharCode(b) : '.')).join('');
    lines.push(`${at.toString(16).padStart(6, '0')}  ${hex.padEnd(47)}  ${text}`);
  }
  return lines.join('\n');
}

/** What is to be said about a body beside its content: type, size, what was cut. @param {Body} body */
export function remarks(body) {
  const shown = body.encoding === 'base64' ? Math.floor((body.text.length * 3) / 4) : new Blob([body.text]).size;
  const list = [body.type || 'type unknown'];
  if (body.size !== undefined) list.push(bytes(body.size));
  if (body.encoding === 'base64') list.push('binary');
  const cut = body.cut ? `Cut: the agent kept the first ${bytes(shown)}${body.size === undefined ? '' : ` of ${bytes(body.size)}`}.` : '';
  return { line: list.join(' · '), cut };
}

/**
 * The content, in the form chosen.
 * @param {Body} body @param {boolean} raw as it was sent
 * @returns {{el: HTMLElement, forms: boolean}} forms: there is more than one form
 */
export function bodyView(body, raw) {
  if (body.encoding === 'base64') return binary(body, raw);
  if (/json/.test(body.type) || /^\s*[[{]/.test(body.text)) {
    const pretty = prettyJSON(body.text);
    if (pretty !== undefined) return { el: raw ? plain(body.text) : coloured(pretty), forms: pretty !== body.text };
  }
  if (/x-www-form-urlencoded/.test(body.type)) {
    const fields = formFields(body.text);
    if (fields) return { el: raw ? plain(body.text) : pairs(fields), forms: true };
  }
  return { el: plain(body.text), forms: false };
}

/** @param {Body} body @param {boolean} raw */
function binary(body, raw) {
  const data = decode(body.text);
  const rest = data.length > HEX_BYTES ? h('p', { class: 'fine dim' }, `${count(data.length - HEX_BYTES)} bytes more; save the body to see them.`) : null;
  if (PICTURE.test(body.type) && !body.cut) {
    const picture = h('div', { class: 'body-picture' }, h('img', { src: `data:${body.type};base64,${body.text}`, alt: 'The picture that was sent' }));
    return { el: raw ? h('div', {}, plain(hexDump(data)), rest) : picture, forms: true };
  }
  return { el: h('div', {}, plain(hexDump(data)), rest), forms: false };
}

/** @param {string} text */
function plain(text) {
  return h('pre', { class: 'body-text', tabIndex: 0 }, text);
}

const TOKEN = /("(?:\\.|[^"\\])*")(\s*:)?|\b(true|false|null)\b|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)/g;

/** JSON with colours. @param {string} text */
function coloured(text) {
  const el = plain('');
  if (text.length > COLOUR_CHARS) {
    el.textContent = text;
    return el;
  }
  let at = 0;
  for (const m of text.matchAll(TOKEN)) {
    const [whole, string, colon, word] = m;
    el.append(text.slice(at, m.index), h('span', { class: string ? (colon ? 'j-key' : 'j-string') : word ? 'j-word' : 'j-number' }, string ?? whole), colon ?? '');
    at = m.index + whole.length;
  }
  el.append(text.slice(at));
  return el;
}

/** @param {readonly [string, string][]} list */
export function pairs(list) {
  return h('dl', { class: 'pairs' }, ...list.flatMap(([key, value]) => [h('dt', {}, key), h('dd', {}, ...redacted(value))]));
}

/** A value in which what was taken out at capture is marked. @param {string} value */
export function redacted(value) {
  return value.split('***').flatMap((part, i) => (i === 0 ? [part] : [h('span', { class: 'redacted', title: 'Taken out when it was captured' }, '***'), part]));
}
