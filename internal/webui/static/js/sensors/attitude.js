// @ts-check
// <hg-attitude>: the device in space, drawn on a canvas whenever it has turned.

import { cssColor, h, setAttr } from '../lib/dom.js';
import { theme } from '../theme.js';
import { angleBetween, between, IDENTITY, unit } from './quat.js';
import { axes, body, forwardMark, ring, shadow } from './scene.js';

/**
 * @typedef {import('./types.d.ts').Quaternion} Quaternion
 * @typedef {import('./scene.js').Point} Point
 */

/** Time in which half of a turn that was told is shown, in ms: it joins the messages to a movement. */
const HALF_MS = 25;
/** What is nearer to its goal than this many degrees has arrived. */
const ARRIVED_DEG = 0.05;
const FONT = '600 12px system-ui, sans-serif';

export class Attitude extends HTMLElement {
  #canvas = h('canvas', {});
  #goal = IDENTITY;
  #shown = IDENTITY;
  #known = false;
  #frame = 0;
  #at = 0;
  /** @type {Record<string, string>} */
  #colors = {};
  #still = matchMedia('(prefers-reduced-motion: reduce)');
  #resize = new ResizeObserver(() => this.#draw());
  #onTheme = () => this.#themed();

  connectedCallback() {
    if (!this.firstChild) this.append(this.#canvas);
    setAttr(this, 'role', 'img');
    this.#resize.observe(this);
    theme.addEventListener('change', this.#onTheme);
    this.#themed();
  }

  disconnectedCallback() {
    this.#resize.disconnect();
    theme.removeEventListener('change', this.#onTheme);
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
  }

  /** Turns the device to an attitude. @param {Quaternion} q @param {string} label the attitude in words */
  set(q, label) {
    this.#goal = unit(q);
    setAttr(this, 'aria-label', label);
    if (!this.#known || this.#still.matches) this.#shown = this.#goal;
    this.#known = true;
    if (this.#frame === 0) {
      this.#at = performance.now();
      this.#frame = requestAnimationFrame((now) => this.#step(now));
    }
  }

  /** @param {number} now */
  #step(now) {
    const part = 1 - 0.5 ** (Math.max(0, now - this.#at) / HALF_MS);
    this.#at = now;
    const arrived = angleBetween(this.#shown, this.#goal) < ARRIVED_DEG;
    this.#shown = arrived ? this.#goal : between(this.#shown, this.#goal, part);
    this.#draw();
    this.#frame = arrived ? 0 : requestAnimationFrame((next) => this.#step(next));
  }

  #themed() {
    for (const name of ['--text', '--text-3', '--border-2', '--grid', '--axis-x', '--axis-y', '--axis-z', '--accent', '--body-light', '--body-dark', '--shadow-3']) this.#colors[name] = cssColor(name);
    this.#draw();
  }

  #draw() {
    const { clientWidth: width, clientHeight: height } = this;
    const ctx = this.#canvas.getContext('2d');
    if (!ctx || width === 0 || height === 0) return;
    const ratio = devicePixelRatio || 1;
    const [w, ht] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (this.#canvas.width !== w || this.#canvas.height !== ht) {
      this.#canvas.width = w;
      this.#canvas.height = ht;
    }
    const scale = Math.min(width / 1.72, height / 1.36) * ratio;
    ctx.setTransform(scale, 0, 0, scale, w / 2, ht / 2 - 0.03 * ht);
    ctx.clearRect(-9, -9, 18, 18);
    ctx.lineJoin = 'round';
    const px = ratio / scale;
    this.#ground(ctx, px);
    this.#arrows(ctx, px, true);
    this.#body(ctx, px);
    this.#arrows(ctx, px, false);
  }

  /** @param {CanvasRenderingContext2D} ctx @param {number} px one CSS pixel */
  #ground(ctx, px) {
    ctx.lineWidth = px;
    for (const radius of [0.55, 1.1]) {
      path(ctx, ring(radius), true);
      ctx.strokeStyle = this.#color('--border-2');
      ctx.stroke();
    }
    const [from, to] = forwardMark(1.1, 1.28);
    path(ctx, [from, to], false);
    ctx.lineWidth = 3 * px;
    ctx.strokeStyle = this.#color('--text-3');
    ctx.stroke();
    path(ctx, shadow(this.#shown), true);
    ctx.fillStyle = this.#color('--shadow-3');
    ctx.fill();
  }

  /** @param {CanvasRenderingContext2D} ctx @param {number} px */
  #body(ctx, px) {
    for (const { points, shade, part } of body(this.#shown)) {
      path(ctx, points, true);
      ctx.fillStyle = this.#color('--body-dark');
      ctx.fill();
      ctx.globalAlpha = shade;
      ctx.fillStyle = this.#color(part === 'nose' || part === 'mark' ? '--accent' : '--body-light');
      ctx.fill();
      ctx.globalAlpha = 1;
      if (part === 'mark') continue;
      ctx.lineWidth = px;
      ctx.strokeStyle = this.#color('--text-3');
      ctx.stroke();
    }
  }

  /** @param {CanvasRenderingContext2D} ctx @param {number} px @param {boolean} behind those behind the body, or those before it */
  #arrows(ctx, px, behind) {
    for (const arrow of axes(this.#shown)) {
      if (arrow.behind !== behind) continue;
      const { from, to, axis } = arrow;
      const color = this.#color(`--axis-${axis}`);
      ctx.lineWidth = 2.5 * px;
      ctx.lineCap = 'round';
      ctx.strokeStyle = ctx.fillStyle = color;
      path(ctx, [from, to], false);
      ctx.stroke();
      tip(ctx, from, to, 9 * px);
      const length = Math.hypot(to[0] - from[0], to[1] - from[1]) || 1;
      const off = (14 * px) / length;
      ctx.save();
      ctx.translate(to[0] + (to[0] - from[0]) * off, to[1] + (to[1] - from[1]) * off);
      ctx.scale(px, px);
      ctx.font = FONT;
      ctx.textAlign = 'center';
      ctx.textBaseline = 'middle';
      ctx.fillText(axis.toUpperCase(), 0, 0);
      ctx.restore();
    }
  }

  /** @param {string} name */
  #color(name) {
    return this.#colors[name] ?? 'gray';
  }
}

/** @param {CanvasRenderingContext2D} ctx @param {Point[]} points @param {boolean} closed */
function path(ctx, points, closed) {
  ctx.beginPath();
  points.forEach(([x, y], i) => (i === 0 ? ctx.moveTo(x, y) : ctx.lineTo(x, y)));
  if (closed) ctx.closePath();
}

/** The head of an arrow. @param {CanvasRenderingContext2D} ctx @param {Point} from @param {Point} to @param {number} size */
function tip(ctx, [fx, fy], [tx, ty], size) {
  const length = Math.hypot(tx - fx, ty - fy);
  if (length < size / 2) return; // it points at the viewer
  const [ux, uy] = [((tx - fx) / length) * size, ((ty - fy) / length) * size];
  path(ctx, [[tx + ux * 0.3, ty + uy * 0.3], [tx - ux * 0.7 + uy * 0.45, ty - uy * 0.7 - ux * 0.45], [tx - ux * 0.7 - uy * 0.45, ty - uy * 0.7 + ux * 0.45]], true);
  ctx.fill();
}

customElements.define('hg-attitude', Attitude);
