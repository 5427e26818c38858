// @ts-check
// Numbers and times for people. Every function is pure.

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/** Bytes with a binary unit and three significant figures. @param {number} n */
export function bytes(n) {
  if (!Number.isFinite(n)) return '–';
  let unit = 0;
  let value = Math.abs(n);
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return `${n < 0 ? '−' : ''}${value.toFixed(digits)} ${UNITS[unit]}`;
}

/** Bytes on an axis, without digits that say nothing. @param {number} n */
export function axisBytes(n) {
  return bytes(n).replace(/\.0+(?= )/, '').replace(/(\.\d)0(?= )/, '$1');
}

/** @param {number} n bytes per second */
export function rate(n) {
  return `${bytes(n)}/s`;
}

/** @param {number} n @param {number} [digits] */
export function percent(n, digits = 1) {
  return Number.isFinite(n) ? `${n.toFixed(digits)} %` : '–';
}

/** @param {number} n degrees Celsius */
export function celsius(n) {
  return Number.isFinite(n) ? `${n.toFixed(1)} °C` : '–';
}

/** @param {number} mhz */
export function megahertz(mhz) {
  return mhz >= 1000 ? `${(mhz / 1000).toFixed(2)} GHz` : `${Math.round(mhz)} MHz`;
}

/** A length of time with its two largest units. @param {number} ms */
export function duration(ms) {
  const s = Math.max(0, Math.floor(ms / 1000));
  const d = Math.floor(s / 86400);
  const h = Math.floor(s / 3600) % 24;
  const m = Math.floor(s / 60) % 60;
  if (d > 0) return `${d} d ${h} h`;
  if (h > 0) return `${h} h ${m} min`;
  if (m > 0) return `${m} min ${s % 60} s`;
  return `${s} s`;
}

/** A point in the past, for the axis of a chart. @param {number} seconds ago */
export function sinceNow(seconds) {
  const s = Math.round(seconds);
  return s < 60 ? `−${s} s` : s % 60 === 0 ? `−${s / 60} min` : `−${Math.floor(s / 60)}:${String(s % 60).padStart(2, '0')} min`;
}

/** Round amounts of bytes: powers of two, for the axis of a chart. */
export function byteSteps() {
  return Array.from({ length: 48 }, (_, power) => 2 ** power);
}

/** How old something is, coarse on purpose so that it reads calmly. @param {number} ms */
export function age(ms) {
  if (!Number.isFinite(ms)) return 'never';
  if (ms < 1000) return '< 1 s';
  if (ms < 60_000) return `${Math.floor(ms / 1000)} s`;
  return duration(ms);
}

/** @param {number} ms round trip */
export function ping(ms) {
  return ms < 10 ? `${ms.toFixed(1)} ms` : `${Math.round(ms)} ms`;
}

/** Time of day in the viewer's zone, with milliseconds if wanted. @param {number} ms @param {boolean} [fine] */
export function clockTime(ms, fine = false) {
  const d = new Date(ms);
  const two = (/** @type {number} */ n) => String(n).padStart(2, '0');
  const base = `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`;
  return fine ? `${base}.${String(d.getMilliseconds()).padStart(3, '0')}` : base;
}

/** @param {number} n */
export function count(n) {
  return n.toLocaleString('en-GB');
}

/** @param {number} n @param {string} one @param {string} [many] */
export function plural(n, one, many = `${one}s`) {
  return `${count(n)} ${n === 1 ? one : many}`;
}

/** A text of the device as a sentence. @param {string} text */
export function sentence(text) {
  const t = text.trim();
  return t === '' ? '' : t[0]?.toUpperCase() + t.slice(1) + (/[.!?]$/.test(t) ? '' : '.');
}
