// @ts-check
// <hg-updates>: the system that runs, the update that is under way, and what it
// takes to install another.

import { h, keyed, perFrame, setText } from '../lib/dom.js';
import { clockTime, count } from '../lib/format.js';
import { HttpError, json } from '../lib/http.js';
import { Outcome } from '../lib/outcome.js';
import { Panel } from '../lib/panel.js';
import { ticker } from '../lib/ticker.js';
import { HistoryCard } from '../updates/history-card.js';
import { InstallCard, sure } from '../updates/install-card.js';
import { EVENTS, UpdaterModel } from '../updates/model.js';
import { showReport } from '../updates/report.js';
import { apply, preflight } from '../updates/requests.js';
import { SlotsCard } from '../updates/slots-card.js';
import { StateCard } from '../updates/state-card.js';
import { StorageCard } from '../updates/storage-card.js';
import { View } from '../view.js';

/** How often the storage is read, and a missing updater is looked for again. */
const READ_MS = 10_000;

export class Updates extends View {
  #model = new UpdaterModel();
  #readAt = NaN;
  /** @type {import('../types.d.ts').OsInfo | undefined} */
  #os;
  /** @type {import('../updates/types.d.ts').PreflightReport | undefined} */
  #report;
  #staged = h('div', { class: 'staged', role: 'status' });
  #stagedOutcome = new Outcome();
  /** @type {StateCard} */
  #state = /** @type {any} */ (undefined);
  #install = new InstallCard(this.#model);
  #system = new Panel('System', 'system', { age: () => performance.now() - this.#readAt, period: READ_MS, icon: 'chip', waiting: 'Reading.' });
  #storage = new StorageCard(() => performance.now() - this.#readAt, READ_MS);
  #slotsAt = NaN;
  /** @type {SlotsCard} */
  #slots = /** @type {any} */ (undefined);
  #historyAt = NaN;
  #history = new HistoryCard(() => performance.now() - this.#historyAt, READ_MS);
  #events = h('ol', { class: 'events', reversed: true, 'aria-label': 'Events' });
  #eventsNote = h('p', { class: 'dim fine' });
  #eventsCard = h('section', { class: 'card panel card-events', 'aria-label': 'Since this page connected' },
    h('header', { class: 'card-head' }, h('h2', {}, 'Since this page connected')), this.#events, this.#eventsNote);
  #facts = h('dl', { class: 'facts wrap' });
  /** @type {import('../types.d.ts').Subscription | undefined} */
  #subscription;
  #draw = perFrame(() => this.#render());

