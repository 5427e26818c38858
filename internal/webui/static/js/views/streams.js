// @ts-check
// <hg-streams>: the grid of live views, or one stream in full.

import { ageTag } from '../lib/age.js';
import { httpURL } from '../lib/base.js';
import { h, setText } from '../lib/dom.js';
import { plural } from '../lib/format.js';
import { icon } from '../lib/icons.js';
import { ticker } from '../lib/ticker.js';
import { queryParam } from '../router.js';
import { editStream } from '../streams/dialog.js';
import { Grid } from '../streams/grid.js';
import { StreamPage } from '../streams/page.js';
import { StreamStore } from '../streams/store.js';
import { View } from '../view.js';

/** How often the list is read. */
const READ_MS = 2500;

export class Streams extends View {
  #store = new StreamStore();
  #summary = h('span', { class: 'summary' });
  #none = h('div', { class: 'empty' });
  #note = h('p', { class: 'note warn', hidden: true });
  #grid = new Grid({
    open: (id) => this.#open(id), edit: (id) => void this.#edit(id), toast: (text, kind) => this.app.toast(text, kind),
    href: (id) => httpURL(`streams?stream=${id}`),
  });
  #list = h('div', { class: 'streams-list aged' });
  #page = new StreamPage();

  build() {
    this.#page.app = this.app;
    this.#page.store = this.#store;
    this.#page.onBack = () => this.#open('');
    this.#page.onEdit = (id) => void this.#edit(id);
    this.#list.append(
      h('div', { class: 'page-head' },
        h('div', { class: 'page-title' }, h('h1', {}, 'Streams'), h('p', { class: 'sub' }, this.#summary)),
        h('div', { class: 'page-tools' }, ageTag(() => performance.now() - this.#store.readAt, READ_MS),
          h('button', { type: 'button', class: 'primary', title: 'Add a stream (n)', onclick: () => void this.#edit() }, icon('plus'), 'Add stream'))),
      this.#note, this.#none, this.#grid.el);
    this.#none.append(h('p', {}, 'There is no stream yet.'),
      h('p', { class: 'dim' }, 'A stream shows a camera of this device, a camera on the network, a file, or the built-in test pattern.'),
      h('button', { type: 'button', onclick: () => void this.#edit() }, icon('plus'), 'Add the first stream'));
    this.append(this.#list, this.#page.el);
    this.#store.addEventListener('change', () => this.#changed());
  }

  onShow() {
    this.whileShown(this.#store.want(this.app.journal));
    this.whileShown(ticker.add(() => this.#tick()));
    this.listen(window, 'popstate', () => this.#follow());
    this.whileShown(this.app.keys.add({ keys: 'n', label: 'Add a stream', group: 'Streams', run: () => void this.#edit() }));
    this.whileShown(this.app.keys.add({ keys: 'Escape', label: 'Back to the grid', group: 'Streams', run: () => this.#open('') }));
    this.#follow();
  }

  onHide() {
    this.#grid.setLive(false);
    this.#page.show('');
  }

  home() {
    this.#open('');
  }

  /** Shows what the address names. */
  #follow() {
    if (!this.shown) return;
    const id = queryParam('stream');
    this.#list.hidden = id !== '';
    this.#grid.setLive(id === '');
    this.#page.show(id);
  }

  /** @param {string} id empty for the grid */
  #open(id) {
    if (id === queryParam('stream') || document.fullscreenElement) return;
    history.pushState(null, '', httpURL(id ? `streams?stream=${id}` : 'streams'));
    this.scrollTop = 0;
    this.#follow();
  }

  /** @param {string} [id] nothing for a new stream */
  async #edit(id) {
    const done = await editStream(this.#store.get(id ?? ''));
    if (done === undefined) return;
    await this.#store.read();
    if (done.removed) {
      this.app.toast('The stream was deleted.');
      if (queryParam('stream') === done.id) this.#open('');
    }
  }

  #changed() {
    const { list, error } = this.#store;
    this.#note.hidden = !error;
    setText(this.#note, error ? `The list of streams could not be read: ${error}.` : '');
    if (!list) return;
    this.#none.hidden = list.length > 0;
    this.#grid.update(list);
    const running = list.filter((s) => s.runtime?.capture?.state === 'running').length;
    setText(this.#summary, list.length > 0 ? `${plural(list.length, 'stream')}, ${running} capturing` : '');
    this.#page.changed();
  }

  #tick() {
    if (this.#list.hidden) this.#page.tick();
    else this.#grid.refresh();
  }
}

customElements.define('hg-streams', Streams);
