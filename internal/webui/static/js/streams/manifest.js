// @ts-check
// Between the manifest of a stream and the form that edits it. Pure functions.
// What the form does not know is kept as it is.

/**
 * @typedef {import('./types.d.ts').Manifest} Manifest
 * @typedef {import('./types.d.ts').Mode} Mode
 * @typedef {import('./types.d.ts').ProbedDevice} ProbedDevice
 * @typedef {import('./types.d.ts').Interval} Interval
 * @typedef {import('./types.d.ts').Issue} Issue
 * @typedef {'camera' | 'pattern' | 'network' | 'file'} Source
 * @typedef {'off' | 'jpeg' | 'h264' | 'h265'} Encoder
 */

/**
 * @typedef {object} Draft
 * @property {string} name
 * @property {Source} source
 * @property {ProbedDevice | undefined} camera
 * @property {string} url
 * @property {string} paths one a line
 * @property {boolean} loop
 * @property {string} code fourcc, empty leaves it to the camera
 * @property {string} size "1280x720", empty leaves it to the camera
 * @property {string} interval "1/30" in seconds, empty leaves it to the camera
 * @property {Encoder} encoder
 * @property {string} quality of JPEG, 1 to 100
 * @property {string} bitrate kbit/s, empty leaves it to the encoder
 * @property {boolean} onBoot
 * @property {boolean} pipeline whether the pipeline runs, if there is one
 */

/** Formats of a camera that does not list its own. @type {readonly [string, string][]} */
const CODES = [['MJPG', 'MJPEG'], ['H264', 'H.264'], ['YUYV', 'Raw (YUYV)']];

/** @returns {Draft} */
export function emptyDraft() {
  return {
    name: '', source: 'camera', camera: undefined, url: '', paths: '', loop: true, code: 'MJPG', size: '1280x720', interval: '1/30',
    encoder: 'off', quality: '80', bitrate: '', onBoot: false, pipeline: false,
  };
}

/** @param {Manifest} m @param {readonly ProbedDevice[]} devices @returns {Draft} */
export function draftOf(m, devices) {
  const { capture, encoder } = m;
  const { handle, mode } = capture;
  const draft = { ...emptyDraft(), name: m.identity.alias ?? '', onBoot: m.start_on_boot ?? false, pipeline: m.pipeline_enabled ?? false };
  const { width, height } = mode.format.resolution;
  const interval = mode.interval ?? capture.interval;
  Object.assign(draft, {
    code: mode.format.code, size: width > 0 ? `${width}x${height}` : '', interval: interval ? intervalText(interval) : '',
    quality: String(encoder.settings?.quality ?? m.preview_jpeg_quality ?? 80),
    bitrate: encoder.settings?.bitrate ? String(Math.round(encoder.settings.bitrate / 1000)) : '',
    encoder: encoder.state === 'enabled' ? encoderOf(encoder.settings?.kind ?? encoder.id ?? '') : 'off',
  });
  if (handle !== 'Virtual' && 'Netcam' in handle) return { ...draft, source: 'network', url: handle.Netcam.url };
  if (handle !== 'Virtual' && 'File' in handle) return { ...draft, source: 'file', paths: handle.File.paths.join('\n'), loop: handle.File.loop_forever };
  const camera = devices.find((d) => isOf(d, m));
  if (handle === 'Virtual' && !camera) return { ...draft, source: 'pattern' };
  return { ...draft, source: 'camera', camera: camera ?? absentCamera(m) };
}

/** Whether a stream uses a camera. @param {ProbedDevice} d @param {Manifest} m */
function isOf(d, { capture }) {
  const keys = capture.device_keys ?? [];
  if (keys.length > 0) return d.identity.keys.some((k) => keys.includes(k));
  return capture.handle !== 'Virtual' && d.backends.some((b) => JSON.stringify(b.handle) === JSON.stringify(capture.handle));
}

/** The camera of a stream that is not plugged in: it stays what it was. @param {Manifest} m @returns {ProbedDevice} */
function absentCamera({ capture }) {
  const { handle, backend, mode } = capture;
  const display = capture.device_identity?.display ?? (handle !== 'Virtual' && 'V4l2' in handle ? handle.V4l2.path : backend);
  const kept = { id: mode, format: mode.format, intervals: mode.interval ? [mode.interval] : [] };
  return {
    identity: { display: `${display} (not plugged in)`, keys: capture.device_keys ?? [] },
    backends: [{ kind: backend, handle, descriptor: { modes: [kept], controls: [] }, properties: [] }],
  };
}

