// @ts-check
// What the controls of the lights stand for: from a state to their settings, and
// from settings to a command. Pure.

import { DARK, lit, PARAMETERS } from './animation.js';

/**
 * @typedef {import('./types.d.ts').LedColor} LedColor
 * @typedef {import('./types.d.ts').Animation} Animation
 * @typedef {import('./types.d.ts').LightingState} LightingState
 * @typedef {import('./types.d.ts').LightingCommand} LightingCommand
 * @typedef {'solid' | 'chase' | 'pulse' | 'rainbow' | 'breathing_rainbow'} Mode
 * @typedef {{on: boolean, mode: Mode, color: LedColor, mixed: boolean, speed_hz: number, low: number, high: number, period_ms: number, brightness: number}} Settings
 * mixed: the fixed colours differ
 */

/** What the controls hold before the device says anything. @type {Settings} */
export const DEFAULTS = { on: false, mode: 'solid', color: { r: 255, g: 176, b: 80, w: 0 }, mixed: false, speed_hz: 0.5, low: 16, high: 255, period_ms: 3000, brightness: 255 };

/**
 * The settings that a state shows. What it does not tell stays as before, so that
 * going from one animation to another and back loses nothing.
 * @param {LightingState} state @param {Settings} before @param {number} fallback brightness when the state tells none @returns {Settings}
 */
export function settingsOf(state, before, fallback) {
  const next = { ...before, on: lit(state), mixed: false, brightness: state.brightness ?? fallback };
  const { animation, frame } = state;
  if (animation && animation.kind !== 'off') return fromAnimation(animation, next);
  const first = frame?.find((c) => c.r + c.g + c.b + (c.w ?? 0) > 0);
  if (!frame || !first) return next;
  return { ...next, mode: 'solid', color: { ...DARK, ...first }, mixed: frame.some((c) => !same(c, first)) };
}

/** @param {Animation} a @param {Settings} next @returns {Settings} */
function fromAnimation(a, next) {
  const still = a.kind === 'pulse' && (a.period_ms ?? 0) === 0;
  if (still) {
    const level = (a.high ?? 0) / 255;
    const c = a.color ?? DARK;
    return { ...next, mode: 'solid', color: { r: c.r * level, g: c.g * level, b: c.b * level, w: (c.w ?? 0) * level } };
  }
  const out = { ...next, mode: /** @type {Mode} */ (a.kind) };
  for (const key of PARAMETERS[a.kind]) {
    if (key === 'color') out.color = { ...DARK, ...a.color };
    else out[key] = a[key] ?? 0;
  }
  return out;
}

/**
 * The command that brings settings about. A fixed colour needs the number of
 * lights; where the device does not tell it, a pulse that stands still is the same.
 * @param {Settings} s @param {number | undefined} count @returns {LightingCommand}
 */
export function commandOf(s, count) {
  if (!s.on) return { animation: { kind: 'off' } };
  const color = { r: Math.round(s.color.r), g: Math.round(s.color.g), b: Math.round(s.color.b), w: Math.round(s.color.w ?? 0) };
  if (s.mode === 'solid') {
    if (count === undefined) return { animation: { kind: 'pulse', color, low: 255, high: 255, period_ms: 0 } };
    return { frame: Array.from({ length: count }, () => color) };
  }
  /** @type {Animation} */
  const animation = { kind: s.mode };
  for (const key of PARAMETERS[s.mode]) {
    if (key === 'color') animation.color = color;
    else animation[key] = s[key];
  }
  return { animation };
}

/** What two commands in a row amount to: colours and animations end each other. @param {LightingCommand} first @param {LightingCommand} then @returns {LightingCommand} */
export function mergeCommands(first, then) {
  const out = { ...first, ...then };
  if (then.animation) delete out.frame;
  if (then.frame) delete out.animation;
  return out;
}

/** @param {LedColor} a @param {LedColor} b */
function same(a, b) {
  return a.r === b.r && a.g === b.g && a.b === b.b && (a.w ?? 0) === (b.w ?? 0);
}
