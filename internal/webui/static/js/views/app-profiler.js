// @ts-check
// <hg-app-profiler>: what the application costs while a session runs: figures,
// markers, spans and where the time goes.

import { short } from '../app/network/scale.js';
import { sayState } from '../app/pane-tools.js';
import { ProfilerCharts } from '../app/profiler/charts.js';
import { ProfilerFeed } from '../app/profiler/feed.js';
import { Hotspots } from '../app/profiler/hotspots.js';
import { Markers, ofNetwork } from '../app/profiler/markers.js';
import { SpanDetail } from '../app/profiler/span-detail.js';
import { SpanTimeline } from '../app/profiler/timeline.js';
import { ageTag } from '../lib/age.js';
import { h, perFrame, setAttr, setText } from '../lib/dom.js';
import { clockTime, count, duration, plural } from '../lib/format.js';
import { icon } from '../lib/icons.js';
import { Outcome } from '../lib/outcome.js';
import { View } from '../view.js';

/** Least time between two drawings, in ms. */
const DRAW_MS = 200;
const INTERVALS = [50, 100, 250, 500, 1000, 5000];
/** Spans of time that a session may be shown in before it is as long as what was chosen. */
const STEPS = [20, 60, 120, 300, 600, 1200, 3600];
/** @type {readonly [string, number][]} */
const WINDOWS = [['30 s', 30], ['2 min', 120], ['10 min', 600], ['All', 0]];

