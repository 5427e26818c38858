// @ts-check
// The list of views, in the order of the navigation. A view is one line here and
// the module views/<name>.js, which defines the custom element <hg-name>.

/** @type {readonly import('./types.d.ts').ViewEntry[]} */
export const views = [
  { name: 'overview', title: 'Overview', icon: 'gauge', key: 'o', tag: 'hg-overview' },
  { name: 'processes', title: 'Processes', icon: 'list', key: 'p', tag: 'hg-processes' },
  { name: 'logs', title: 'Logs', icon: 'lines', key: 'l', tag: 'hg-logs' },
  { name: 'console', title: 'Console', icon: 'prompt', key: 'c', tag: 'hg-console' },
  { name: 'streams', title: 'Streams', icon: 'camera', key: 's', tag: 'hg-streams' },
  { name: 'sensors', title: 'Sensors', icon: 'axes', key: 'n', tag: 'hg-sensors' },
  { name: 'updates', title: 'Updates', icon: 'update', key: 'u', tag: 'hg-updates' },
  { name: 'devices', title: 'Devices', icon: 'usb', key: 'd', tag: 'hg-devices' },
  { name: 'changes', title: 'Changes', icon: 'history', key: 'h', tag: 'hg-changes' },
];
