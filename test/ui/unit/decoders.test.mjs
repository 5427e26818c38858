import '../esm.mjs';
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';

const { decoderOf, JpegDecoder, VideoUnitDecoder } = await import('../../../internal/webui/static/js/streams/decoders.js');

/** Notes what a decoder says. */
function sink() {
  const got = { pictures: [], dropped: 0, failures: [] };
  return {
    got,
    handlers: {
      picture: (p, at) => got.pictures.push([p.name ?? p.timestamp, at]), dropped: (n) => (got.dropped += n), failed: (text, final) => got.failures.push([text, final]),
    },
  };
}

const settled = () => new Promise((done) => setImmediate(done));
const kept = { createImageBitmap: globalThis.createImageBitmap };
afterEach(() => {
  Object.assign(globalThis, { ...kept, VideoDecoder: undefined, EncodedVideoChunk: undefined });
});

test('while a JPEG is decoded only the newest of the others waits', async () => {
  const open = [];
  globalThis.createImageBitmap = (blob) => new Promise((resolve, reject) => open.push({ blob, resolve, reject }));
  const { got, handlers } = sink();
  const d = new JpegDecoder(handlers);
  for (let i = 1; i <= 4; i++) d.push(new ArrayBuffer(i), i);
  assert.equal(open.length, 1);
  assert.equal(got.dropped, 2);
  open[0].resolve({ name: 'first', close() {} });
  await settled();
  assert.deepEqual(open.map((o) => o.blob.size), [1, 4]);
  open[1].reject(new Error('broken'));
  await settled();
  assert.deepEqual(got, { pictures: [['first', 1]], dropped: 2, failures: [['a frame is not a readable JPEG', false]] });
});

test('a picture that comes after the end is released', async () => {
  let resolve, released = 0;
  globalThis.createImageBitmap = () => new Promise((r) => (resolve = r));
  const { got, handlers } = sink();
  const d = new JpegDecoder(handlers);
  d.push(new ArrayBuffer(1), 1);
  d.close();
  resolve({ close: () => released++ });
  await settled();
  assert.deepEqual([got.pictures.length, released], [0, 1]);
});

/** Takes the place of WebCodecs; output and failure are up to the test. */
function fakeCodecs() {
  const made = [];
  globalThis.VideoDecoder = class {
    state = 'unconfigured';
    decodeQueueSize = 0;
    chunks = [];
    constructor(init) {
      Object.assign(this, init);
      made.push(this);
    }
    configure(config) {
      this.config = config;
      this.state = 'configured';
    }
    decode(chunk) {
      this.chunks.push(chunk);
    }
    close() {
      this.state = 'closed';
    }
  };
  globalThis.EncodedVideoChunk = class {
    constructor(init) {
      Object.assign(this, init);
    }
  };
  return made;
}

const START = [0, 0, 0, 1];
const key = Uint8Array.from([...START, 0x67, 0x42, 0xc0, 0x1f, ...START, 0x65, 1]).buffer;
const otherKey = Uint8Array.from([...START, 0x67, 0x64, 0x00, 0x28, ...START, 0x65, 1]).buffer;
const delta = Uint8Array.from([...START, 0x41, 1]).buffer;

test('decoding begins at a keyframe, with the codec that it tells, and begins anew when that changes', () => {
  const made = fakeCodecs();
  const { got, handlers } = sink();
  const d = new VideoUnitDecoder('H264', handlers);
  d.push(delta, 1);
  assert.deepEqual([made.length, got.dropped], [0, 1]);
  d.push(key, 2);
  d.push(delta, 3);
  assert.deepEqual(made[0].config, { codec: 'avc1.42c01f', optimizeForLatency: true });
  assert.deepEqual(made[0].chunks.map((c) => [c.type, c.timestamp]), [['key', 2000], ['delta', 3000]]);
  d.push(key, 4);
  assert.equal(made.length, 1, 'the same codec goes on');
  d.push(otherKey, 5);
  assert.deepEqual([made.length, made[0].state, made[1].config.codec], [2, 'closed', 'avc1.640028']);
  let released = 0;
  made[0].output({ timestamp: 1, close: () => released++ });
  made[1].output({ timestamp: 5000, close() {} });
  assert.deepEqual([got.pictures, released], [[[5000, 5]], 1]);
});

test('a decoder that falls behind goes on at the next keyframe', () => {
  const made = fakeCodecs();
  const { got, handlers } = sink();
  const d = new VideoUnitDecoder('H264', handlers);
  d.push(key, 1);
  made[0].decodeQueueSize = 20;
  d.push(delta, 2);
  made[0].decodeQueueSize = 0;
  d.push(delta, 3);
  d.push(key, 4);
  assert.deepEqual([made[0].chunks.map((c) => c.timestamp), got.dropped], [[1000, 4000], 2]);
});

test('after an error it recovers at the next keyframe; after many, or where it cannot be, it is given up', () => {
  const made = fakeCodecs();
  const { got, handlers } = sink();
  const d = new VideoUnitDecoder('H264', handlers);
  d.push(key, 1);
  made[0].error(new DOMException('bad', 'EncodingError'));
  d.push(delta, 2);
  d.push(key, 3);
  assert.deepEqual([made.length, got.dropped, got.failures], [2, 1, [['a frame could not be decoded; going on at the next keyframe', false]]]);
  for (let i = 1; i < 5; i++) {
    made.at(-1).error(new DOMException('bad', 'EncodingError'));
    d.push(key, 3 + i);
  }
  assert.deepEqual(got.failures.at(-1), ['The video cannot be decoded: bad', true]);
  const other = sink();
  const e = new VideoUnitDecoder('H264', other.handlers);
  e.push(key, 1);
  made.at(-1).error(new DOMException('no', 'NotSupportedError'));
  assert.deepEqual(other.got.failures, [['This browser cannot decode avc1.42c01f.', true]]);
  const before = made.length;
  e.push(key, 2);
  assert.equal(made.length, before);
});

test('where there is no decoder it is said why', () => {
  assert.match(decoderOf('H264', sink().handlers), /secure pages only/);
  assert.match(decoderOf('NV12', sink().handlers), /NV12 cannot be shown/);
  assert.ok(decoderOf('JPEG', sink().handlers) instanceof JpegDecoder);
});
