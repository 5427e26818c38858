import '../esm.mjs';
import assert from 'node:assert/strict';
import { test } from 'node:test';

const dir = '../../../internal/webui/static/js/streams';
const { inspect, nalUnits } = await import(`${dir}/annexb.js`);
const { Pace } = await import(`${dir}/pace.js`);
const { barRect, clockRect, dotSize, readBar, readClock } = await import(`${dir}/readout.js`);
const graph = await import(`${dir}/graph.js`);
const manifest = await import(`${dir}/manifest.js`);
const { fromValue, itemsOf, toValue } = await import(`${dir}/controlvalue.js`);
const { StreamSeries } = await import(`${dir}/series.js`);

const bytes = (...parts) => Uint8Array.from(parts.flat());
const START = [0, 0, 0, 1];
const SPS = [0x67, 0x42, 0xc0, 0x1f, 0xda, 0x01];

test('units are found whatever the length of their start codes, and zeros at their end are not theirs', () => {
  const data = bytes([0, 0, 1], [0x09, 0xf0], START, SPS, [0, 0], [0, 0, 1], [0x65, 0, 0, 2, 9]);
  assert.deepEqual([...nalUnits(data)].map(([a, b]) => [...data.subarray(a, b)]), [[0x09, 0xf0], SPS, [0x65, 0, 0, 2, 9]]);
  assert.deepEqual([...nalUnits(bytes([1, 2, 3]))], []);
  assert.deepEqual([...nalUnits(bytes(START))], []);
});

test('a keyframe of H.264 gives the codec of its parameter set', () => {
  assert.deepEqual(inspect(bytes(START, [0x09, 0x10], START, SPS, START, [0x68, 1], START, [0x65, 0x88]), 'H264'), { key: true, codec: 'avc1.42c01f' });
  assert.deepEqual(inspect(bytes(START, [0x41, 0x9a]), 'H264'), { key: false });
  assert.deepEqual(inspect(bytes(START, [0x67, 0x42]), 'H264'), { key: false, codec: undefined });
  assert.deepEqual(inspect(bytes(START, [0x41, 1], START, SPS), 'H264'), { key: false }, 'nothing behind the first slice');
});

test('H.265: the codec string of the usual main profile', () => {
  // Profile 1, compatible with 1 and 2, progressive and frame-only, level 3.1; with an escape among the zeros.
  const sps = [0x42, 0x01, 0x01, 0x01, 0x60, 0x00, 0x00, 0x03, 0x00, 0xb0, 0x00, 0x00, 0x03, 0x00, 0x00, 0x03, 0x00, 0x5d, 0xa0];
  assert.deepEqual(inspect(bytes(START, sps, START, [0x26, 0x01, 0xaf]), 'HEVC'), { key: true, codec: 'hev1.1.6.L93.B0' });
  assert.deepEqual(inspect(bytes(START, [0x02, 0x01]), 'HEVC'), { key: false });
});

test('the pace of something regular, of something that stopped, and of jitter', () => {
  const pace = new Pace();
  assert.equal(pace.rate(0), 0);
  assert.equal(pace.intervals(0), undefined);
  for (let t = 0; t <= 2000; t += 40) pace.add(t);
  assert.ok(Math.abs(pace.rate(2010) - 25) < 0.5);
  assert.ok(pace.rate(4000) < 13, 'half a window of silence counts');
  assert.equal(pace.rate(9000), 0);
  assert.deepEqual(pace.intervals(2010), { mean: 40, jitter: 0, longest: 40 });
  pace.add(2120);
  assert.equal(pace.intervals(2120).longest, 120);
});

/** A picture with a bar, drawn after the description of the pattern and not with the code under test. */
function bar(width, height, cells) {
  const data = new Uint8ClampedArray(4 * width * height);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) {
    const cell = cells.findIndex((_, i) => x >= Math.floor((i * width) / 40) && x < Math.floor(((i + 1) * width) / 40));
    data.set([0, 1, 2].map(() => (cells[cell] ? 235 : 16)).concat(255), 4 * (y * width + x));
  }
  return { width, height, data };
}

test('the bar is where the pattern has it, and is read only if it is whole', () => {
  assert.deepEqual(barRect(1280, 720), { x: 0, y: 688, width: 1280, height: 32 });
  assert.deepEqual(barRect(320, 240), { x: 0, y: 224, width: 320, height: 16 });
  const number = 0xc0ffee42;
  const groups = [...number.toString(16)].map((c) => parseInt(c, 16));
  const bits = (v) => [8, 4, 2, 1].map((b) => (v & b ? 1 : 0));
  const cells = [1, 0, 1, 0, ...groups.flatMap(bits), ...bits(groups.reduce((a, b) => a ^ b, 0))];
  for (const width of [320, 333, 1280]) assert.equal(readBar(bar(width, 16, cells)), number);
  for (let i = 0; i < 40; i++) assert.equal(readBar(bar(320, 16, cells.map((c, at) => (at === i ? 1 - c : c)))), undefined, `cell ${i} is wrong`);
});

