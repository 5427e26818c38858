// @ts-check
// The card of the newest update: how far it is, what became of it, and the
// commands that it can still be given.

import { h, setAttr, setText } from '../lib/dom.js';
import { age, bytes, duration, percent, sentence } from '../lib/format.js';
import { send } from '../lib/http.js';
import { confirm } from '../lib/confirm.js';
import { icon } from '../lib/icons.js';
import { Outcome } from '../lib/outcome.js';
import { Panel } from '../lib/panel.js';
import { Progress } from '../lib/progress.js';
import { fileName } from './file-name.js';
import { cancellable, ended, STEPS } from './model.js';
import { WHO } from './requests.js';

/** @typedef {import('./model.js').UpdaterModel} UpdaterModel */

export class StateCard {
  #title = h('p', { class: 'stage-title' });
  #percent = h('span', { class: 'stage-percent' });
  #detail = h('p', { class: 'dim' });
  #steps = h('ol', { class: 'steps', 'aria-label': 'Stages' }, ...STEPS.map((s) => h('li', {}, h('span', { class: 'step-mark', 'aria-hidden': 'true' }), h('span', {}, s.label))));
  #progress = new Progress('Progress of the update');
  #result = h('div', { class: 'result', role: 'status', hidden: true });
  #facts = h('dl', { class: 'facts wrap' });
  #apply = h('button', { type: 'button', class: 'primary', onclick: () => this.onApply() }, 'Install now…');
  #check = h('button', { type: 'button', onclick: () => this.onCheck() }, 'Check again');
  #cancel = h('button', { type: 'button', onclick: () => void this.cancel() }, 'Cancel update');
  #actions = h('div', { class: 'form-line' }, this.#apply, this.#check, this.#cancel);
  #outcome = new Outcome();
  #model;
  #device;
  /** The staged update is to be installed. */
  onApply = () => {};
  /** The staged update is to be checked. */
  onCheck = () => {};
  panel;

