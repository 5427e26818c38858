// @ts-check
// One live view: a frames socket, a decoder and a canvas. The newest picture is
// drawn once per frame of the screen; those it replaced are dropped and counted.

import { decoderOf } from './decoders.js';
import { Pace } from './pace.js';
import { StreamSocket, streamPath } from './socket.js';

/**
 * @typedef {import('./decoders.js').Picture} Picture
 * @typedef {{fourcc: string, width: number, height: number}} Format
 */

/** Fires "change" when the format or what is wrong changed, not for each frame. */
export class Player extends EventTarget {
  canvas;
  id;
  /** @type {Format | undefined} */
  format;
  /** Why nothing can be shown; empty if nothing is known to be wrong. */
  error = '';
  /** performance.now() at which the newest frame arrived. */
  arrivedAt = NaN;
  shown = 0;
  dropped = 0;
  /** Frames that could not be decoded. */
  broken = 0;
  /** Of arrivals and of drawings. */
  arrivals = new Pace();
  drawings = new Pace();
  /** From the arrival of the newest drawn frame until it was drawn, in ms. */
  drawnAfter = NaN;
  /** Called with each drawn picture, before it is released. @type {((picture: Picture, width: number, height: number) => void) | undefined} */
  onDraw;
  #output = '';
  #context;
  /** @type {StreamSocket | undefined} */
  #socket;
  /** @type {import('./decoders.js').FrameDecoder | undefined} */
  #decoder;
  /** @type {{picture: Picture, arrivedAt: number} | undefined} */
  #ready;
  #frame = 0;

  /** @param {HTMLCanvasElement} canvas @param {string} id of the stream */
  constructor(canvas, id) {
    super();
    this.canvas = canvas;
    this.id = id;
    this.#context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d', { alpha: false }));
  }

  get running() {
    return this.#socket !== undefined;
  }

  /** Wants the frames. @param {string} [output] of the pipeline; left out: the one that is selected */
  start(output = this.#output) {
    if (this.#socket && output === this.#output) return;
    this.#output = output;
    this.stop();
    const path = () => streamPath(this.id, 'frames', output ? { output } : {});
    this.#socket = new StreamSocket(path, {
      message: (m) => this.#message(m),
      binary: (data) => this.#frameCame(data),
      lost: () => this.#release(),
    });
  }

  /** Lets go of the frames; the picture stays. */
  stop() {
    this.#socket?.close();
    this.#socket = undefined;
    this.#release();
    this.arrivals.clear();
    this.drawings.clear();
  }

  /** @param {any} message */
  #message(message) {
    if (message.type === 'error') {
      this.#say(String(message.error ?? 'the device refused the view'));
      return;
    }
    if (message.type !== 'format') return;
    this.#release();
    this.format = { fourcc: message.fourcc, width: message.width, height: message.height };
    const decoder = decoderOf(message.fourcc, {
      picture: (picture, arrivedAt) => this.#decoded(picture, arrivedAt),
      dropped: (n) => (this.dropped += n),
      failed: (text, final) => {
        this.broken++;
        if (final) this.#say(text);
      },
    });
    this.#decoder = typeof decoder === 'string' ? undefined : decoder;
    this.#say(typeof decoder === 'string' ? decoder : '');
  }

  /** @param {ArrayBuffer} data */
  #frameCame(data) {
    const now = performance.now();
    this.arrivedAt = now;
    this.arrivals.add(now);
    this.#decoder?.push(data, now);
  }

  /** @param {Picture} picture @param {number} arrivedAt */
  #decoded(picture, arrivedAt) {
    if (this.#ready) {
      this.#ready.picture.close();
      this.dropped++;
    }
    this.#ready = { picture, arrivedAt };
    this.#frame ||= requestAnimationFrame(() => this.#draw());
  }

  #draw() {
    this.#frame = 0;
    const ready = this.#ready;
    this.#ready = undefined;
    if (!ready) return;
    const { picture, arrivedAt } = ready;
    const [width, height] = picture instanceof ImageBitmap ? [picture.width, picture.height] : [picture.displayWidth, picture.displayHeight];
    if (this.canvas.width !== width || this.canvas.height !== height) {
      this.canvas.width = width;
      this.canvas.height = height;
    }
    this.#context.drawImage(picture, 0, 0, width, height);
    const now = performance.now();
    this.shown++;
    this.drawings.add(now);
    this.drawnAfter = now - arrivedAt;
    this.onDraw?.(picture, width, height);
    picture.close();
    if (this.error) this.#say('');
  }

  #release() {
    this.#decoder?.close();
    this.#decoder = undefined;
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    this.#ready?.picture.close();
    this.#ready = undefined;
  }

  /** @param {string} text */
  #say(text) {
    this.error = text;
    this.dispatchEvent(new Event('change'));
  }
}