  build() {
    this.#state = new StateCard(this.#model, this.app.device, () => performance.now() - this.app.link.lastMessageAt);
    this.#state.panel.body.append(this.#staged, this.#stagedOutcome.el);
    this.#state.onApply = () => void this.#applyStaged();
    this.#state.onCheck = () => void this.#checkStaged();
    this.#system.body.append(this.#facts);
    this.#slots = new SlotsCard(this.app.device, () => performance.now() - this.#slotsAt, READ_MS);
    this.#install.running = () => this.#running();
    this.#install.onStored = () => void this.#read();
    this.append(
      h('div', { class: 'page-head' }, h('div', { class: 'page-title' }, h('h1', {}, 'Updates'))),
      h('div', { class: 'update-grid' },
        h('div', { class: 'update-column' }, this.#state.panel.el, this.#install.el, this.#history.panel.el),
        h('div', { class: 'update-column' }, this.#system.el, this.#slots.panel.el, this.#storage.panel.el, this.#eventsCard)));
    this.#model.addEventListener('change', () => this.#draw());
    this.#takeDrops();
  }

  onShow() {
    /** @type {import('../types.d.ts').ChannelHandlers<import('../updates/types.d.ts').OtaEvent>} */
    const handlers = {
      message: (event) => this.#message(event),
      lost: () => this.#model.lost(),
      ended: (reason) => this.#model.closed(reason),
      refused: (_code, message) => this.#model.take({ type: 'error', message }),
    };
    this.#subscription = this.app.link.subscribe('ota.stream', undefined, handlers);
    this.whileShown(this.#subscription);
    const timer = setInterval(() => this.#poll(), READ_MS);
    this.whileShown(() => clearInterval(timer));
    this.whileShown(ticker.add(() => this.#draw()));
    this.whileShown(this.app.keys.add({ keys: 'u', label: 'Choose an image to upload', group: 'Updates', run: () => this.#install.choose() }));
    this.whileShown(this.app.keys.add({ keys: 'x', label: 'Cancel the update', group: 'Updates', run: () => void this.#state.cancel() }));
    void this.#read();
    this.#draw();
  }

  onHide() {
    this.#subscription = undefined;
    this.#model.lost();
  }

  /** @param {import('../updates/types.d.ts').OtaEvent} event */
  #message(event) {
    const before = this.#model.state?.stage;
    this.#model.take(event);
    if (this.#model.state?.stage === before) return;
    this.#report = undefined;
    this.#staged.replaceChildren();
    void this.#read();
  }

  #poll() {
    void this.#read();
    if (this.#model.unavailable) this.#subscription?.update({}); // it may have come
  }

  /** A file may be let go anywhere on the view. */
  #takeDrops() {
    let depth = 0;
    const files = (/** @type {DragEvent} */ e) => e.dataTransfer?.types.includes('Files') ?? false;
    const over = (/** @type {DragEvent} */ e, /** @type {number} */ change) => {
      if (!files(e)) return;
      e.preventDefault();
      depth = Math.max(0, depth + change);
      this.#install.setOver(depth > 0);
    };
    this.addEventListener('dragenter', (e) => over(e, 1));
    this.addEventListener('dragover', (e) => over(e, 0));
    this.addEventListener('dragleave', (e) => over(e, -1));
    this.addEventListener('drop', (e) => {
      if (!files(e)) return;
      e.preventDefault();
      depth = 0;
      this.#install.setOver(false);
      const [file] = e.dataTransfer?.files ?? [];
      if (!this.#install.el.hidden) this.#install.take(file);
    });
  }

  async #read() {
    const [ota, os, slots, history] = await Promise.all(['v1/ota/state', 'v1/device/os', 'v1/ota/slots', 'v1/ota/history'].map(answer));
    if (os?.body) this.#os = os.body;
    if (ota?.body) {
      this.#readAt = performance.now();
      this.#storage.update(ota.body);
    }
    if (slots?.body) {
      this.#slotsAt = performance.now();
      this.#slots.update(slots.body);
    } else this.#slots.fail(slots?.failed ?? '');
    if (history?.body) {
      this.#historyAt = performance.now();
      this.#history.update(history.body);
    } else this.#history.fail(history?.failed ?? '');
    this.#draw();
  }

  #running() {
    const { pretty_name: name, version_id: version, build_id: build } = this.#os ?? {};
    return [name ?? version, build && `build ${build}`].filter(Boolean).join(', ');
  }

  async #checkStaged() {
    const id = this.#model.state?.update_id;
    if (!id) return;
    const found = await this.#stagedOutcome.run('The device checks the staged image…', '', () => preflight({ update_id: id }));
    if (!found) return;
    this.#report = found.report;
    this.#model.says(found.report.summary, found.report.target_device);
    this.#staged.replaceChildren(showReport(found.report));
  }

  async #applyStaged() {
    const id = this.#model.state?.update_id;
    if (!id) return;
    await this.#checkStaged();
    if (this.#report?.ready === false || !(await sure(undefined, this.#report, this.#running()))) return;
    await this.#stagedOutcome.run('Being scheduled…', 'Installing was scheduled.', () => apply({ update_id: id }));
  }

  #render() {
    if (!this.shown) return;
    const { unavailable, entries, dropped } = this.#model;
    this.#state.update();
    this.#install.el.hidden = unavailable !== '';
    for (const { panel } of [this.#storage, this.#slots, this.#history]) panel.el.hidden = unavailable !== '';
    this.#fillSystem();
    keyed(this.#events, entries, (e) => String(e.id), (e) => h('li', { 'data-tone': e.tone },
      h('time', { class: 'mono dim', dateTime: new Date(e.at).toISOString() }, clockTime(e.at)), h('span', {}, e.text)), () => {});
    setText(this.#eventsNote, entries.length === 0 ? 'Nothing has happened yet.' : dropped > 0 ? `The last ${EVENTS} are listed; ${count(dropped)} older ones are not.` : '');
    this.#eventsNote.hidden = this.#eventsNote.textContent === '';
  }

  #fillSystem() {
    const os = this.#os;
    if (!os) return;
    this.#system.present();
    /** @type {[string, string | undefined][]} */
    const rows = [['Runs', os.pretty_name], ['Version', os.version_id], ['Build', os.build_id], ['Root', os.active_root]];
    const known = rows.filter(([, v]) => v);
    const text = known.flat().join('\n');
    if (this.#facts.dataset.text === text) return;
    this.#facts.dataset.text = text;
    this.#facts.replaceChildren(...known.flatMap(([k, v]) => [h('dt', {}, k), h('dd', { class: k === 'Root' ? 'mono' : '' }, v ?? '')]));
  }
}

/** What the device answers, or why it does not. @param {string} path @returns {Promise<{body?: any, failed?: string}>} */
async function answer(path) {
  try {
    return { body: await json(path) };
  } catch (err) {
    if (!(err instanceof HttpError)) throw err;
    return { failed: err.message };
  }
}

customElements.define('hg-updates', Updates);
