// @ts-check
// What has to be known of an access unit before a decoder may have it: whether
// decoding can begin there, and the codec string, which is in its parameter set.
// The units have start codes (H.264 and H.265, Annex B). Pure functions.

/**
 * @typedef {object} Unit
 * @property {boolean} key decoding can begin here
 * @property {string} [codec] as WebCodecs names it, if the unit has a sequence parameter set
 */

const H264_IDR = 5;
const H264_SPS = 7;
const HEVC_FIRST_KEY = 16;
const HEVC_LAST_KEY = 21;
const HEVC_SPS = 33;

/** Reads an access unit. @param {Uint8Array} data @param {'H264' | 'HEVC'} fourcc @returns {Unit} */
export function inspect(data, fourcc) {
  /** @type {Unit} */
  const unit = { key: false };
  for (const [from, to] of nalUnits(data)) {
    const head = /** @type {number} */ (data[from]);
    const type = fourcc === 'H264' ? head & 0x1f : (head >> 1) & 0x3f;
    if (fourcc === 'H264') {
      if (type === H264_IDR) unit.key = true;
      if (type === H264_SPS) unit.codec ??= codecH264(data.subarray(from, to));
    } else {
      if (type >= HEVC_FIRST_KEY && type <= HEVC_LAST_KEY) unit.key = true;
      if (type === HEVC_SPS) unit.codec ??= codecHEVC(data.subarray(from, to));
    }
    // Slices come last and are long: nothing behind the first one is of interest.
    if (fourcc === 'H264' ? type >= 1 && type <= H264_IDR : type < 32) break;
  }
  return unit;
}

/** Where the units are, without their start codes. @param {Uint8Array} data @returns {Generator<[number, number]>} */
export function* nalUnits(data) {
  let from = -1;
  let zeros = 0;
  for (let i = 0; i < data.length; i++) {
    const byte = data[i];
    if (byte === 0) {
      zeros++;
      continue;
    }
    if (byte === 1 && zeros >= 2) {
      if (from >= 0 && i - zeros > from) yield [from, i - zeros];
      from = i + 1;
    }
    zeros = 0;
  }
  if (from >= 0 && from < data.length) yield [from, data.length];
}

/** "avc1.PPCCLL" of a sequence parameter set. @param {Uint8Array} sps */
function codecH264(sps) {
  if (sps.length < 4) return undefined;
  return `avc1.${[...sps.subarray(1, 4)].map((b) => b.toString(16).padStart(2, '0')).join('')}`;
}

/** "hev1.…" of a sequence parameter set (ISO/IEC 14496-15, annex E). @param {Uint8Array} sps */
function codecHEVC(sps) {
  const b = withoutEscapes(sps).subarray(3, 15); // behind the header and the ids: profile_tier_level
  if (b.length < 12) return undefined;
  const at = (/** @type {number} */ i) => /** @type {number} */ (b[i]);
  const space = ['', 'A', 'B', 'C'][at(0) >> 6];
  const compatible = ((at(1) << 24) | (at(2) << 16) | (at(3) << 8) | at(4)) >>> 0;
  const constraints = [...b.subarray(5, 11)];
  while (constraints.at(-1) === 0) constraints.pop();
  const tail = constraints.map((c) => `.${c.toString(16).toUpperCase()}`).join('');
  return `hev1.${space}${at(0) & 0x1f}.${reversed(compatible).toString(16).toUpperCase()}.${at(0) & 0x20 ? 'H' : 'L'}${at(11)}${tail}`;
}

/** The bits of a 32 bit number from behind. @param {number} n */
function reversed(n) {
  let out = 0;
  for (let i = 0; i < 32; i++) out = ((out << 1) | ((n >>> i) & 1)) >>> 0;
  return out;
}

/** Removes the bytes that keep data from looking like a start code. @param {Uint8Array} data */
function withoutEscapes(data) {
  /** @type {number[]} */
  const out = [];
  let zeros = 0;
  for (const byte of data) {
    if (zeros >= 2 && byte === 3) {
      zeros = 0;
      continue;
    }
    zeros = byte === 0 ? zeros + 1 : 0;
    out.push(byte);
  }
  return Uint8Array.from(out);
}