  /** @param {UpdaterModel} model @param {import('../device.js').Device} device @param {() => number} fresh how long ago the state was surely this, in ms */
  constructor(model, device, fresh) {
    this.#model = model;
    this.#device = device;
    this.panel = new Panel('Update', 'state', { age: fresh, period: 2000, icon: 'update', waiting: 'Asking the updater.' },
      h('div', { class: 'stage-line' }, this.#title, this.#percent), this.#steps, this.#progress.el, this.#detail, this.#result, this.#facts, this.#actions, this.#outcome.el);
  }

  /** Gives the update up, after asking where it is being written. */
  async cancel() {
    const { state } = this.#model;
    if (!state || !cancellable(state.stage)) return;
    if (state.stage === 'applying' || state.stage === 'awaiting_window') {
      const writing = state.stage === 'applying';
      const sure = await confirm({
        title: 'Cancel this update?', yes: 'Cancel update', no: 'Go on', danger: true,
        text: writing ? 'It is being written. The engine is asked to stop and to roll back.' : 'The staged image is given up. To install it, it must be staged again.',
      });
      if (!sure) return;
    }
    this.#cancel.disabled = true;
    await this.#outcome.run('Canceling…', 'The update is canceled.', () => send('v1/ota/cancel', { update_id: state.update_id, requested_by: WHO }));
    this.#cancel.disabled = false;
  }

  update() {
    const { state, unavailable, simulated } = this.#model;
    if (unavailable) {
      this.panel.absent('This device has no updater', `${sentence(unavailable)} An engine such as RAUC installs updates; where there is one, images are uploaded and installed here.`);
      return;
    }
    if (state === undefined) return;
    if (state === null || state.stage === 'idle') {
      this.panel.absent('No update was ever started', 'What the updater does is shown here as it happens.');
      return;
    }
    this.panel.present(simulated);
    this.#stage(state);
    this.#fillFacts(state);
    const staged = state.stage === 'awaiting_window' && Number.isNaN(this.#model.applyAt);
    this.#apply.hidden = this.#check.hidden = !staged;
    this.#cancel.hidden = !cancellable(state.stage);
    this.#actions.hidden = this.#cancel.hidden && !staged;
  }

  /** @param {import('./types.d.ts').UpdaterState} state */
  #stage(state) {
    const model = this.#model;
    const running = !ended(state.stage);
    const step = STEPS.find((s) => s.stage === state.stage);
    const text = state.stage === 'rolled_back' ? 'Rolled back' : step?.doing ?? state.stage;
    setText(this.#title, text);
    setAttr(this.#title, 'data-tone', state.stage === 'complete' ? 'ok' : state.stage === 'rolled_back' ? 'bad' : null);
    const waiting = state.stage === 'awaiting_window' || state.stage === 'rebooting';
    setText(this.#percent, running && !waiting && Number.isFinite(model.percent) ? percent(model.percent, 0) : '');
    this.#progress.el.hidden = !running || waiting;
    if (running && !waiting) this.#progress.set(model.percent, text);
    setText(this.#detail, running ? model.detail || this.#window() : '');
    this.#detail.hidden = this.#detail.textContent === '';
    this.#steps.hidden = state.stage === 'rolled_back' && model.failedAt === undefined;
    model.steps().forEach((mark, i) => {
      const li = /** @type {HTMLElement} */ (this.#steps.children[i]);
      setAttr(li, 'data-step', mark);
      setAttr(li, 'aria-current', mark === 'now' ? 'step' : null);
    });
    this.#tell(state);
  }

  #window() {
    const left = this.#model.applyAt - this.#device.now();
    return left > 1000 ? `It is installed in ${duration(left)}.` : '';
  }

  /** Says plainly what became of it. @param {import('./types.d.ts').UpdaterState} state */
  #tell(state) {
    const reason = state.last_error ?? '';
    const canceled = /\bcancel/i.test(reason);
    const [tone, text] = state.stage === 'rolled_back'
      ? [canceled ? 'warn' : 'bad', canceled ? `It was canceled: ${sentence(reason)}` : `It failed: ${sentence(reason || 'the updater gave no reason')}`]
      : state.stage === 'complete' ? ['ok', this.#model.rebootRequired ? 'Installed. It needs a restart of the device, unless that has happened already.' : 'Installed.']
        : state.stage === 'rebooting' ? ['warn', `Written and activated. ${reason ? sentence(reason) : 'The connection is lost while the device restarts; this page comes back by itself.'}`]
          : reason ? ['warn', sentence(reason)] : ['', ''];
    this.#result.hidden = text === '';
    setAttr(this.#result, 'data-tone', tone || null);
    if (this.#result.textContent !== text) this.#result.replaceChildren(icon(tone === 'ok' ? 'check' : 'warn'), h('span', {}, text ?? ''));
  }

  /** @param {import('./types.d.ts').UpdaterState} state */
  #fillFacts(state) {
    /** @type {[string, string][]} */
    const rows = [];
    const artifact = state.artifacts?.[0];
    if (artifact) rows.push(['Image', [fileName(artifact.url), artifact.size_bytes === undefined ? '' : bytes(artifact.size_bytes)].filter(Boolean).join(', ')]);
    if (artifact?.checksum) rows.push(['SHA-256', artifact.checksum.replace(/^sha256:/, '')]);
    const [from, to] = [Date.parse(state.started_at ?? ''), Date.parse(state.finished_at ?? '')];
    const now = this.#device.now();
    if (Number.isFinite(from)) rows.push(['Started', `${age(Math.max(0, now - from))} ago`]);
    if (Number.isFinite(to)) rows.push(['Ended', `${age(Math.max(0, now - to))} ago${Number.isFinite(from) ? `, after ${duration(to - from)}` : ''}`]);
    rows.push(['Update', state.update_id]);
    const text = rows.flat().join('\n');
    if (this.#facts.dataset.text === text) return;
    this.#facts.dataset.text = text;
    this.#facts.replaceChildren(...rows.flatMap(([k, v]) => [h('dt', {}, k), h('dd', { class: k === 'SHA-256' || k === 'Update' ? 'mono' : '' }, v)]));
  }
}