/** @param {string} kind @returns {Encoder} */
function encoderOf(kind) {
  if (kind.includes('264')) return 'h264';
  return kind.includes('265') || kind.includes('hevc') ? 'h265' : 'jpeg';
}

/** @param {Draft} d @param {Manifest} [before] the manifest that is edited @returns {Manifest} */
export function manifestOf(d, before) {
  const base = before ? structuredClone(before) : fresh();
  const [width = 0, height = 0] = d.size.split('x').map(Number);
  const interval = parseInterval(d.interval);
  base.identity = { ...base.identity };
  if (d.name.trim()) base.identity.alias = d.name.trim();
  else delete base.identity.alias;
  const capture = { ...base.capture, ...captureSource(d, { width, height, fps: interval ? interval.denominator / interval.numerator : 0 }) };
  capture.mode = { format: { code: d.code, resolution: { width, height }, color: base.capture.mode.format.color }, ...(interval ? { interval } : {}) };
  delete capture.interval; // the mode has it
  if (sourceKey(capture) !== sourceKey(base.capture)) capture.controls = []; // those of another camera
  base.capture = capture;
  base.encoder = encoderSettings(d, base.encoder);
  if (d.encoder === 'off') base.preview_jpeg_quality = clampedQuality(d);
  base.start_on_boot = d.onBoot;
  if (base.pipelines?.length) base.pipeline_enabled = d.pipeline;
  return base;
}

/** @returns {Manifest} */
function fresh() {
  return {
    schema_version: 1, identity: {},
    capture: { backend: 'Virtual', handle: 'Virtual', mode: { format: { code: 'MJPG', resolution: { width: 0, height: 0 }, color: 'Srgb' } }, controls: [], device_keys: [], enable_tdn_output: false },
    host_buffer: 4, internal: false, pipeline_enabled: false, pipelines: [], pipeline_wires: [], pipeline_host_inputs: {},
    encoder: { state: 'disabled' }, decoder: { state: 'disabled' }, preview_jpeg_quality: 80, recording_mode: { state: 'disabled' }, start_on_boot: false,
  };
}

/** @param {Draft} d @param {{width: number, height: number, fps: number}} mode */
function captureSource(d, mode) {
  const none = { device_keys: [], device_identity: undefined };
  switch (d.source) {
    case 'network':
      return { ...none, backend: 'Netcam', handle: { Netcam: { url: d.url.trim(), width: mode.width, height: mode.height, fps: Math.round(mode.fps) } } };
    case 'file':
      return { ...none, backend: 'File', handle: { File: { paths: lines(d.paths), fps: mode.fps, loop_forever: d.loop } } };
    case 'camera': {
      const backend = d.camera?.backends[0];
      if (!d.camera || !backend) return {};
      const keys = d.camera.identity.keys;
      const identity = { display: d.camera.identity.display.replace(' (not plugged in)', ''), keys, ...(keys[0] ? { primary_key: keys[0] } : {}) };
      return { backend: backend.kind, handle: backend.handle, device_keys: keys, device_identity: identity };
    }
    default: return { ...none, backend: 'Virtual', handle: /** @type {const} */ ('Virtual') };
  }
}

/** @param {Manifest['capture']} capture */
function sourceKey(capture) {
  const { handle } = capture;
  if (handle !== 'Virtual' && 'Netcam' in handle) return handle.Netcam.url;
  return JSON.stringify([handle, capture.device_keys ?? []]);
}

/** @param {Draft} d @param {Manifest['encoder']} before @returns {Manifest['encoder']} */
function encoderSettings(d, before) {
  if (d.encoder === 'off') return { state: 'disabled' };
  const same = before.state === 'enabled' && encoderOf(before.settings?.kind ?? before.id ?? '') === d.encoder;
  const kept = same ? before.settings ?? {} : {};
  if (d.encoder === 'jpeg') return { state: 'enabled', id: 'turbojpeg', settings: { ...kept, kind: 'turbojpeg', quality: clampedQuality(d) } };
  const id = `ffmpeg_${d.encoder}`;
  /** @type {any} */
  const settings = { ...kept, kind: id };
  delete settings.bitrate;
  if (Number(d.bitrate) > 0) settings.bitrate = Math.round(Number(d.bitrate) * 1000);
  return { state: 'enabled', id, settings };
}

/** @param {Draft} d */
function clampedQuality(d) {
  const n = Math.round(Number(d.quality));
  return Number.isFinite(n) ? n : 80;
}

