// @ts-check
// <hg-app-bluetooth>: Bluetooth Low Energy as the agent sees it: devices, events,
// and a scan that lasts as long as it is wanted here.

import { Devices } from '../app/ble/devices.js';
import { BleFeed, lineOf } from '../app/ble/feed.js';
import { DeviceList } from '../app/ble/list.js';
import { channelPath } from '../app/channel.js';
import { PaneTools } from '../app/pane-tools.js';
import { h, perFrame, setAttr, setText } from '../lib/dom.js';
import { plural } from '../lib/format.js';
import { HttpError, json, request } from '../lib/http.js';
import { icon } from '../lib/icons.js';
import { explain } from '../lib/outcome.js';
import { ticker } from '../lib/ticker.js';
import { LogPane } from '../logs/pane.js';
import { View } from '../view.js';

const STATUS_MS = 3000;
/** A kind of event that there is not: a channel with it holds the scan and carries nothing. */
const NO_KIND = 'none-of-them';

/** @typedef {import('../app/types.d.ts').BleEvent} BleEvent */

export class AppBluetooth extends View {
  #pane = new LogPane();
  #devices = new Devices();
  #list = new DeviceList();
  #chosen = '';
  #wantScan = false;
  /** @type {import('../app/types.d.ts').BleStatus | undefined} */
  #status;
  /** @type {ReturnType<import('../app/link.js').AppLink['channel']> | undefined} */
  #scan;
  #hideScans = h('input', { type: 'checkbox', onchange: () => this.#tools.refilter() });
  #only = h('button', { type: 'button', class: 'chip', hidden: true, onclick: () => this.#choose('') });
  #scanButton = h('button', { type: 'button', class: 'switch', role: 'switch', onclick: () => this.#toggleScan() }, h('span', { class: 'knob', 'aria-hidden': 'true' }), 'Scan');
  #monitorButton = h('button', { type: 'button', class: 'switch', role: 'switch', onclick: () => void this.#toggleMonitor() }, h('span', { class: 'knob', 'aria-hidden': 'true' }), 'Monitor');
  #facts = h('span', { class: 'summary', role: 'status' });
  #tools = new PaneTools(this.#pane, 'Bluetooth events', 'Events', [
    h('label', { class: 'check', title: 'Hide advertisements, which are many' }, this.#hideScans, 'No scan results'), this.#only]);
  #feed = new BleFeed({
    events: (events) => this.#add(events),
    note: (text, tone) => this.#pane.note(text, tone),
    state: (state) => this.#tools.say(state),
  });
  #draw = perFrame(() => this.#render());

  build() {
    this.#pane.elsewhere = 'The agent keeps the newest 2,000.';
    this.#tools.keep = (line) => this.#keeps(/** @type {BleEvent} */ (line.item));
    this.#list.onChoose = (id) => this.#choose(id);
    const forget = h('button', { type: 'button', class: 'tool', title: 'Forget the events that the agent keeps, for everybody', onclick: () => void this.#forget() }, icon('bin'), h('span', { class: 'tool-text' }, 'Forget'));
    this.append(
      h('div', { class: 'page-head' },
        h('div', { class: 'page-title' }, h('h1', {}, 'Bluetooth'), h('p', { class: 'sub' }, this.#facts)),
        h('div', { class: 'page-tools' }, this.#scanButton, this.#monitorButton, forget)),
      h('div', { class: 'ble-body' }, this.#list.el, h('section', { class: 'card ble-events', 'aria-label': 'Events' }, this.#tools.el, this.#pane.el)));
    this.#tools.refilter();
    this.#render();
  }

  onShow() {
    this.whileShown(this.#feed.open(this.app.appLink));
    this.whileShown(this.#tools.keys(this.app.keys, 'Bluetooth'));
    if (this.#wantScan) this.#holdScan();
    this.whileShown(() => this.#dropScan());
    const timer = setInterval(() => void this.#read(), STATUS_MS);
    this.whileShown(() => clearInterval(timer));
    this.whileShown(ticker.add(() => this.#draw()));
    void this.#read();
    requestAnimationFrame(() => this.#pane.refresh());
  }

  /** @param {BleEvent[]} events */
  #add(events) {
    for (const e of events) this.#devices.take(e);
    this.#pane.say('');
    this.#pane.add(events.map(lineOf));
    this.#draw();
  }

  /** @param {BleEvent} e */
  #keeps(e) {
    return (!this.#chosen || e.deviceId === this.#chosen) && !(this.#hideScans.checked && e.type === 'scan_result');
  }

  /** @param {string} id empty for all devices */
  #choose(id) {
    this.#chosen = id;
    this.#list.choose(id);
    this.#only.hidden = id === '';
    const name = this.#devices.sorted().find((d) => d.id === id)?.name;
    this.#only.replaceChildren(`only ${name || id}`, icon('close'));
    this.#tools.refilter();
    this.#render();
  }

  #toggleScan() {
    this.#wantScan = !this.#wantScan;
    if (this.#wantScan) this.#holdScan();
    else this.#dropScan();
    this.#render();
  }

  /** The agent scans as long as this channel is open: a page that goes away does not leave a scan behind. */
  #holdScan() {
    this.#scan = this.app.appLink.channel(() => channelPath('ws/v1/ble', { scan: true, replay: 0, type: NO_KIND }), {
      message: (m) => {
        if (m.type === 'error') this.#refused(m.data.message);
      },
      opened: () => void this.#read(),
      ended: () => this.#dropScan(),
    });
  }

  /** @param {string} message */
  #refused(message) {
    this.app.toast(`No scan: ${message}`, 'error');
    this.#wantScan = false;
    this.#draw();
  }

  #dropScan() {
    this.#scan?.close();
    this.#scan = undefined;
    setTimeout(() => this.shown && void this.#read(), 300);
  }

  #toggleMonitor() {
    return this.#command(`api/v1/device/ble/${this.#status?.enabled ? 'disable' : 'enable'}`, 'POST');
  }

  async #forget() {
    if (!(await this.#command('api/v1/device/ble/events', 'DELETE'))) return;
    this.#devices.clear();
    this.#pane.clear();
    this.#draw();
  }

  /** @param {string} path @param {string} method */
  async #command(path, method) {
    try {
      await request(path, { method });
      await this.#read();
      return true;
    } catch (err) {
      if (!(err instanceof HttpError)) throw err;
      this.app.toast(explain(err), 'error');
      return false;
    }
  }

  async #read() {
    try {
      this.#status = await json('api/v1/device/ble');
      this.#draw();
    } catch (err) {
      if (!(err instanceof HttpError)) throw err; // the connection tells
    }
  }

  #render() {
    const s = this.#status;
    const can = s?.supportsScanning === true;
    setAttr(this.#scanButton, 'aria-checked', String(this.#wantScan));
    this.#scanButton.disabled = !can && !this.#wantScan;
    this.#scanButton.title = can ? 'Scan as long as this view is open' : 'There is no adapter to scan with';
    setAttr(this.#monitorButton, 'aria-checked', String(s?.enabled === true));
    this.#monitorButton.disabled = !can && s?.enabled !== true;
    this.#monitorButton.title = 'Follow connections and GATT traffic of the adapter';
    const others = s?.scanning && !this.#wantScan ? ' for others' : '';
    setText(this.#facts, !s ? '' : `${!can ? 'no adapter · ' : s.scanning ? `scanning${others} · ` : ''}${plural(s.eventCount, 'event')} kept of at most ${s.maxEvents}`);
    const none = can ? (s?.scanning ? 'Nothing advertises itself nearby yet.' : 'No device was seen. Switch on the scan to look for some.')
      : 'There is no Bluetooth adapter. Devices of events that the application records appear here.';
    this.#list.update(this.#devices.sorted(), this.#devices.dropped, this.app.agent.now(), s ? none : '');
    if (this.#pane.store.length === 0) this.#pane.say('No events yet.');
  }
}

customElements.define('hg-app-bluetooth', AppBluetooth);
