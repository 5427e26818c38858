// @ts-check
// The lights as they are shown now, drawn on a canvas. It draws again only while
// an animation moves and the strip is in sight.

import { h } from '../lib/dom.js';
import { frameOf, GUESS, moves, onScreen } from './animation.js';

/** @typedef {import('./types.d.ts').LightingState} LightingState */

/** Room for one light, in CSS pixels: at most, and below which there are several rows. */
const MOST_PX = 42;
const LEAST_PX = 15;

export class Strip {
  #canvas = h('canvas', { class: 'led-strip', role: 'img' });
  /** @type {LightingState | undefined} */
  #state;
  #brightness = 255;
  #count = GUESS;
  /** performance.now() at which the animation began. */
  #start = 0;
  #frame = 0;
  #shown = false;
  #still = matchMedia('(prefers-reduced-motion: reduce)');
  el = this.#canvas;

  constructor() {
    new ResizeObserver(() => this.#draw()).observe(this.#canvas);
  }

  /** Lets the animation run, or rest. @param {boolean} shown */
  setShown(shown) {
    this.#shown = shown;
    this.#run();
  }

  /**
   * @param {LightingState} state @param {number} count lights @param {number} brightness 0..255 @param {number} start performance.now() at which its animation began
   */
  set(state, count, brightness, start) {
    this.#state = state;
    this.#count = count;
    this.#brightness = brightness;
    this.#start = start;
    this.#canvas.setAttribute('aria-label', describe(state, count));
    this.#run();
  }

  #run() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    this.#draw();
    if (this.#shown && moves(this.#state?.animation ?? null) && !this.#still.matches) this.#frame = requestAnimationFrame(() => this.#run());
  }

  #colors() {
    const { frame, animation } = this.#state ?? { frame: null, animation: null };
    if (animation) return frameOf(animation, this.#count, (performance.now() - this.#start) / 1000);
    return Array.from({ length: this.#count }, (_, i) => frame?.[i] ?? { r: 0, g: 0, b: 0 });
  }

  #draw() {
    const canvas = this.#canvas;
    const width = canvas.clientWidth;
    const ctx = canvas.getContext('2d');
    if (!ctx || width === 0) return;
    const pad = 10;
    const perRow = Math.min(this.#count, Math.max(1, Math.floor((width - 2 * pad) / LEAST_PX)));
    const cell = Math.min(MOST_PX, (width - 2 * pad) / perRow);
    const rows = Math.ceil(this.#count / perRow);
    const height = Math.max(48, Math.round(rows * cell + 2 * pad));
    if (canvas.style.height !== `${height}px`) canvas.style.height = `${height}px`;
    const ratio = devicePixelRatio || 1;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    ctx.clearRect(0, 0, width, height);
    const left = (width - perRow * cell) / 2;
    const top = (height - rows * cell) / 2;
    this.#colors().forEach((color, i) => {
      const x = left + (i % perRow + 0.5) * cell;
      const y = top + (Math.floor(i / perRow) + 0.5) * cell;
      light(ctx, x, y, cell, onScreen(color, this.#brightness));
    });
  }
}

/** @param {CanvasRenderingContext2D} ctx @param {number} x @param {number} y @param {number} cell @param {[number, number, number]} rgb */
function light(ctx, x, y, cell, [r, g, b]) {
  const level = Math.max(r, g, b) / 255;
  const radius = Math.min(11, cell * 0.3);
  if (level > 0.02) {
    const glow = ctx.createRadialGradient(x, y, radius * 0.4, x, y, cell * 0.62);
    glow.addColorStop(0, `rgb(${r} ${g} ${b} / 55%)`);
    glow.addColorStop(1, `rgb(${r} ${g} ${b} / 0%)`);
    ctx.fillStyle = glow;
    ctx.fillRect(x - cell / 2, y - cell / 2, cell, cell);
  }
  ctx.beginPath();
  ctx.arc(x, y, radius, 0, 2 * Math.PI);
  ctx.fillStyle = level > 0.02 ? `rgb(${r} ${g} ${b})` : '#262c35';
  ctx.fill();
  ctx.lineWidth = 1;
  ctx.strokeStyle = 'rgb(255 255 255 / 14%)';
  ctx.stroke();
}

/** @param {LightingState} state @param {number} count */
function describe(state, count) {
  if (state.animation && state.animation.kind !== 'off') return `${count} lights, animation ${state.animation.kind.replace('_', ' ')}`;
  const lit = (state.frame ?? []).filter((c) => c.r + c.g + c.b + (c.w ?? 0) > 0).length;
  return `${count} lights, ${lit} lit`;
}
