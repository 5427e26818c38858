// @ts-check
// The button that pauses the lines and follows them again.

import { h, setAttr } from '../lib/dom.js';
import { count } from '../lib/format.js';
import { icon } from '../lib/icons.js';

export class FollowButton {
  #pane;
  #icons = { pause: icon('pause'), bottom: icon('bottom') };
  el = h('button', { type: 'button', class: 'tool follow' });

  /** @param {import('./pane.js').LogPane} pane */
  constructor(pane) {
    this.#pane = pane;
    this.el.addEventListener('click', () => pane.follow(!pane.following));
    this.show();
  }

  /** Shows how the pane is now. */
  show() {
    const { following, waiting } = this.#pane;
    const label = following ? 'Pause' : waiting > 0 ? `Follow · ${count(waiting)} new` : 'Follow';
    if (this.el.textContent === label) return; // with lines that stream this is asked ten times a second
    this.el.replaceChildren(following ? this.#icons.pause : this.#icons.bottom, label);
    setAttr(this.el, 'aria-pressed', String(!following));
    this.el.classList.toggle('primary', !following);
  }
}
