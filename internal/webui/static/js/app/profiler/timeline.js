// @ts-check
// <hg-spans>: spans over time in lanes, with the markers above them. The arrow
// keys go from span to span.

import { cssColor, h, perFrame, setText } from '../../lib/dom.js';
import { sinceNow } from '../../lib/format.js';
import { theme } from '../../theme.js';
import { short } from '../network/scale.js';
import { colourOf, lanes, MAX_LANES } from './lanes.js';

const LANE_PX = 20;
const TOP_PX = 18;
const BOTTOM_PX = 18;
const FONT = '11px system-ui, sans-serif';
const COLOURS = ['--c-cpu', '--c-rx', '--c-mem', '--c-gpu', '--c-tx'];

/**
 * @typedef {import('./feed.js').TimedSpan} TimedSpan
 * @typedef {import('../types.d.ts').Marker} Marker
 */

export class SpanTimeline extends HTMLElement {
  #canvas = h('canvas', { width: 1, height: 1, 'aria-hidden': 'true' });
  #tip = h('div', { class: 'chart-tip', hidden: true });
  #spoken = h('span', { class: 'sr-only', role: 'status', 'aria-live': 'polite' });
  /** @type {{span: TimedSpan, lane: number}[]} */
  #placed = [];
  /** @type {readonly Marker[]} */
  #markers = [];
  #end = 0;
  #seconds = 60;
  #selected = '';
  /** What was chosen; undefined for nothing. @type {(span: TimedSpan | undefined) => void} */
  onSelect = () => {};
  #draw = perFrame(() => this.#paint());
  #resize = new ResizeObserver(() => this.#draw());
  #onTheme = () => this.#draw();

