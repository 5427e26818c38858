// @ts-check
// Sends commands of a control that is being moved: one at a time, and of those
// that come meanwhile only what they amount to.

/**
 * @template T
 */
export class Latest {
  /** @type {T | undefined} */
  #waiting;
  #sending = false;
  #send;
  #merge;

  /** @param {(command: T) => Promise<unknown>} send must not reject @param {(first: T, then: T) => T} merge what two commands in a row amount to */
  constructor(send, merge) {
    this.#send = send;
    this.#merge = merge;
  }

  /** Whether a command is under way or waits. */
  get busy() {
    return this.#sending;
  }

  /** @param {T} command */
  push(command) {
    this.#waiting = this.#waiting === undefined ? command : this.#merge(this.#waiting, command);
    if (!this.#sending) void this.#run();
  }

  async #run() {
    this.#sending = true;
    while (this.#waiting !== undefined) {
      const command = this.#waiting;
      this.#waiting = undefined;
      await this.#send(command);
    }
    this.#sending = false;
  }
}
