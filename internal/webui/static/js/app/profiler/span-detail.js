// @ts-check
// One span of the timeline in full.

import { h } from '../../lib/dom.js';
import { clockTime } from '../../lib/format.js';
import { icon } from '../../lib/icons.js';
import { prettyJSON, pairs } from '../network/body.js';
import { short } from '../network/scale.js';

/** @typedef {import('./feed.js').TimedSpan} TimedSpan */

export class SpanDetail {
  #close;
  el = h('div', { class: 'span-detail', hidden: true });

  /** @param {() => void} close */
  constructor(close) {
    this.#close = close;
  }

  /** @param {TimedSpan | undefined} s */
  show(s) {
    this.el.hidden = s === undefined;
    if (!s) return;
    /** @type {[string, string | null | undefined][]} */
    const rows = [
      ['Took', short(s.durationMs)], ['Kind', s.kind], ['Status', s.status ?? 'ok'], ['Error', s.error],
      ['Started', clockTime(s.at, true)], ['Screen', s.screen], ['Element', s.elementPath],
      ['Span', s.spanId], ['Parent', s.parentSpanId], ['Trace', s.traceId],
    ];
    const tags = s.tagsJson ? prettyJSON(s.tagsJson) ?? s.tagsJson : '';
    this.el.replaceChildren(
      h('header', { class: 'card-head' }, h('h3', {}, s.name), h('button', { type: 'button', class: 'icon-button', 'aria-label': 'Close', onclick: () => this.#close() }, icon('close'))),
      pairs(/** @type {[string, string][]} */ (rows.filter(([, value]) => value))),
      tags ? h('pre', { class: 'body-text', tabIndex: 0 }, tags) : '');
  }
}
