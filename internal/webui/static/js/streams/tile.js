// @ts-check
// One stream in the grid: its live view and, below it, what is known of it.

import { age } from '../lib/format.js';
import { h, setAttr, setText } from '../lib/dom.js';
import { icon } from '../lib/icons.js';
import { Player } from './player.js';
import { saveStill, toggleFullscreen } from './still.js';
import { isSimulated, nameOf, reason, sourceOf } from './store.js';

/** @typedef {import('./types.d.ts').StreamInfo} StreamInfo */

/** Silence from which a picture is old. */
export const STALE_MS = 2500;

/**
 * What to say over a picture that is not live; empty if it is.
 * @param {Player} player @param {StreamInfo | undefined} info @param {number} now performance.now()
 */
export function noteOf(player, info, now) {
  if (player.error) return player.error;
  if (now - player.arrivedAt <= STALE_MS) return '';
  const why = reason(info);
  if (why) return `No frames: ${why}`;
  if (!player.running) return 'Paused while out of sight';
  return Number.isNaN(player.arrivedAt) ? 'Waiting for the first frame' : `No frames for ${age(now - player.arrivedAt)}`;
}

/** "1280 × 720" and the like. @param {import('./player.js').Format | undefined} format */
export function sizeText(format) {
  return format && format.width > 0 ? `${format.width} × ${format.height}` : '';
}

/** @param {string} fourcc */
export function formatName(fourcc) {
  return { MJPG: 'MJPEG', JPEG: 'MJPEG', H264: 'H.264', H265: 'H.265', HEVC: 'H.265' }[fourcc] ?? fourcc;
}

export class Tile {
  /** @type {StreamInfo} */
  info;
  #canvas = h('canvas', { class: 'live', width: 640, height: 360 });
  #name = h('h2', {});
  #source = h('span', { class: 'dim clip' });
  #badge = h('span', { class: 'badge', hidden: true }, 'simulated');
  #facts = h('span', { class: 'tile-facts' });
  #fps = h('span', { class: 'tile-fps' });
  #age = h('span', { class: 'age' });
  #note = h('p', { class: 'live-note', hidden: true });
  #stage;
  #link;
  player;
  el;

  /**
   * @param {StreamInfo} info
   * @param {{open: (id: string) => void, edit: (id: string) => void, toast: (text: string, kind?: 'info' | 'error') => void, href: (id: string) => string}} on
   */
  constructor(info, on) {
    this.info = info;
    this.player = new Player(this.#canvas, info.id);
    this.#stage = h('div', { class: 'live-stage' }, this.#canvas, this.#note);
    this.#link = h('a', {
      class: 'tile-link', href: on.href(info.id),
      onclick: (/** @type {MouseEvent} */ e) => {
        if (e.ctrlKey || e.metaKey || e.shiftKey || e.button !== 0) return;
        e.preventDefault();
        on.open(info.id);
      },
    }, this.#stage);
    const button = (/** @type {string} */ name, /** @type {string} */ label, /** @type {() => void} */ run) =>
      h('button', { type: 'button', class: 'icon-button', title: label, 'aria-label': label, onclick: run }, icon(name));
    this.el = h('article', { class: 'tile aged', 'data-id': info.id }, this.#link,
      h('div', { class: 'tile-bar' },
        h('div', { class: 'tile-title' }, h('div', { class: 'tile-name' }, this.#name, this.#badge), this.#source),
        h('div', { class: 'tile-tools' },
          button('still', 'Save a still', () => void this.#still(on.toast)),
          button('expand', 'Full screen', () => void toggleFullscreen(this.#stage)),
          button('edit', 'Change the stream', () => on.edit(info.id)))),
      h('div', { class: 'tile-line' }, this.#facts, this.#fps, this.#age));
    this.update(info);
  }

  /** @param {StreamInfo} info */
  update(info) {
    this.info = info;
    const name = nameOf(info);
    setText(this.#name, name);
    setText(this.#source, sourceOf(info));
    setAttr(this.el, 'aria-label', name);
    setAttr(this.#link, 'aria-label', `Open ${name}`);
    this.#badge.hidden = !isSimulated(info);
    this.refresh();
  }

  /** Brings the figures up to date. */
  refresh() {
    const now = performance.now();
    const { player } = this;
    const note = noteOf(player, this.info, now);
    const silent = now - player.arrivedAt;
    setText(this.#note, note);
    this.#note.hidden = note === '';
    setAttr(this.el, 'data-fresh', Number.isNaN(silent) ? 'never' : silent > STALE_MS ? 'no' : 'yes');
    setAttr(this.el, 'data-shown', String(player.shown));
    const format = player.format;
    setText(this.#facts, format ? [formatName(format.fourcc), sizeText(format)].filter(Boolean).join(' · ') : formatName(this.info.manifest.capture.mode.format.code));
    const lost = player.dropped > 0 ? ` · ${player.dropped} dropped` : '';
    setText(this.#fps, player.running ? `${player.drawings.rate(now).toFixed(1)} fps${lost}` : '');
    setText(this.#age, Number.isNaN(silent) ? '' : silent > STALE_MS ? `stale: ${age(silent)} old` : `${age(silent)} ago`);
    setAttr(this.#age, 'data-fresh', silent > STALE_MS ? 'no' : 'yes');
  }

  /** @param {(text: string, kind?: 'info' | 'error') => void} toast */
  async #still(toast) {
    const wrong = await saveStill(this.#canvas, this.info.id, nameOf(this.info), this.player.shown > 0);
    if (wrong) toast(wrong, 'error');
  }
}