  connectedCallback() {
    this.tabIndex = 0;
    this.setAttribute('role', 'group');
    this.setAttribute('aria-label', 'Spans over time; arrow keys go from one to the next');
    this.replaceChildren(this.#canvas, this.#tip, this.#spoken);
    this.#resize.observe(this);
    theme.addEventListener('change', this.#onTheme);
    this.addEventListener('pointermove', (e) => this.#point(e));
    this.addEventListener('pointerleave', () => { this.#tip.hidden = true; });
    this.addEventListener('click', (e) => this.#choose(this.#at(e)?.span));
    this.addEventListener('keydown', (e) => this.#onKey(e));
  }

  disconnectedCallback() {
    this.#resize.disconnect();
    theme.removeEventListener('change', this.#onTheme);
  }

  /** @param {readonly TimedSpan[]} spans @param {readonly Marker[]} markers @param {number} end right edge, Unix ms @param {number} seconds shown */
  update(spans, markers, end, seconds) {
    this.#end = end;
    this.#seconds = seconds;
    const from = end - seconds * 1000;
    this.#placed = lanes(spans.filter((s) => s.end >= from && s.at <= end));
    this.#markers = markers.filter((m) => Date.parse(m.tsUtc) >= from);
    const used = Math.max(2, ...this.#placed.map((p) => p.lane + 1));
    this.style.height = `${TOP_PX + Math.min(used, MAX_LANES) * LANE_PX + BOTTOM_PX}px`;
    this.#draw();
  }

  /** @param {string} id empty for none */
  select(id) {
    this.#selected = id;
    this.#draw();
  }

  /** @param {number} ms Unix @param {number} width */
  #x(ms, width) {
    return ((ms - this.#end) / (this.#seconds * 1000) + 1) * width;
  }

  #paint() {
    const { clientWidth: width, clientHeight: height } = this;
    const ctx = this.#canvas.getContext('2d');
    if (!ctx || width === 0) return;
    const scale = devicePixelRatio;
    this.#canvas.width = Math.round(width * scale);
    this.#canvas.height = Math.round(height * scale);
    ctx.setTransform(scale, 0, 0, scale, 0, 0);
    ctx.font = FONT;
    ctx.textBaseline = 'middle';
    this.#paintGrid(ctx, width, height);
    const colours = COLOURS.map(cssColor);
    const [bad, text, surface] = ['--bad', '--text', '--surface'].map(cssColor);
    for (const { span, lane } of this.#placed) {
      const x = Math.max(0, this.#x(span.at, width));
      const w = Math.max(2, this.#x(span.end, width) - x);
      const y = TOP_PX + lane * LANE_PX;
      const failed = (span.status ?? 'ok') !== 'ok';
      const colour = /** @type {string} */ (failed ? bad : colours[colourOf(span.kind, colours.length)]);
      ctx.globalAlpha = span.spanId === this.#selected ? 0.6 : 0.28;
      ctx.fillStyle = colour;
      ctx.fillRect(x, y + 1, w, LANE_PX - 3);
      ctx.globalAlpha = 1;
      ctx.fillRect(x, y + 1, 2, LANE_PX - 3);
      if (span.spanId === this.#selected) {
        ctx.strokeStyle = /** @type {string} */ (text);
        ctx.lineWidth = 1.5;
        ctx.strokeRect(x, y + 0.5, w, LANE_PX - 2.5);
      }
      if (w > 34) this.#label(ctx, `${span.name} · ${short(span.durationMs)}`, x + 6, y + LANE_PX / 2 - 0.5, w - 9, /** @type {string} */ (text));
    }
    this.#paintMarkers(ctx, width, height, /** @type {string} */ (surface));
  }

  /** Text that ends where its span does. @param {CanvasRenderingContext2D} ctx @param {string} text @param {number} x @param {number} y @param {number} room @param {string} colour */
  #label(ctx, text, x, y, room, colour) {
    ctx.save();
    ctx.beginPath();
    ctx.rect(x, y - LANE_PX, room, 2 * LANE_PX);
    ctx.clip();
    ctx.fillStyle = colour;
    ctx.fillText(text, x, y);
    ctx.restore();
  }

  /** @param {CanvasRenderingContext2D} ctx @param {number} width @param {number} height */
  #paintGrid(ctx, width, height) {
    const [grid, text] = ['--grid', '--text-3'].map(cssColor);
    ctx.textAlign = 'center';
    for (let i = 1; i < 4; i++) {
      const x = Math.round((i * width) / 4);
      ctx.fillStyle = /** @type {string} */ (grid);
      ctx.fillRect(x, TOP_PX, 1, height - TOP_PX - BOTTOM_PX);
      ctx.fillStyle = /** @type {string} */ (text);
      ctx.fillText(sinceNow(((4 - i) * this.#seconds) / 4), x, height - BOTTOM_PX / 2);
    }
    ctx.textAlign = 'left';
  }

  /** @param {CanvasRenderingContext2D} ctx @param {number} width @param {number} height @param {string} surface */
  #paintMarkers(ctx, width, height, surface) {
    const colour = cssColor('--accent');
    let free = -Infinity;
    for (const m of this.#markers) {
      const x = Math.round(this.#x(Date.parse(m.tsUtc), width));
      ctx.fillStyle = colour;
      ctx.globalAlpha = 0.6;
      ctx.fillRect(x, TOP_PX - 4, 1, height - TOP_PX - BOTTOM_PX + 4);
      ctx.globalAlpha = 1;
      const w = ctx.measureText(m.name).width;
      const left = Math.min(x, width - w - 4);
      if (left < free) continue; // no room for its name
      ctx.fillStyle = surface;
      ctx.fillRect(left, 2, w + 6, TOP_PX - 5);
      ctx.fillStyle = colour;
      ctx.fillText(m.name, left + 2, TOP_PX / 2);
      free = left + w + 10;
    }
  }

  /** The span under the pointer. @param {MouseEvent} e */
  #at(e) {
    const box = this.getBoundingClientRect();
    const x = e.clientX - box.left;
    const lane = Math.floor((e.clientY - box.top - TOP_PX) / LANE_PX);
    const slack = 3;
    return this.#placed.findLast((p) => p.lane === lane && x >= this.#x(p.span.at, box.width) - slack && x <= Math.max(this.#x(p.span.end, box.width), this.#x(p.span.at, box.width) + 2) + slack);
  }

  /** @param {PointerEvent} e */
  #point(e) {
    const span = this.#at(e)?.span;
    this.#tip.hidden = !span;
    this.style.cursor = span ? 'pointer' : '';
    if (!span) return;
    setText(this.#tip, `${span.kind}  ${span.name}  ${short(span.durationMs)}${span.error ? `  ${span.error}` : ''}`);
    const half = this.#tip.offsetWidth / 2;
    const x = Math.min(Math.max(e.clientX - this.getBoundingClientRect().left, half), this.clientWidth - half);
    this.#tip.style.transform = `translateX(${Math.round(x - half)}px)`;
  }

  /** @param {TimedSpan | undefined} span */
  #choose(span) {
    this.#selected = span?.spanId ?? '';
    setText(this.#spoken, span ? `${span.kind}, ${span.name}, ${short(span.durationMs)}, ${span.status ?? 'ok'}` : '');
    this.onSelect(span);
    this.#draw();
  }

  /** @param {KeyboardEvent} e */
  #onKey(e) {
    const at = this.#placed.findIndex((p) => p.span.spanId === this.#selected);
    const last = this.#placed.length - 1;
    /** @type {Record<string, number>} */
    const to = { ArrowRight: at + 1, ArrowLeft: at < 0 ? last : at - 1, Home: 0, End: last };
    const target = to[e.key];
    if (e.key === 'Escape' && this.#selected) this.#choose(undefined);
    else if (target === undefined || last < 0) return;
    else this.#choose(this.#placed[Math.min(last, Math.max(0, target))]?.span);
    e.preventDefault();
  }
}

customElements.define('hg-spans', SpanTimeline);
