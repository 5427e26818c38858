// @ts-check
// From encoded frames to pictures. Both decoders work off the main thread: the
// browser decodes images and video on threads of its own. What comes too late to
// be shown is dropped and counted, never queued up.

import { inspect } from './annexb.js';

/**
 * @typedef {ImageBitmap | VideoFrame} Picture
 * @typedef {object} DecoderHandlers
 * @property {(picture: Picture, arrivedAt: number) => void} picture becomes its owner
 * @property {(count: number) => void} dropped
 * @property {(message: string, final: boolean) => void} failed final: no frame of this format can be shown
 * @typedef {{push(data: ArrayBuffer, arrivedAt: number): void, close(): void}} FrameDecoder
 */

/** JPEG: one picture is being decoded, and the newest of those that came meanwhile is next. */
export class JpegDecoder {
  #handlers;
  #busy = false;
  #closed = false;
  /** @type {{data: ArrayBuffer, arrivedAt: number} | undefined} */
  #next;

  /** @param {DecoderHandlers} handlers */
  constructor(handlers) {
    this.#handlers = handlers;
  }

  /** @param {ArrayBuffer} data @param {number} arrivedAt */
  push(data, arrivedAt) {
    if (this.#busy) {
      if (this.#next) this.#handlers.dropped(1);
      this.#next = { data, arrivedAt };
      return;
    }
    void this.#decode(data, arrivedAt);
  }

  close() {
    this.#closed = true;
    this.#next = undefined;
  }

  /** @param {ArrayBuffer} data @param {number} arrivedAt */
  async #decode(data, arrivedAt) {
    this.#busy = true;
    try {
      const picture = await createImageBitmap(new Blob([data], { type: 'image/jpeg' }));
      if (this.#closed) picture.close();
      else this.#handlers.picture(picture, arrivedAt);
    } catch {
      if (!this.#closed) this.#handlers.failed('a frame is not a readable JPEG', false);
    }
    this.#busy = false;
    const next = this.#next;
    this.#next = undefined;
    if (next && !this.#closed) void this.#decode(next.data, next.arrivedAt);
  }
}

/** Frames that may wait in the decoder before it goes on at the next keyframe. */
const MAX_WAITING = 12;
/** Failures in a row, without a picture between them, after which it is given up. */
const MAX_FAILURES = 5;

/** H.264 and H.265 by WebCodecs. */
export class VideoUnitDecoder {
  #handlers;
  #fourcc;
  /** @type {VideoDecoder | undefined} */
  #decoder;
  #codec = '';
  #needKey = true;
  #failures = 0;
  #closed = false;

  /** @param {'H264' | 'HEVC'} fourcc @param {DecoderHandlers} handlers */
  constructor(fourcc, handlers) {
    this.#fourcc = fourcc;
    this.#handlers = handlers;
  }

  /** @param {ArrayBuffer} data @param {number} arrivedAt */
  push(data, arrivedAt) {
    if (this.#closed) return;
    const { key, codec } = inspect(new Uint8Array(data), this.#fourcc);
    if (key && codec && (codec !== this.#codec || !this.#decoder)) this.#configure(codec);
    if (this.#decoder && this.#decoder.decodeQueueSize > MAX_WAITING) this.#needKey = true;
    if (!this.#decoder || (this.#needKey && !key)) {
      this.#handlers.dropped(1);
      return;
    }
    this.#needKey = false;
    // The time of arrival travels with the frame, as microseconds.
    this.#decoder.decode(new EncodedVideoChunk({ type: key ? 'key' : 'delta', timestamp: Math.round(arrivedAt * 1000), data }));
  }

  close() {
    this.#closed = true;
    this.#release();
  }

  /** @param {string} codec */
  #configure(codec) {
    this.#release();
    this.#codec = codec;
    const decoder = new VideoDecoder({
      output: (frame) => {
        if (decoder !== this.#decoder) {
          frame.close();
          return;
        }
        this.#failures = 0;
        this.#handlers.picture(frame, frame.timestamp / 1000);
      },
      error: (err) => decoder === this.#decoder && this.#failed(err),
    });
    this.#decoder = decoder;
    decoder.configure({ codec, optimizeForLatency: true });
  }

  /** @param {DOMException} err */
  #failed(err) {
    this.#release();
    this.#failures++;
    const never = err.name === 'NotSupportedError';
    if (never) this.#handlers.failed(`This browser cannot decode ${this.#codec}.`, true);
    else if (this.#failures >= MAX_FAILURES) this.#handlers.failed(`The video cannot be decoded: ${err.message}`, true);
    else this.#handlers.failed('a frame could not be decoded; going on at the next keyframe', false);
    if (never) this.#closed = true;
  }

  #release() {
    const decoder = this.#decoder;
    this.#decoder = undefined;
    this.#needKey = true;
    if (decoder && decoder.state !== 'closed') decoder.close();
  }
}

/**
 * The decoder of a format, or why there is none.
 * @param {string} fourcc @param {DecoderHandlers} handlers @returns {FrameDecoder | string}
 */
export function decoderOf(fourcc, handlers) {
  switch (fourcc) {
    case 'MJPG': case 'JPEG': return new JpegDecoder(handlers);
    case 'H264': case 'H265': case 'HEVC':
      if (typeof VideoDecoder === 'undefined') return withoutWebCodecs();
      return new VideoUnitDecoder(fourcc === 'H264' ? 'H264' : 'HEVC', handlers);
    default: return `Frames of the format ${fourcc} cannot be shown in a browser.`;
  }
}

function withoutWebCodecs() {
  return globalThis.isSecureContext
    ? 'This browser has no WebCodecs, which H.264 and H.265 need. A still can be taken nonetheless.'
    : 'H.264 and H.265 need WebCodecs, which browsers give to secure pages only: open this page over https or on localhost. A still can be taken nonetheless.';
}
