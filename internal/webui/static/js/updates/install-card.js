// @ts-check
// The card that takes an image: dropped or chosen, uploaded, compared, checked
// by the device, and installed after a question.

import { confirm } from '../lib/confirm.js';
import { h, setAttr, setText } from '../lib/dom.js';
import { bytes, duration, percent, rate } from '../lib/format.js';
import { HttpError } from '../lib/http.js';
import { icon } from '../lib/icons.js';
import { explain, Outcome } from '../lib/outcome.js';
import { simulatedBadge } from '../lib/panel.js';
import { Progress } from '../lib/progress.js';
import { compareChecksums, ended, readChecksum } from './model.js';
import { reportRows, showReport } from './report.js';
import { apply, preflight, stage } from './requests.js';
import { hash, Speed, upload } from './upload.js';

/**
 * @typedef {import('./types.d.ts').Uploaded} Uploaded
 * @typedef {import('./types.d.ts').PreflightReport} PreflightReport
 * @typedef {import('./requests.js').Subject} Subject
 */

export class InstallCard {
  #input = h('input', { type: 'file', class: 'sr-only', id: 'ota-file', onchange: () => this.#chosen() });
  #zone = h('label', { class: 'drop', htmlFor: 'ota-file' }, icon('upload'), h('span', { class: 'drop-what' }, 'Drop an image here'), h('span', { class: 'dim' }, 'or choose a file'));
  #name = h('strong', { class: 'file-name' });
  #amount = h('span', { class: 'dim' });
  #progress = new Progress('Upload');
  #stop = h('button', { type: 'button', onclick: () => this.#abort() }, 'Stop');
  #sending = h('div', { class: 'sending', hidden: true }, h('div', { class: 'form-line' }, this.#name, this.#amount, this.#stop), this.#progress.el);
  #facts = h('dl', { class: 'facts wrap' });
  #verdict = h('p', { class: 'checksum', role: 'status' });
  #expected = h('input', { type: 'text', spellcheck: false, autocomplete: 'off', placeholder: 'as published with the image', oninput: () => this.#compare() });
  #expectedField = h('label', { class: 'field' }, h('span', {}, 'Expected SHA-256'), this.#expected);
  #keep = h('input', { type: 'checkbox' });
  #report = h('div', { role: 'status' });
  #install = h('button', { type: 'button', class: 'primary', onclick: () => void this.install() }, 'Install…');
  #stage = h('button', { type: 'button', title: 'Copy and verify the image now, install it later', onclick: () => void this.#stageOnly() }, 'Stage only');
  #again = h('button', { type: 'button', onclick: () => this.#reset() }, 'Another image');
  #ready = h('div', { class: 'ready', hidden: true }, this.#facts, this.#expectedField, this.#verdict, this.#report,
    h('label', { class: 'check' }, this.#keep, 'Keep the image on the device after it is installed'),
    h('div', { class: 'form-line' }, this.#install, this.#stage, this.#again));
  #outcome = new Outcome();
  /** @type {(() => void) | undefined} */
  #running;
  /** @type {Uploaded | undefined} */
  #uploaded;
  /** Of the file as this browser reads it. @type {string | undefined} */
  #here;
  /** @type {PreflightReport | undefined} */
  #found;
  #busy = false;
  #model;
  #onLeave = (/** @type {Event} */ e) => e.preventDefault();
  #simulated = simulatedBadge();
  /** What runs now, for the question. @type {() => string} */
  running = () => '';
  /** Called when storage may have changed. */
  onStored = () => {};
  el = h('section', { class: 'card panel card-install', 'aria-label': 'Install an image' },
    h('header', { class: 'card-head' }, h('h2', {}, 'Install an image'), this.#simulated),
    h('div', { class: 'panel-body' }, this.#input, this.#zone, this.#sending, this.#ready, this.#outcome.el));

  /** @param {import('./model.js').UpdaterModel} model */
  constructor(model) {
    this.#model = model;
    model.addEventListener('change', () => {
      this.#simulated.hidden = !model.simulated;
      this.#enable();
    });
  }

  /** Takes a file that was dropped anywhere on the view. @param {File | undefined} file */
  take(file) {
    if (!file) return;
    if (this.#running || this.#busy) this.#outcome.failed('Another image is being dealt with. Wait for it, or stop it first.');
    else void this.#upload(file);
  }

  /** Shows that a file can be let go here. @param {boolean} over */
  setOver(over) {
    setAttr(this.#zone, 'data-over', over ? 'yes' : null);
  }

  /** Opens the file dialog. */
  choose() {
    if (!this.#zone.hidden) this.#input.click();
  }

  #chosen() {
    const [file] = this.#input.files ?? [];
    this.take(file);
    this.#input.value = ''; // the same file may be chosen again
  }

  /** @param {File} file */
  async #upload(file) {
    this.#reset();
    this.#zone.hidden = this.#input.hidden = true;
    this.#sending.hidden = false;
    setText(this.#name, file.name);
    setText(this.#amount, bytes(file.size));
    const speed = new Speed();
    const { done, abort } = upload(file, (sent, total) => this.#sent(sent, total, speed.add(sent, performance.now())));
    this.#running = abort;
    addEventListener('beforeunload', this.#onLeave);
    this.#progress.set(0, `Upload of ${file.name}`);
    this.#stop.focus();
    const here = hash(file).catch(() => undefined);
    try {
      this.#uploaded = await done;
      this.#outcome.clear();
      await this.#show(here);
    } catch (err) {
      if (!(err instanceof HttpError)) throw err;
      this.#reset();
      if (err.message === 'stopped') this.#outcome.done('The upload was stopped; nothing was kept.');
      else this.#outcome.failed(`${file.name} was not uploaded: ${err.message}.`);
    } finally {
      this.#running = undefined;
      this.#sending.hidden = true;
      removeEventListener('beforeunload', this.#onLeave);
    }
  }

  /** @param {number} sent @param {number} total @param {number} perSecond */
  #sent(sent, total, perSecond) {
    this.#progress.set((100 * sent) / Math.max(1, total));
    const left = perSecond > 0 ? `, ${duration((1000 * (total - sent)) / perSecond)} left` : '';
    setText(this.#amount, sent >= total
      ? `${bytes(total)} sent; the device is storing it`
      : `${bytes(sent)} of ${bytes(total)}, ${percent((100 * sent) / total, 0)}${perSecond > 0 ? `, ${rate(perSecond)}` : ''}${left}`);
  }

  #abort() {
    this.#running?.();
  }

  #reset() {
    this.#uploaded = this.#found = this.#here = undefined;
    this.#ready.hidden = true;
    this.#sending.hidden = true;
    this.#zone.hidden = this.#input.hidden = false;
    this.#expected.value = '';
    this.#report.replaceChildren();
    this.#outcome.clear();
  }

  /** @param {Promise<string | undefined>} here */
  async #show(here) {
    const up = /** @type {Uploaded} */ (this.#uploaded);
    this.onStored();
    this.#ready.hidden = false;
    /** @type {[string, string][]} */
    const rows = [['Image', up.filename], ['Size', bytes(up.size_bytes)]];
    if (up.version) rows.push(['Version', up.version]);
    if (up.build_id) rows.push(['Build', up.build_id]);
    this.#facts.replaceChildren(...rows.flatMap(([k, v]) => [h('dt', {}, k), h('dd', {}, v)]), h('dt', {}, 'SHA-256'), h('dd', { class: 'mono sha' }, up.sha256));
    this.#compare();
    const [mine] = await Promise.all([here, this.#preflight()]);
    if (this.#uploaded !== up) return;
    this.#here = mine;
    this.#compare();
    this.#install.focus();
  }

  /** What the checksums amount to. */
  #compare() {
    const up = this.#uploaded;
    if (!up) return;
    const given = compareChecksums(readChecksum(this.#expected.value), up.sha256);
    const mine = compareChecksums(this.#here ?? '', up.sha256);
    const [tone, text] = given === 'differs' ? ['bad', 'This is not the expected image: the checksums differ.']
      : given === 'unreadable' ? ['warn', 'The expected SHA-256 must be 64 hexadecimal digits.']
        : mine === 'differs' ? ['bad', 'The device has stored something other than the file on this computer.']
          : given === 'same' ? ['ok', 'The checksum is the expected one.']
            : mine === 'same' ? ['ok', 'The device has stored exactly the file on this computer.']
              : ['', 'The checksum is that of what the device has stored; compare it with the published one.'];
    setAttr(this.#verdict, 'data-tone', tone || null);
    if (this.#verdict.textContent !== text) this.#verdict.replaceChildren(...(tone ? [icon(tone === 'ok' ? 'check' : 'warn')] : []), h('span', {}, text ?? ''));
    this.#enable();
  }

  /** The image as the commands name it. @returns {Subject} */
  #subject() {
    const up = /** @type {Uploaded} */ (this.#uploaded);
    return {
      image_url: up.image_url, size_bytes: up.size_bytes, checksum: readChecksum(this.#expected.value) || up.sha256,
      ...(this.#keep.checked ? { delete_image_after_apply: false } : {}),
    };
  }

  async #preflight() {
    const up = this.#uploaded;
    try {
      const { report } = await preflight(this.#subject());
      if (this.#uploaded === up) this.showReport(report);
    } catch (err) {
      if (!(err instanceof HttpError)) throw err;
      if (this.#uploaded === up) this.#outcome.failed(`The device could not check the image: ${err.message}.`);
    }
  }

  /** @param {PreflightReport} report */
  showReport(report) {
    this.#found = report;
    this.#model.says(report.summary, report.target_device);
    this.#report.replaceChildren(showReport(report));
    this.#enable();
  }

  #enable() {
    const differs = this.#verdict.getAttribute('data-tone');
    const blocked = this.#busy || !ended(this.#model.state?.stage) || differs === 'bad' || differs === 'warn' || this.#found?.ready === false;
    this.#install.disabled = this.#stage.disabled = blocked;
    this.#install.title = !ended(this.#model.state?.stage) ? 'An update is under way' : this.#found?.ready === false ? 'The check says that it cannot be installed' : '';
    this.#again.disabled = this.#busy;
  }

  /** Asks, and installs the image. */
  async install() {
    const up = this.#uploaded;
    if (!up || this.#install.disabled || !(await sure(up, this.#found, this.running()))) return;
    const done = await this.#command('Being staged and scheduled…', () => apply(this.#subject()));
    if (done) this.#reset();
    if (done) this.#outcome.done('Installing was scheduled.');
  }

  async #stageOnly() {
    const done = await this.#command('Being staged…', () => stage(this.#subject()));
    if (done) this.#reset();
  }

  /** @param {string} doing @param {() => Promise<unknown>} command */
  async #command(doing, command) {
    this.#busy = true;
    this.#enable();
    this.#outcome.busy(doing);
    try {
      await command();
      this.#outcome.clear();
      return true;
    } catch (err) {
      if (!(err instanceof HttpError)) throw err;
      if (err.body?.preflight) this.showReport(err.body.preflight);
      this.#outcome.failed(err.status === 410 ? 'This device stages only as a part of installing: use Install.' : explain(err));
      return false;
    } finally {
      this.#busy = false;
      this.#enable();
      this.onStored();
    }
  }
}

/** Names what will happen, and asks. @param {Uploaded | undefined} up @param {PreflightReport | undefined} report @param {string} running @returns {Promise<boolean>} */
export function sure(up, report, running) {
  /** @type {[string, string][]} */
  const facts = [];
  if (up) facts.push(['Image', [up.filename, up.version ? `version ${up.version}` : '', bytes(up.size_bytes)].filter(Boolean).join(', ')]);
  if (up) facts.push(['SHA-256', `${up.sha256.slice(0, 16)}…`]);
  if (running) facts.push(['Runs now', running]);
  if (report) facts.push(...reportRows(report).filter(([k]) => k === 'Written to'));
  return confirm({
    title: 'Install this update?', yes: 'Install', facts,
    text: `${up ? 'The image is verified by the device, and then written' : 'The staged image is written'}. If that fails, the updater rolls back and says why. The device may have to restart.`,
    warning: report?.single_slot ? 'This device has one slot: there is no second system to fall back to.' : '',
  });
}

