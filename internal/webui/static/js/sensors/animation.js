// @ts-check
// What the lights show, computed from their state: the colours that are fixed,
// or an animation at a moment. Pure, and the same arithmetic as on the device.

/**
 * @typedef {import('./types.d.ts').LedColor} LedColor
 * @typedef {import('./types.d.ts').Animation} Animation
 * @typedef {import('./types.d.ts').LightingState} LightingState
 * @typedef {import('./types.d.ts').AnimationKind} AnimationKind
 */

/** @type {LedColor} */
export const DARK = { r: 0, g: 0, b: 0, w: 0 };
/** Lights drawn when the device does not tell how many it has. */
export const GUESS = 12;

/** Which parameters each kind of animation has. @type {Record<AnimationKind, readonly ('color' | 'speed_hz' | 'low' | 'high' | 'period_ms')[]>} */
export const PARAMETERS = {
  off: [],
  chase: ['color', 'speed_hz'],
  pulse: ['color', 'low', 'high', 'period_ms'],
  rainbow: ['speed_hz'],
  breathing_rainbow: ['speed_hz', 'low', 'high', 'period_ms'],
};

/** The colours of count lights t seconds after the start. @param {Animation} a @param {number} count @param {number} t @returns {LedColor[]} */
export function frameOf(a, count, t) {
  const turn = mod((a.speed_hz ?? 0) * t, 1);
  const color = a.color ?? DARK;
  return Array.from({ length: count }, (_, i) => {
    switch (a.kind) {
      case 'chase': return scale(color, nearness(i, turn * count, count));
      case 'pulse': return scale(color, level(a, t));
      case 'rainbow': return hue(i / count + turn);
      case 'breathing_rainbow': return scale(hue(i / count + turn), level(a, t));
      default: return DARK;
    }
  });
}

/** Whether the picture changes with time. @param {Animation | null} a */
export function moves(a) {
  if (!a) return false;
  const breathes = (a.period_ms ?? 0) !== 0 && (a.low ?? 0) !== (a.high ?? 0);
  const turns = (a.speed_hz ?? 0) !== 0;
  switch (a.kind) {
    case 'chase': case 'rainbow': return turns;
    case 'pulse': return breathes;
    case 'breathing_rainbow': return turns || breathes;
    default: return false;
  }
}

/**
 * How many lights there are, as far as that is known: from the colours that the
 * device told, or from its configuration; undefined when neither says.
 * @param {LightingState | undefined} state @param {number | undefined} configured @param {number | undefined} before what an earlier state told
 */
export function countOf(state, configured, before) {
  if (state?.frame && state.frame.length > 0) return state.frame.length;
  return before ?? (configured || undefined);
}

/** Whether any light is lit: an animation runs, or a fixed colour is not black. @param {LightingState} state */
export function lit(state) {
  if (state.animation) return state.animation.kind !== 'off';
  return (state.frame ?? []).some((c) => c.r + c.g + c.b + (c.w ?? 0) > 0);
}

/** The colour on a screen: white is mixed in, brightness dims. @param {LedColor} c @param {number} brightness 0..255 @returns {[number, number, number]} */
export function onScreen(c, brightness) {
  // A dim light is still seen as a light; screens follow the eye, LEDs do not.
  const gain = Math.sqrt(brightness / 255);
  const part = (/** @type {number} */ v) => Math.round(Math.min(255, v + (c.w ?? 0)) * gain);
  return [part(c.r), part(c.g), part(c.b)];
}

/** @param {LedColor} c @returns {string} such as "#ff8800" */
export function toHex({ r, g, b }) {
  return `#${[r, g, b].map((v) => Math.max(0, Math.min(255, Math.round(v))).toString(16).padStart(2, '0')).join('')}`;
}

/** @param {string} hex @param {number} [w] @returns {LedColor} */
export function fromHex(hex, w = 0) {
  const n = Number.parseInt(hex.slice(1), 16);
  return { r: (n >> 16) & 255, g: (n >> 8) & 255, b: n & 255, w };
}

/** @param {LedColor} c @param {number} by 0 to 1 @returns {LedColor} */
function scale(c, by) {
  return { r: Math.round(c.r * by), g: Math.round(c.g * by), b: Math.round(c.b * by), w: Math.round((c.w ?? 0) * by) };
}

/** 1 for the light at the place, falling to 0 for its neighbours in the ring. @param {number} light @param {number} at @param {number} n */
function nearness(light, at, n) {
  if (n <= 1) return 1;
  const d = Math.abs(light - at);
  return Math.max(0, 1 - Math.min(d, n - d));
}

/** The level of a breath, 0 to 1: low at the start, high after half the period. @param {Animation} a @param {number} t seconds */
function level(a, t) {
  const [low, high, period] = [a.low ?? 0, a.high ?? 0, (a.period_ms ?? 0) / 1000];
  if (period === 0) return high / 255;
  const breath = (1 - Math.cos(2 * Math.PI * (mod(t, period) / period))) / 2;
  return (low + (high - low) * breath) / 255;
}

/** A saturated colour: 0 is red, 1/3 green, 2/3 blue. @param {number} turn @returns {LedColor} */
function hue(turn) {
  const part = (/** @type {number} */ offset) => Math.round(255 * Math.min(1, Math.max(0, Math.abs(6 * mod(turn + offset, 1) - 3) - 1)));
  return { r: part(0), g: part(2 / 3), b: part(1 / 3), w: 0 };
}

/** The remainder that is never negative. @param {number} a @param {number} n */
function mod(a, n) {
  return ((a % n) + n) % n;
}
