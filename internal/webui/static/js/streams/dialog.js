// @ts-check
// The dialog that adds, changes and deletes a stream.

import { h, setText } from '../lib/dom.js';
import { HttpError, json } from '../lib/http.js';
import { icon } from '../lib/icons.js';
import { Field, fillSelect } from './fields.js';
import { choices, codeText, draftOf, emptyDraft, fieldOf, manifestOf, rateText } from './manifest.js';
import { nameOf, remove, save } from './store.js';

/**
 * @typedef {import('./types.d.ts').StreamInfo} StreamInfo
 * @typedef {import('./types.d.ts').ProbedDevice} ProbedDevice
 * @typedef {import('./manifest.js').Draft} Draft
 * @typedef {{id: string, removed: boolean}} Done
 */

/** @type {readonly [import('./manifest.js').Source, string][]} */
const SOURCES = [['camera', 'Camera'], ['network', 'Network'], ['file', 'File'], ['pattern', 'Test pattern']];
/** @type {readonly [string, string][]} */
const ENCODERS = [['off', 'As captured'], ['jpeg', 'JPEG'], ['h264', 'H.264'], ['h265', 'H.265']];

/**
 * Adds a stream, or changes the one given.
 * @param {StreamInfo} [info]
 * @returns {Promise<Done | undefined>} undefined when it was left without saving
 */
export async function editStream(info) {
  if (document.querySelector('dialog[open]')) return undefined;
  return new StreamDialog(info).run();
}