test('a clock that is not there is not read', () => {
  assert.equal(dotSize(1280, 720), 6);
  assert.deepEqual(clockRect(1280, 720), { x: 48, y: 84, width: 828, height: 42 });
  for (const value of [0, 255, 128]) assert.equal(readClock({ width: 828, height: 42, data: new Uint8ClampedArray(4 * 828 * 42).fill(value) }, 6), undefined);
});

test('steps are added, moved, removed and compared without touching the list before', () => {
  const blur = { name: 'blur', params: [{ name: 'radius', default: 4, min: 1, max: 64 }] };
  const motion = { name: 'motion', params: [], data: true };
  const one = graph.added(graph.added([], blur), motion);
  const two = graph.added(one, blur);
  assert.deepEqual(graph.names(two), ['blur', 'motion', 'blur2']);
  assert.deepEqual(graph.moved(two, 2, 0).map((s) => s.kind), ['blur', 'blur', 'motion']);
  assert.deepEqual(graph.moved(two, 0, 3), two);
  assert.deepEqual(graph.moved(two, 0, -1), two);
  assert.equal(graph.removed(two, 1).length, 2);
  assert.equal(two.length, 3);
  assert.equal(graph.same(two, [{ ...two[0], params: { radius: 9 } }, ...two.slice(1)]), false);
  assert.equal(graph.same(two, graph.stepsOf(JSON.parse(JSON.stringify(graph.graphOf(two))))), true);
  assert.deepEqual(graph.stepsOf(undefined), []);
  assert.deepEqual(graph.stepsOf({ steps: [{}, 3, { kind: 'blur' }] }), [{ kind: 'blur', params: {} }]);
});

test('what is wrong is said at the right step and parameter', () => {
  assert.equal(graph.stepOfError('pipelines[0].pipeline_graph.steps[2].params.radius: 99 is too large'), 2);
  assert.equal(graph.stepOfError('there is no such stream'), -1);
  const radius = { name: 'radius', default: 4, min: 1, max: 64 };
  assert.equal(graph.problem(radius, 4), '');
  assert.equal(graph.problem(radius, 65), 'from 1 to 64');
  assert.equal(graph.problem(radius, NaN), 'a number is needed');
  assert.equal(graph.problem({ name: 'text', default: '' }, 'x'), '');
});

test('boxes are drawn only over pictures in whose coordinates they are', () => {
  const steps = ['motion', 'resize', 'blobs'].map((kind) => ({ kind, params: {} }));
  assert.equal(graph.fits(steps, 'motion.data', 'raw'), true);
  assert.equal(graph.fits(steps, 'motion.data', 'motion'), true);
  assert.equal(graph.fits(steps, 'motion.data', 'frame'), false);
  assert.equal(graph.fits(steps, 'blobs.data', 'frame'), true);
  assert.equal(graph.fits(steps, 'blobs.data', 'resize'), true);
  assert.equal(graph.fits(steps, 'blobs.data', 'raw'), false);
  assert.equal(graph.fits(steps, 'gone.data', 'raw'), false);
});

test('the manifest of a new stream', () => {
  const draft = { ...manifest.emptyDraft(), source: 'pattern', name: ' front ', encoder: 'h264', bitrate: '1500', onBoot: true };
  const m = manifest.manifestOf(draft);
  assert.equal(m.identity.alias, 'front');
  assert.equal(m.capture.handle, 'Virtual');
  assert.deepEqual(m.capture.mode, { format: { code: 'MJPG', resolution: { width: 1280, height: 720 }, color: 'Srgb' }, interval: { numerator: 1, denominator: 30 } });
  assert.deepEqual(m.encoder, { state: 'enabled', id: 'ffmpeg_h264', settings: { kind: 'ffmpeg_h264', bitrate: 1_500_000 } });
  assert.equal(m.start_on_boot, true);
});

test('each source goes into a manifest and comes out of it as it was', () => {
  const camera = { identity: { display: 'Webcam', keys: ['usb:1', 'usb:2'] }, backends: [{ kind: 'V4l2', handle: { V4l2: { path: '/dev/video0' } }, descriptor: { modes: [], controls: [] }, properties: [] }] };
  const drafts = [
    { source: 'pattern' }, { source: 'network', url: 'rtsp://camera/1', code: 'H264', size: '', interval: '' },
    { source: 'file', paths: '/a.jpg\n/b.jpg', loop: false, interval: '1/5' }, { source: 'camera', camera, encoder: 'jpeg', quality: '55' },
  ].map((d) => ({ ...manifest.emptyDraft(), name: 'x', ...d }));
  for (const draft of drafts) assert.deepEqual(manifest.draftOf(JSON.parse(JSON.stringify(manifest.manifestOf(draft))), [camera]), draft);
});

