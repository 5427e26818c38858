// @ts-check
// A card that says how old its values are, whether they are simulated, and in a
// friendly way when the device has nothing of the kind.

import { ageTag } from './age.js';
import { h, setText } from './dom.js';
import { icon } from './icons.js';

export class Panel {
  #note = h('p', { class: 'absent-why' });
  #what = h('p', { class: 'absent-what' });
  #absent;
  #simulated = simulatedBadge();
  #age;
  /** What the card shows when there is something to show. */
  body = h('div', { class: 'panel-body', hidden: true });
  /** Place for small controls beside the title. */
  tools = h('span', { class: 'panel-tools' });
  el;

  /**
   * @param {string} title @param {string} area name of the card in the layout
   * @param {{age: () => number, period: number, icon: string, waiting?: string}} options age in ms, NaN before the first value
   * @param {...(Node | null)} body
   */
  constructor(title, area, options, ...body) {
    this.#age = ageTag(options.age, options.period);
    setText(this.#what, options.waiting ?? 'Waiting for the first value.');
    this.#absent = h('div', { class: 'absent' }, icon(options.icon), this.#what, this.#note);
    this.body.append(...body.filter((b) => b !== null));
    this.el = h('section', { class: `card panel aged card-${area}`, 'aria-label': title },
      h('header', { class: 'card-head' }, h('h2', {}, title), this.#simulated, this.tools, this.#age), this.#absent, this.body);
    this.#age.hidden = true;
  }

  /** How often a new value is expected, in ms. @param {number} ms */
  set period(ms) {
    this.#age.period = ms;
  }

  /** Shows the body. @param {boolean} [simulated] whether the device said so */
  present(simulated = false) {
    this.#show(true);
    this.#simulated.hidden = !simulated;
  }

  /** Says that there is nothing of the kind. @param {string} what @param {string} [why] */
  absent(what, why = '') {
    setText(this.#what, what);
    setText(this.#note, why);
    this.#simulated.hidden = true;
    this.#show(false);
  }

  /** @param {boolean} present */
  #show(present) {
    this.body.hidden = !present;
    this.#age.hidden = !present;
    this.tools.hidden = !present;
    this.#absent.hidden = present;
  }
}

/** The mark of what is simulated, hidden at first. */
export function simulatedBadge() {
  return h('span', { class: 'badge simulated', hidden: true, title: 'Not a real device: the server was started with --simulate' }, 'simulated');
}
