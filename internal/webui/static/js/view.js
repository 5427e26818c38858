// @ts-check
// What every view has in common: it is made once, shown and hidden, and lets go
// of everything it wanted from the device while it is out of sight.

/** @typedef {import('./types.d.ts').App} App */

export class View extends HTMLElement {
  /** Set by the shell before the element is connected. @type {App} */
  app = /** @type {any} */ (undefined);
  #built = false;
  #shown = false;
  /** @type {(() => void)[]} */
  #stops = [];

  get shown() {
    return this.#shown;
  }

  connectedCallback() {
    if (this.#built) return;
    this.#built = true;
    this.build();
  }

  /** Brings the view to life. */
  show() {
    if (this.#shown) return;
    this.#shown = true;
    this.onShow();
  }

  /** Ends what the view wanted. */
  hide() {
    if (!this.#shown) return;
    this.#shown = false;
    for (const stop of this.#stops.splice(0)) stop();
    this.onHide();
  }

  /** Runs stop when the view is hidden. @param {(() => void) | {close(): void}} stop */
  whileShown(stop) {
    this.#stops.push(typeof stop === 'function' ? stop : () => stop.close());
  }

  /** Listens while the view is shown. @param {EventTarget} target @param {string} type @param {(event: any) => void} listener */
  listen(target, type, listener) {
    target.addEventListener(type, listener);
    this.whileShown(() => target.removeEventListener(type, listener));
  }

  /** Makes the DOM, once. */
  build() {}
  /** Subscribes. */
  onShow() {}
  /** After everything registered with whileShown has ended. */
  onHide() {}
  /** Its entry of the navigation was chosen although it is shown already. */
  home() {}
}