test('what the form does not know survives an edit; controls of another camera do not', () => {
  const before = { ...manifest.manifestOf({ ...manifest.emptyDraft(), source: 'pattern', name: 'x' }), pose: { translation: { x: 1 } }, pipelines: [{ pipeline_id: 'p' }] };
  before.capture.controls = [{ id: 1, value: { Int: 3 } }];
  const draft = manifest.draftOf(before, []);
  const after = manifest.manifestOf({ ...draft, name: 'y' }, before);
  assert.deepEqual([after.pose, after.pipelines, after.capture.controls], [before.pose, before.pipelines, before.capture.controls]);
  assert.equal(before.identity.alias, 'x');
  assert.deepEqual(manifest.manifestOf({ ...draft, source: 'network', url: 'http://c/' }, before).capture.controls, []);
});

test('a camera that is not plugged in stays the one of its stream', () => {
  const m = manifest.manifestOf({ ...manifest.emptyDraft(), source: 'pattern' });
  m.capture = { ...m.capture, backend: 'V4l2', handle: { V4l2: { path: '/dev/video7' } }, device_keys: ['usb:9'], device_identity: { display: 'Old webcam', keys: ['usb:9'] } };
  const draft = manifest.draftOf(m, []);
  assert.equal(draft.camera.identity.display, 'Old webcam (not plugged in)');
  const saved = manifest.manifestOf(draft, m);
  assert.deepEqual([saved.capture.handle, saved.capture.device_keys, saved.capture.device_identity.display], [m.capture.handle, ['usb:9'], 'Old webcam']);
});

test('what can be chosen follows from the modes of the camera', () => {
  const mode = (code, width, height, ...fps) => ({ id: {}, format: { code, resolution: { width, height }, color: 'Srgb' }, intervals: fps.map((denominator) => ({ numerator: 1, denominator })) });
  const modes = [mode('YUYV', 640, 480, 30), mode('MJPG', 640, 480, 30, 60), mode('MJPG', 1280, 720, 15, 30)];
  assert.deepEqual(manifest.choices(modes, 'MJPG', '640x480'), { codes: ['YUYV', 'MJPG'], sizes: ['1280x720', '640x480'], rates: ['1/60', '1/30'] });
  const range = { ...mode('MJPG', 320, 240), interval_stepwise: { min: { numerator: 1, denominator: 50 }, max: { numerator: 1, denominator: 4 }, step: { numerator: 1, denominator: 1 } } };
  assert.deepEqual(manifest.choices([range], 'MJPG', '320x240').rates, ['1/50', '1/30', '1/25', '1/15', '1/10', '1/5', '1/4']);
  assert.ok(manifest.choices([], 'MJPG', '1280x720').rates.length > 3, 'a camera that does not tell');
  assert.equal(manifest.rateText('1001/30000'), '29.97 fps');
  assert.equal(manifest.rateText('5/1'), 'one frame every 5 s');
});

test('issues are shown at the field that they are of', () => {
  const at = (path, source = 'network') => manifest.fieldOf(path, source);
  assert.deepEqual(['identity.alias', 'capture.mode.format.code', 'capture.mode.format.resolution.width', 'capture.mode.interval', 'capture.handle.Netcam.url', 'capture.handle.Netcam.fps',
    'encoder.settings.bitrate', 'preview_jpeg_quality', 'encoder.id', 'pose.rotation'].map((p) => at(p)),
  ['name', 'code', 'size', 'interval', 'url', 'interval', 'bitrate', 'quality', 'encoder', '']);
  assert.equal(at('capture.handle.File.paths[0]', 'file'), 'paths');
});

test('values of controls, in both spellings', () => {
  assert.deepEqual([{ Int: -3 }, { Bool: false }, 'None', { kind: 'float', value: 0.5 }, { kind: 'none' }].map(fromValue), [-3, false, undefined, 0.5, undefined]);
  assert.deepEqual([['Int', 3], ['Bool', true], ['Menu', 2], ['Uint', 7], ['Float', 0.5], ['None', undefined]].map(([k, v]) => toValue(k, v)),
    [{ Int: 3 }, { Bool: true }, { Int: 2 }, { Uint: 7 }, { Float: 0.5 }, 'None']);
  assert.deepEqual(itemsOf([{ index: 1, name: 'Manual' }, { index: 3, value: 50 }, 'Auto']), [[1, 'Manual'], [3, '50'], [2, 'Auto']]);
});

test('losses are told per second, and a restart of the counting is a hole', () => {
  const stage = { fps: 30, work_average_time_ms: 1, sample_count: 0 };
  const metrics = (replaced) => ({ capture: stage, host: stage, graph_stage: stage, encoder: null, decoder: null, preview_transport: { replaced_pending_frames: replaced }, memory: null, pipeline: null });
  const s = new StreamSeries();
  s.push(1000, metrics(10), { shown: 30, late: 0 });
  s.push(3000, metrics(20), { shown: 30, late: 4 });
  s.push(4000, metrics(3), { shown: 30, late: 4 });
  s.push(4000, metrics(99), { shown: 30, late: 4 });
  assert.deepEqual(s.series.replaced, [null, 5, null]);
  assert.deepEqual(s.series.late, [null, 2, 0]);
  s.push(20_000, metrics(5), { shown: 30, late: 4 });
  assert.deepEqual(s.series.capture, [30, 30, 30, null, 30], 'time without samples is a hole');
});