/** @param {string} text */
export function lines(text) {
  return text.split('\n').map((l) => l.trim()).filter(Boolean);
}

/** @param {Interval} i */
export function intervalText(i) {
  return `${i.numerator}/${i.denominator}`;
}

/** @param {string} text @returns {Interval | undefined} */
export function parseInterval(text) {
  const m = /^(\d+)\/(\d+)$/.exec(text);
  return m && Number(m[1]) > 0 && Number(m[2]) > 0 ? { numerator: Number(m[1]), denominator: Number(m[2]) } : undefined;
}

/** "30 fps" of "1/30". @param {string} text */
export function rateText(text) {
  const i = parseInterval(text);
  if (!i) return 'as the camera has it';
  const fps = i.denominator / i.numerator;
  return fps >= 1 ? `${Number(fps.toFixed(2))} fps` : `one frame every ${Number((1 / fps).toFixed(2))} s`;
}

/** @param {string} code */
export function codeText(code) {
  const known = CODES.find(([c]) => c === code);
  return known ? known[1] : { HEVC: 'H.265', H265: 'H.265', JPEG: 'MJPEG', GREY: 'Raw (grey)' }[code] ?? `Raw (${code})`;
}

/** Formats, sizes and rates to choose from. A camera that does not tell gets a usual selection. @param {readonly Mode[]} modes @param {string} code @param {string} size */
export function choices(modes, code, size) {
  const listed = modes.length > 0 ? modes : usualModes();
  const codes = unique(listed.map((m) => m.format.code));
  const ofCode = listed.filter((m) => m.format.code === code);
  const sizes = unique(ofCode.map(sizeOf)).sort((a, b) => area(b) - area(a));
  const ofSize = ofCode.filter((m) => sizeOf(m) === size);
  const rates = unique(ofSize.flatMap((m) => [...m.intervals, ...stepped(m)].map(intervalText))).sort((a, b) => seconds(a) - seconds(b));
  return { codes, sizes, rates };
}

/** @param {Mode} m */
const sizeOf = (m) => `${m.format.resolution.width}x${m.format.resolution.height}`;
/** @param {string} size */
const area = (size) => size.split('x').map(Number).reduce((a, b) => a * b, 1);
/** @param {string} interval */
const seconds = (interval) => {
  const i = parseInterval(interval);
  return i ? i.numerator / i.denominator : 0;
};
/** @param {string[]} list */
const unique = (list) => [...new Set(list)];

/** The ends of a range and what is usual between them. @param {Mode} m @returns {Interval[]} */
function stepped(m) {
  const range = m.interval_stepwise;
  if (!range) return [];
  const [low, high] = [seconds(intervalText(range.min)), seconds(intervalText(range.max))];
  const usual = [60, 30, 25, 15, 10, 5, 1].map((denominator) => ({ numerator: 1, denominator }));
  return [range.min, ...usual.filter((i) => i.numerator / i.denominator > low && i.numerator / i.denominator < high), range.max];
}

/** @returns {Mode[]} */
function usualModes() {
  const intervals = [60, 30, 25, 15, 10, 5, 1].map((denominator) => ({ numerator: 1, denominator }));
  return CODES.flatMap(([code]) => [[1920, 1080], [1280, 720], [640, 480], [320, 240]].map(([width = 0, height = 0]) => {
    const format = { code, resolution: { width, height }, color: 'Srgb' };
    return { id: { format }, format, intervals };
  }));
}

/** The field of the form that an issue belongs to, empty if to none. @param {string} path @param {Source} source */
export function fieldOf(path, source) {
  if (path.startsWith('identity')) return 'name';
  if (path.startsWith('capture.mode.format.resolution')) return 'size';
  if (path.startsWith('capture.mode.format')) return 'code';
  if (/^capture\.(mode\.interval|interval|target_fps)/.test(path)) return 'interval';
  if (/^capture\.handle\.\w+\.(width|height)$/.test(path)) return 'size';
  if (/^capture\.handle\.\w+\.fps$/.test(path)) return 'interval';
  if (/^capture\.(handle|backend|device)/.test(path)) return { camera: 'camera', pattern: '', network: 'url', file: 'paths' }[source];
  if (path.startsWith('encoder.settings.bitrate')) return 'bitrate';
  if (path.startsWith('encoder.settings.quality') || path === 'preview_jpeg_quality') return 'quality';
  if (path.startsWith('encoder')) return 'encoder';
  return '';
}
