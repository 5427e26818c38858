// @ts-check
// The pipeline of a stream as an ordered list of steps. Changes are made to a
// draft and sent as a whole; the device says which step it does not take.

import { h, setAttr, setText } from '../lib/dom.js';
import { json } from '../lib/http.js';
import { fillSelect } from './fields.js';
import { added, graphOf, MAX_STEPS, moved, names, removed, same, stepOfError, stepsOf } from './graph.js';
import { StreamSocket, streamPath } from './socket.js';
import { StepRow } from './step.js';

/**
 * @typedef {import('./types.d.ts').Processor} Processor
 * @typedef {import('./types.d.ts').Step} Step
 * @typedef {import('./types.d.ts').Manifest} Manifest
 */

export class PipelineEditor {
  #id = '';
  /** @type {StreamSocket | undefined} */
  #socket;
  /** @type {Processor[]} */
  #catalogue = [];
  /** What the device runs. @type {Step[]} */
  #applied = [];
  /** @type {Step[]} */
  #draft = [];
  /** Whether the device runs it at all. */
  #enabled = false;
  /** @type {StepRow[]} */
  #rows = [];
  #requests = 0;
  /** @type {{id: string, steps: Step[]} | undefined} */
  #sent;
  #add = h('select', { class: 'pipe-step-add', 'aria-label': 'Add a step', onchange: () => this.#addChosen() });
  #list = h('ol', { class: 'pipe-steps' });
  #none = h('p', { class: 'dim' }, 'No steps: the frames are shown as they are captured.');
  #error = h('p', { class: 'form-error', role: 'alert', hidden: true });
  #state = h('span', { class: 'dim', role: 'status' });
  #apply = h('button', { type: 'button', class: 'primary', onclick: () => this.#send() }, 'Apply');
  #revert = h('button', { type: 'button', onclick: () => this.#change(this.#applied) }, 'Discard');
  el = h('section', { class: 'card pipeline-card', 'aria-label': 'Pipeline', onkeydown: (/** @type {KeyboardEvent} */ e) => this.#onKey(e) },
    h('div', { class: 'card-head' }, h('h2', {}, 'Pipeline'), this.#add), this.#none, this.#list, this.#error,
    h('div', { class: 'pipeline-actions' }, this.#state, this.#revert, this.#apply));

  /** What the device runs now. */
  get steps() {
    return this.#applied;
  }

  /** @param {string} id @param {Manifest} manifest */
  async open(id, manifest) {
    this.close();
    this.#id = id;
    this.#applied = this.#draft = stepsIn(manifest);
    this.#enabled = manifest.pipeline_enabled ?? false;
    this.#complain('');
    this.#socket = new StreamSocket(() => streamPath(id, 'updates'), {
      message: (m) => this.#answer(m),
      lost: () => this.#lost(),
    });
    if (this.#catalogue.length === 0) this.#catalogue = await json('v1/pipelines/processors').then(processorsOf, () => []);
    if (this.#id !== id) return; // another stream was opened meanwhile
    fillSelect(this.#add, [['', 'Add a step…'], ...this.#catalogue.map((p) => /** @type {[string, string]} */ ([p.name, p.name]))], '');
    this.#add.hidden = this.#catalogue.length === 0;
    this.#render();
  }

  close() {
    this.#id = '';
    this.#socket?.close();
    this.#socket = undefined;
    this.#sent = undefined;
  }

  /** Takes over what somebody else changed, unless a change is being made here. @param {Manifest} manifest */
  changed(manifest) {
    const now = stepsIn(manifest);
    const enabled = manifest.pipeline_enabled ?? false;
    if (this.#sent || (same(now, this.#applied) && enabled === this.#enabled)) return;
    this.#enabled = enabled;
    const untouched = same(this.#draft, this.#applied);
    this.#applied = now;
    if (untouched) this.#change(now);
    else this.#render();
  }

  #addChosen() {
    const processor = this.#catalogue.find((p) => p.name === this.#add.value);
    this.#add.value = '';
    if (!processor) return;
    this.#change(added(this.#draft, processor));
    this.#rows.at(-1)?.focus();
  }

  /** @param {readonly Step[]} steps */
  #change(steps) {
    this.#draft = [...steps];
    this.#complain('');
    this.#render();
  }

  /** @param {number} from @param {number} to */
  #move(from, to) {
    if (to < 0 || to >= this.#draft.length) return;
    this.#change(moved(this.#draft, from, to));
    this.#rows[to]?.focus();
  }

  #render() {
    const titles = names(this.#draft);
    this.#rows = this.#draft.map((step, i) => new StepRow(step, titles[i] ?? step.kind, this.#catalogue.find((p) => p.name === step.kind), {
      index: i, count: this.#draft.length,
      move: (to) => this.#move(i, to), drop: (from) => this.#move(from, i),
      remove: () => {
        this.#change(removed(this.#draft, i));
        (this.#rows[Math.min(i, this.#rows.length - 1)] ?? { focus: () => this.#add.focus() }).focus();
      },
      // The list is not drawn anew: the field being typed into must stay.
      change: (next) => {
        this.#draft = this.#draft.map((s, at) => (at === i ? next : s));
        this.#refresh();
      },
    }));
    this.#list.replaceChildren(...this.#rows.map((r) => r.el));
    this.#none.hidden = this.#draft.length > 0;
    this.#add.disabled = this.#draft.length >= MAX_STEPS;
    this.#refresh();
  }

  #refresh() {
    const off = !this.#enabled && this.#draft.length > 0;
    const dirty = !same(this.#draft, this.#applied);
    const wrong = this.#rows.some((r) => r.wrong);
    this.#apply.disabled = (!dirty && !off) || wrong || this.#sent !== undefined;
    this.#revert.hidden = !dirty;
    this.#apply.hidden = !dirty && this.#applied.length === 0 && this.#draft.length === 0;
    setText(this.#state, this.#sent ? 'applying' : dirty ? 'not applied yet' : off ? 'switched off' : this.#applied.length > 0 ? 'running' : '');
    setAttr(this.el, 'data-state', this.#sent ? 'sent' : dirty ? 'dirty' : 'applied');
  }

  #send() {
    if (this.#apply.disabled) return;
    const id = `graph-${++this.#requests}`;
    this.#complain('');
    if (!this.#socket?.send({ type: 'set_graph', graph: graphOf(this.#draft), request_id: id })) {
      this.#complain('The connection to the pipeline is not open; it is tried again.');
      return;
    }
    this.#sent = { id, steps: this.#draft };
    this.#refresh();
  }

  /** @param {{type: string, request_id?: string, error?: string}} message */
  #answer(message) {
    if (message.request_id !== this.#sent?.id) return;
    const { steps } = /** @type {{steps: Step[]}} */ (this.#sent);
    this.#sent = undefined;
    if (message.type === 'ack') {
      this.#applied = steps;
      this.#enabled = true;
    } else {
      const text = message.error ?? 'the device refused';
      const row = this.#rows[stepOfError(text)];
      if (row) row.say(text);
      else this.#complain(text);
    }
    this.#refresh();
  }

  #lost() {
    if (!this.#sent) return;
    this.#sent = undefined;
    this.#complain('The connection was lost before the device answered.');
    this.#refresh();
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) this.#send();
    else return;
    event.preventDefault();
  }

  /** @param {string} text */
  #complain(text) {
    setText(this.#error, text);
    this.#error.hidden = !text;
  }
}

/** The steps of the active pipeline. @param {Manifest} m */
function stepsIn(m) {
  return stepsOf(m.pipelines?.find((p) => p.pipeline_id === m.active_pipeline_id)?.pipeline_graph);
}

/** Takes the list bare or in an object. @param {any} answer @returns {Processor[]} */
function processorsOf(answer) {
  const list = Array.isArray(answer) ? answer : answer.processors ?? [];
  return list.map((/** @type {any} */ p) => ({ ...p, name: p.name ?? p.kind, params: p.params ?? p.parameters ?? [] }));
}