export class AppProfiler extends View {
  #feed = new ProfilerFeed();
  #seconds = 120;
  #drawnAt = 0;
  #charts = new ProfilerCharts();
  #timeline = new SpanTimeline();
  #hotspots = new Hotspots();
  #markers = new Markers((name) => this.#mark(name));
  #span = new SpanDetail(() => this.#select(undefined));
  #outcome = new Outcome();
  #sub = h('span', {});
  #missed = h('span', { class: 'lost' });
  #state = h('span', { class: 'feed-state', role: 'status' });
  #interval = h('select', { 'aria-label': 'Sampling interval' }, ...INTERVALS.map((ms) => h('option', { value: String(ms), selected: ms === 500 }, `every ${short(ms)}`)));
  #button = h('button', { type: 'button', class: 'tool record', onclick: () => void this.#toggle() });
  #age = ageTag(() => this.#sampleAge(), 1000, '');
  #tools = h('div', { class: 'page-tools' }, this.#interval, this.#button);
  #windows = this.#windowChoice();
  #spansNote = h('span', { class: 'dim fine' });
  #spans = h('section', { class: 'card prof-spans', 'aria-label': 'Spans' },
    h('header', { class: 'card-head' }, h('h2', {}, 'Spans'), this.#spansNote), this.#timeline, this.#span.el);
  #empty = h('p', { class: 'empty', hidden: true });
  #body = h('div', { class: 'prof-body', hidden: true }, this.#charts.el, this.#spans, h('div', { class: 'prof-lists' }, this.#hotspots.el, this.#markers.el));
  #draw = perFrame(() => this.#render());

  build() {
    this.classList.add('aged');
    this.#timeline.onSelect = (span) => this.#select(span);
    this.append(
      h('div', { class: 'page-head' },
        h('div', { class: 'page-title' }, h('h1', {}, 'Profiler'), h('p', { class: 'sub' }, this.#sub, this.#missed, this.#age)),
        h('div', { class: 'page-tools' }, this.#state, this.#windows), this.#tools),
      this.#outcome.el, this.#empty, this.#body);
    this.#render();
  }

  onShow() {
    this.listen(this.#feed, 'change', () => this.#changed());
    this.whileShown(this.#feed.open(this.app.appLink));
    const timer = setInterval(() => this.#feed.active && this.#draw(), DRAW_MS);
    this.whileShown(() => clearInterval(timer));
    this.whileShown(this.#hotspots.watch(this.#feed));
    this.whileShown(this.app.keys.add({ keys: 'r', label: 'Start or stop a session', group: 'Profiler', run: () => void this.#toggle() }));
    this.whileShown(this.app.keys.add({ keys: 'm', label: 'Set a marker', group: 'Profiler', run: () => this.#feed.active && void this.#mark('') }));
    this.#draw();
  }

  #windowChoice() {
    return h('div', { class: 'segmented', role: 'radiogroup', 'aria-label': 'Time shown' },
      ...WINDOWS.map(([label, seconds]) => h('label', {},
        h('input', { type: 'radio', name: 'profiler-window', checked: seconds === this.#seconds, onchange: () => { this.#seconds = seconds; this.#render(); } }),
        h('span', {}, label))));
  }

  /** How old the newest sample is; NaN when none is to come. */
  #sampleAge() {
    const { active, latest, arrivedAt } = this.#feed;
    return active && latest ? this.app.agent.ageOf(Date.parse(latest.tsUtc), arrivedAt) : NaN;
  }

  #changed() {
    if (performance.now() - this.#drawnAt > DRAW_MS || !this.#feed.active) this.#draw();
  }

  async #toggle() {
    if (this.#feed.off) return;
    this.#button.disabled = true;
    if (this.#feed.active) await this.#outcome.run('Stopping.', '', () => this.#feed.stop());
    else await this.#outcome.run('Starting.', '', () => this.#feed.start(Number(this.#interval.value)));
    this.#button.disabled = false;
    this.#draw();
  }

  /** @param {string} name */
  async #mark(name) {
    await this.#outcome.run('', '', () => this.#feed.mark(name || `mark ${this.#feed.seen.markers + 1}`));
  }

  /** @param {import('../app/profiler/feed.js').TimedSpan | undefined} span */
  #select(span) {
    this.#span.show(span);
    if (!span) this.#timeline.select('');
  }

  #render() {
    if (!this.shown && this.isConnected && this.#drawnAt > 0) return;
    this.#drawnAt = performance.now();
    const feed = this.#feed;
    const { session, active, off } = feed;
    sayState(this.#state, feed.state === 'ended' ? 'closed' : feed.state);
    this.#button.replaceChildren(icon(active ? 'stop' : 'record'), active ? 'Stop' : 'Start');
    this.#button.title = active ? 'End the session (r)' : 'Begin a session (r); it empties what an earlier one recorded';
    this.#button.classList.toggle('primary', !active);
    this.#tools.hidden = off !== '';
    this.#interval.disabled = active;
    if (active && session && INTERVALS.includes(session.sampleIntervalMs)) this.#interval.value = String(session.sampleIntervalMs);
    this.#body.hidden = session === undefined;
    this.#windows.hidden = session === undefined;
    this.#empty.hidden = session !== undefined;
    setText(this.#empty, off ? `There is no profiler here: ${off}.` : 'No session yet. A session samples CPU, memory and threads, and collects the markers and spans of the application until it is stopped.');
    setText(this.#sub, sentence(feed, this.app.agent.now()));
    setText(this.#missed, feed.missed > 0 ? `${plural(feed.missed, 'item')} missing: this page was too slow or away for too long` : '');
    this.#age.hidden = !active;
    this.#age.period = session?.sampleIntervalMs ?? 1000;
    setAttr(this, 'data-ended', session && !active ? '' : null);
    if (!active) setAttr(this, 'data-fresh', 'yes'); // what has ended does not grow old
    if (session) this.#renderSession(session);
  }

  /** @param {import('../app/types.d.ts').Session} session */
  #renderSession(session) {
    const feed = this.#feed;
    const last = Math.max(feed.times.at(-1) ?? 0, (feed.spans.at(-1)?.end ?? 0) / 1000, Date.parse(feed.markers.at(-1)?.tsUtc ?? '') / 1000 || 0);
    // Time goes on while the session does and is heard of.
    const live = feed.active && feed.state === 'live';
    const end = live ? Math.max(last, this.app.agent.now() / 1000) : last || this.app.agent.now() / 1000;
    const began = Date.parse(session.startedAtUtc) / 1000;
    const age = end - Math.min(began || end, feed.times[0] ?? end);
    // A young session fills the charts as well.
    const seconds = STEPS.find((s) => s >= age && (this.#seconds === 0 || s <= this.#seconds)) ?? (this.#seconds || age);
    const marks = feed.markers.filter((m) => !ofNetwork(m));
    this.#charts.update(feed, end, seconds, marks.slice(-60).map((m) => Date.parse(m.tsUtc) / 1000));
    this.#timeline.update(feed.spans, marks, end * 1000, seconds);
    setText(this.#spansNote, feed.seen.spans > 0 ? plural(feed.seen.spans, 'span') : 'none yet');
    this.#markers.update(feed);
  }
}

/** What the session is doing. @param {ProfilerFeed} feed @param {number} now Unix ms of the agent */
function sentence({ session, active, seen, endedAt }, now) {
  if (!session) return '';
  const began = Date.parse(session.startedAtUtc);
  const samples = `${count(seen.samples)} ${seen.samples === 1 ? 'sample' : 'samples'}, every ${short(session.sampleIntervalMs)}`;
  if (active) return Number.isNaN(began) ? `Recording · ${samples}` : `Recording for ${duration(now - began)} · ${samples}`;
  const length = Number.isNaN(began) || Number.isNaN(endedAt) ? '' : ` after ${duration(endedAt - began)}`;
  return `Ended${Number.isNaN(endedAt) ? '' : ` at ${clockTime(endedAt)}`}${length} · ${samples}`;
}

customElements.define('hg-app-profiler', AppProfiler);