class StreamDialog {
  #info;
  /** @type {ProbedDevice[]} */
  #devices = [];
  /** @type {ProbedDevice[]} */
  #builtin = [];
  #draft = emptyDraft();
  #busy = false;
  /** The source was chosen by the person. */
  #touched = false;
  #name = new Field('name', 'Name', h('input', { type: 'text', maxLength: 200, autocomplete: 'off', placeholder: 'front door' }));
  #camera = new Field('camera', 'Camera', h('select', {}));
  #url = new Field('url', 'Address', h('input', { type: 'text', inputMode: 'url', autocomplete: 'off', spellcheck: false, placeholder: 'rtsp://camera.local/stream' }),
    'rtsp, http (MJPEG or HLS) and whatever else ffmpeg opens');
  #paths = new Field('paths', 'Files on the device, one a line', h('textarea', { rows: 3, spellcheck: false, placeholder: '/var/lib/pictures/0001.jpg' }),
    'JPEG pictures in order, an MJPEG file, or a video');
  #loop = new Field('loop', 'Play again and again', h('input', { type: 'checkbox' }));
  #code = new Field('code', 'Format', h('select', {}));
  #size = new Field('size', 'Size', h('select', {}));
  #interval = new Field('interval', 'Rate', h('select', {}));
  #encoder = new Field('encoder', 'Encode for viewers', h('select', {}));
  #quality = new Field('quality', 'JPEG quality', h('input', { type: 'number', min: '1', max: '100', step: '1' }));
  #bitrate = new Field('bitrate', 'Bitrate in kbit/s', h('input', { type: 'number', min: '0', step: '100', placeholder: 'as the encoder likes' }));
  #onBoot = new Field('onBoot', 'Capture from boot on, even without viewers', h('input', { type: 'checkbox' }));
  #pipeline = new Field('pipeline', 'Run the pipeline', h('input', { type: 'checkbox' }), 'its steps are kept when it is off');
  #fields = [this.#name, this.#camera, this.#url, this.#paths, this.#loop, this.#code, this.#size, this.#interval, this.#encoder, this.#quality, this.#bitrate, this.#onBoot, this.#pipeline];
  #error = h('p', { class: 'form-error', role: 'alert', hidden: true });
  #sources = h('div', { class: 'segmented', role: 'radiogroup', 'aria-label': 'Source' }, ...SOURCES.map(([value, label]) =>
    h('label', {}, h('input', { type: 'radio', name: 'source', value, onchange: () => this.#choose(value) }), h('span', {}, label))));
  #saveButton = h('button', { type: 'submit', class: 'primary' }, 'Save');
  #form;
  #dialog;

  /** @param {StreamInfo | undefined} info */
  constructor(info) {
    this.#info = info;
    setText(this.#saveButton, info ? 'Save' : 'Add stream');
    this.#form = h('form', { class: 'stream-form', noValidate: true, onsubmit: (/** @type {Event} */ e) => void this.#submit(e), oninput: () => this.#edited() },
      h('h2', { id: 'stream-dialog-title' }, info ? `Change ${nameOf(info)}` : 'Add a stream'),
      this.#name.el,
      h('div', { class: 'form-field' }, h('span', { class: 'field-label' }, 'Source'), this.#sources),
      this.#camera.el, this.#url.el, this.#paths.el, this.#loop.el,
      h('div', { class: 'field-row' }, this.#code.el, this.#size.el, this.#interval.el),
      h('div', { class: 'field-row' }, this.#encoder.el, this.#quality.el, this.#bitrate.el),
      this.#onBoot.el, this.#pipeline.el, this.#error,
      h('div', { class: 'form-actions' },
        info && h('button', { type: 'button', class: 'form-delete', onclick: () => void this.#remove() }, icon('bin'), 'Delete'),
        h('button', { type: 'button', onclick: () => this.#dialog.close() }, 'Cancel'), this.#saveButton));
    this.#dialog = h('dialog', { class: 'dialog stream-dialog', 'aria-labelledby': 'stream-dialog-title' }, this.#form);
  }

  /** @returns {Promise<Done | undefined>} */
  async run() {
    document.body.append(this.#dialog);
    this.#dialog.showModal();
    const closed = new Promise((/** @type {(v: undefined) => void} */ done) => this.#dialog.addEventListener('close', () => done(undefined), { once: true }));
    this.#fill();
    void this.#learn();
    await closed;
    this.#dialog.remove();
    return this.#done;
  }

  /** @type {Done | undefined} */
  #done;

  /** Asks which cameras and encoders there are. */
  async #learn() {
    const [cameras, backends, codecs] = await Promise.allSettled([json('v1/peripherals/cameras'), json('v1/streams/backends'), json('v1/streams/codecs')]);
    if (cameras.status === 'fulfilled') this.#devices = cameras.value.cameras ?? [];
    if (backends.status === 'fulfilled') this.#builtin = backends.value.filter((/** @type {ProbedDevice} */ d) => isMarked(d, 'builtin'));
    const kinds = codecs.status === 'fulfilled' ? codecs.value.filter((/** @type {any} */ c) => c.kind === 'Encoder').map((/** @type {any} */ c) => c.fourcc) : undefined;
    const has = (/** @type {string} */ code) => !kinds || kinds.includes(code) || (code === 'HEVC' && kinds.includes('H265'));
    fillSelect(/** @type {HTMLSelectElement} */ (this.#encoder.control), ENCODERS.filter(([v]) => (v !== 'h264' || has('H264')) && (v !== 'h265' || has('HEVC'))));
    if (kinds && !has('H264')) this.#encoder.explain('H.264 needs ffmpeg on the device, with an encoder');
    this.#offer();
  }

  /** Offers the cameras that were found; what was typed meanwhile stays. */
  #offer() {
    const d = this.#draft;
    const before = this.#info && draftOf(this.#info.manifest, this.#devices);
    const camera = before?.camera ?? this.#devices[0];
    if (camera && !this.#devices.includes(camera)) this.#devices = [...this.#devices, camera];
    fillSelect(/** @type {HTMLSelectElement} */ (this.#camera.control),
      this.#devices.length > 0 ? this.#devices.map((c, i) => [String(i), cameraName(c)]) : [['', 'No camera was found']], camera ? String(this.#devices.indexOf(camera)) : '');
    d.camera = camera;
    if (this.#touched) this.#setSource(d.source);
    else this.#setSource(before?.source ?? (camera ? 'camera' : 'pattern'));
  }

  /** Shows the stream that is edited, or what suits a new one. */
  #fill() {
    this.#draft = this.#info ? draftOf(this.#info.manifest, []) : emptyDraft();
    const d = this.#draft;
    fillSelect(/** @type {HTMLSelectElement} */ (this.#camera.control), [['', 'Looking for cameras…']]);
    fillSelect(/** @type {HTMLSelectElement} */ (this.#encoder.control), ENCODERS);
    for (const field of [this.#name, this.#url, this.#paths, this.#encoder, this.#quality, this.#bitrate]) field.control.value = String(d[/** @type {keyof Draft} */ (field.name)]);
    this.#pipeline.el.hidden = !this.#info?.manifest.pipelines?.length;
    for (const field of [this.#loop, this.#onBoot, this.#pipeline]) /** @type {HTMLInputElement} */ (field.control).checked = Boolean(d[/** @type {keyof Draft} */ (field.name)]);
    this.#showModes();
    this.#setSource(d.source);
    this.#name.control.focus();
  }

  /** @param {import('./manifest.js').Source} source */
  #choose(source) {
    this.#touched = true;
    this.#setSource(source);
  }

  /** @param {import('./manifest.js').Source} source */
  #setSource(source) {
    this.#draft.source = source;
    for (const input of this.#sources.querySelectorAll('input')) input.checked = input.value === source;
    this.#camera.el.hidden = source !== 'camera';
    this.#url.el.hidden = source !== 'network';
    this.#paths.el.hidden = this.#loop.el.hidden = source !== 'file';
    this.#edited();
  }

  /** Takes over what was typed and offers what follows from it. */
  #edited() {
    const d = this.#draft;
    for (const field of [this.#name, this.#url, this.#paths, this.#quality, this.#bitrate]) Object.assign(d, { [field.name]: field.value });
    d.camera = this.#camera.value === '' ? undefined : this.#devices[Number(this.#camera.value)];
    d.loop = /** @type {HTMLInputElement} */ (this.#loop.control).checked;
    d.onBoot = /** @type {HTMLInputElement} */ (this.#onBoot.control).checked;
    d.pipeline = /** @type {HTMLInputElement} */ (this.#pipeline.control).checked;
    d.encoder = /** @type {Draft['encoder']} */ (this.#encoder.value || d.encoder);
    Object.assign(d, { code: this.#code.value, size: this.#size.value, interval: this.#interval.value });
    this.#showModes();
    this.#quality.el.hidden = d.encoder === 'h264' || d.encoder === 'h265';
    this.#bitrate.el.hidden = !this.#quality.el.hidden;
    this.#quality.explain(d.encoder === 'off' ? 'where pictures are encoded here' : '');
    this.#saveButton.disabled = this.#busy || (d.source === 'camera' && !d.camera);
  }

  #showModes() {
    const d = this.#draft;
    const free = d.source === 'network' || d.source === 'file';
    const modes = d.source === 'camera' ? d.camera?.backends[0]?.descriptor.modes ?? [] : d.source === 'pattern' ? this.#builtin[0]?.backends[0]?.descriptor.modes ?? [] : [];
    const any = /** @type {[string, string][]} */ (free ? [['', 'as it comes']] : []);
    const pick = (/** @type {Field} */ field, /** @type {string[]} */ list, /** @type {(v: string) => string} */ text, /** @type {string} */ value) => {
      const all = list.includes(value) || !value || !this.#keeps(field.name, value) ? list : [value, ...list];
      fillSelect(/** @type {HTMLSelectElement} */ (field.control), [...any, ...all.map((v) => /** @type {[string, string]} */ ([v, text(v)]))], value);
      return field.value;
    };
    const codes = free ? ['MJPG', 'H264', 'HEVC'] : choices(modes, '', '').codes;
    d.code = pick(this.#code, codes, codeText, d.code);
    const { sizes } = choices(free ? [] : modes, free ? 'MJPG' : d.code, '');
    d.size = pick(this.#size, sizes, (v) => v.replace('x', ' × '), d.size);
    const { rates } = choices(free ? [] : modes, free ? 'MJPG' : d.code, free ? '1280x720' : d.size);
    d.interval = pick(this.#interval, rates.length > 0 ? rates : [''], rateText, d.interval);
  }

  /** Whether a value that is not offered is that of the stream as it is. @param {string} field @param {string} value */
  #keeps(field, value) {
    if (!this.#info) return false;
    const before = draftOf(this.#info.manifest, this.#devices);
    return before.source === this.#draft.source && before[/** @type {keyof Draft} */ (field)] === value;
  }

  /** @param {Event} event */
  async #submit(event) {
    event.preventDefault();
    if (this.#busy) return;
    this.#setBusy(true);
    this.#complain('');
    for (const field of this.#fields) field.say('');
    try {
      const id = await save(manifestOf(this.#draft, this.#info?.manifest), this.#info?.id);
      this.#done = { id, removed: false };
      this.#dialog.close();
    } catch (err) {
      if (!(err instanceof HttpError)) throw err;
      this.#refused(err);
    }
    this.#setBusy(false);
  }

  /** Shows what is wrong where it is wrong. @param {HttpError} err */
  #refused(err) {
    /** @type {import('./types.d.ts').Issue[]} */
    const issues = err.body?.issues ?? [];
    /** @type {string[]} */
    const rest = [];
    for (const issue of issues) {
      const text = issue.remediation ? `${issue.message} (${issue.remediation})` : issue.message;
      const field = this.#fields.find((f) => f.name === fieldOf(issue.path, this.#draft.source) && !f.el.hidden);
      if (field) field.say(text);
      else rest.push(`${issue.path}: ${text}`);
    }
    if (issues.length === 0) rest.push(`The device refused: ${err.message}.`);
    this.#complain(rest.join('; '));
    this.#fields.find((f) => f.wrong)?.control.focus();
  }

  async #remove() {
    const info = this.#info;
    if (!info || !(await confirmRemove(nameOf(info)))) return;
    try {
      await remove(info.id);
      this.#done = { id: info.id, removed: true };
      this.#dialog.close();
    } catch (err) {
      if (!(err instanceof HttpError)) throw err;
      this.#complain(`It could not be deleted: ${err.message}.`);
    }
  }

  /** @param {string} text */
  #complain(text) {
    setText(this.#error, text);
    this.#error.hidden = !text;
  }

  /** @param {boolean} busy */
  #setBusy(busy) {
    this.#busy = busy;
    this.#saveButton.disabled = busy;
  }
}

/** @param {ProbedDevice} d @param {string} mark */
function isMarked(d, mark) {
  return d.backends.some((b) => b.properties.some(([key, value]) => key === mark && value === 'true'));
}

/** @param {ProbedDevice} d */
function cameraName(d) {
  return `${d.identity.display}${isMarked(d, 'simulated') && !/simulat/i.test(d.identity.display) ? ' (simulated)' : ''}`;
}

/** @param {string} name @returns {Promise<boolean>} */
function confirmRemove(name) {
  const dialog = h('dialog', { class: 'dialog', 'aria-labelledby': 'remove-title' },
    h('form', { method: 'dialog' }, h('h2', { id: 'remove-title' }, `Delete ${name}?`),
      h('p', {}, 'Its settings and pipeline are lost, and everybody who watches it is cut off.'),
      h('div', { class: 'form-actions' }, h('button', { value: 'keep' }, 'Keep'), h('button', { value: 'delete', class: 'danger', autofocus: true }, 'Delete it'))));
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(dialog.returnValue === 'delete');
    });
  });
}
