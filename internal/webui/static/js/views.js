// @ts-check
// The list of views, in the order of the navigation. A view is one line here and
// the module views/<name>.js, which defines the custom element <hg-name>. What a
// server has decides which part of the list is offered.

/** @type {readonly import('./types.d.ts').ViewEntry[]} */
export const views = [
  { name: 'overview', title: 'Overview', icon: 'gauge', key: 'o', tag: 'hg-overview', part: 'device' },
  { name: 'processes', title: 'Processes', icon: 'list', key: 'p', tag: 'hg-processes', part: 'device' },
  { name: 'logs', title: 'Logs', icon: 'lines', key: 'l', tag: 'hg-logs', part: 'device' },
  { name: 'console', title: 'Console', icon: 'prompt', key: 'c', tag: 'hg-console', part: 'device' },
  { name: 'streams', title: 'Streams', icon: 'camera', key: 's', tag: 'hg-streams', part: 'device' },
  { name: 'sensors', title: 'Sensors', icon: 'axes', key: 'n', tag: 'hg-sensors', part: 'device' },
  { name: 'updates', title: 'Updates', icon: 'update', key: 'u', tag: 'hg-updates', part: 'device' },
  { name: 'devices', title: 'Devices', icon: 'usb', key: 'd', tag: 'hg-devices', part: 'device' },
  { name: 'changes', title: 'Changes', icon: 'history', key: 'h', tag: 'hg-changes', part: 'device' },
  // Capitals, so that both parts can have the letter that comes to mind.
  { name: 'app-logs', title: 'Logs', icon: 'lines', key: 'L', tag: 'hg-app-logs', part: 'app' },
  { name: 'app-network', title: 'Network', icon: 'swap', key: 'N', tag: 'hg-app-network', part: 'app' },
  { name: 'app-profiler', title: 'Profiler', icon: 'flame', key: 'P', tag: 'hg-app-profiler', part: 'app' },
  { name: 'app-events', title: 'UI events', icon: 'pointer', key: 'E', tag: 'hg-app-events', part: 'app' },
  { name: 'app-sensors', title: 'Sensors', icon: 'axes', key: 'S', tag: 'hg-app-sensors', part: 'app' },
  { name: 'app-bluetooth', title: 'Bluetooth', icon: 'bluetooth', key: 'B', tag: 'hg-app-bluetooth', part: 'app' },
];

/** The views of a server, in order; without the other part small letters do. @param {ReadonlySet<string>} parts */
export function offered(parts) {
  const alone = parts.size === 1;
  return views.filter((v) => parts.has(v.part)).map((v) => (alone ? { ...v, key: v.key.toLowerCase() } : v));
}
