// @ts-check
// Icons drawn for this UI on a 20 by 20 grid, stroked in the current colour.

const SVG = 'http://www.w3.org/2000/svg';

/** @type {Record<string, string>} */
const PATHS = {
  gauge: 'M3 14a7 7 0 1 1 14 0M10 14l3.5-4.5M5.2 14h.01M14.8 14h.01',
  list: 'M3 5h14M3 10h14M3 15h9',
  lines: 'M5 2.8h7l4 4v10.4H5zM11.8 2.8v4.2H16M8 10.5h5M8 13.5h5',
  prompt: 'M2.5 4h15v12h-15zM5.5 8l2.5 2.2-2.5 2.2M10.5 12.6h4',
  usb: 'M10 17V3M7.8 5.2 10 3l2.2 2.2M10 13.5 5.5 11V8.8M10 11.5l4.5-2.4V7M4.3 7h2.4v1.8H4.3zM14.5 6.9a1.2 1.2 0 1 0 0-2.4 1.2 1.2 0 0 0 0 2.4z',
  history: 'M3.2 10a6.8 6.8 0 1 0 2.2-5M3 3v3.4h3.4M10 6.4V10l2.6 1.8',
  sun: 'M10 13.4a3.4 3.4 0 1 0 0-6.8 3.4 3.4 0 0 0 0 6.8zM10 2v1.6M10 16.4V18M2 10h1.6M16.4 10H18M4.3 4.3l1.2 1.2M14.5 14.5l1.2 1.2M4.3 15.7l1.2-1.2M14.5 5.5l1.2-1.2',
  moon: 'M16.5 12A6.8 6.8 0 0 1 8 3.5a6.8 6.8 0 1 0 8.5 8.5z',
  help: 'M10 17.4a7.4 7.4 0 1 0 0-14.8 7.4 7.4 0 0 0 0 14.8zM7.8 7.9a2.2 2.2 0 1 1 3.3 1.9c-.8.5-1.1.9-1.1 1.7M10 14h.01',
  search: 'M8.8 14.6a5.8 5.8 0 1 0 0-11.6 5.8 5.8 0 0 0 0 11.6zM13 13l4 4',
  pause: 'M7 4.5v11M13 4.5v11',
  play: 'M6.5 4.2 15 10l-8.5 5.8z',
  down: 'M10 3v10M6 9.4l4 4 4-4M4 17h12',
  bottom: 'M10 3v11M5.5 9.8 10 14.3l4.5-4.5',
  plus: 'M10 4v12M4 10h12',
  close: 'M5.5 5.5l9 9M14.5 5.5l-9 9',
  wrap: 'M3 5h14M3 10h11a2.7 2.7 0 0 1 0 5.4h-3M12.6 13.4l-2 2 2 2M3 15h4',
  copy: 'M7 7h9.5v10H7zM13 7V3H3.5v10H7',
  paste: 'M6.5 4H4v13h12V4h-2.5M7 2.8h6v2.6H7z',
  warn: 'M10 3 18 16.6H2zM10 8.4v3.6M10 14.3h.01',
  chip: 'M6 6h8v8H6zM8 6V3M12 6V3M8 17v-3M12 17v-3M6 8H3M6 12H3M17 8h-3M17 12h-3',
  camera: 'M2.5 5.5h10.5v9H2.5zM13 8.8l4.5-2.6v7.6L13 11.2',
  still: 'M3 6.5h3l1.4-2h5.2l1.4 2h3v9.5H3zM10 13.8a2.9 2.9 0 1 0 0-5.8 2.9 2.9 0 0 0 0 5.8z',
  expand: 'M3 7.5V3h4.5M12.5 3H17v4.5M17 12.5V17h-4.5M7.5 17H3v-4.5',
  edit: 'M4 16l.8-3.4L13 4.4l2.6 2.6-8.2 8.2zM11.3 6.1l2.6 2.6',
  bin: 'M4 6h12M8 6V4h4v2M5.5 6l.8 11h7.4l.8-11M8.5 9v5M11.5 9v5',
  back: 'M8.5 4.5 3 10l5.5 5.5M3 10h14',
  up: 'M5 12l5-5 5 5',
  low: 'M5 8l5 5 5-5',
  grip: 'M7.5 5h.01M12.5 5h.01M7.5 10h.01M12.5 10h.01M7.5 15h.01M12.5 15h.01',
  axes: 'M10 11.5V3M8 5l2-2 2 2M10 11.5 3.2 16M3.6 13.4 3.2 16l2.6-.2M10 11.5l6.8 4.5M14.2 15.8l2.6.2-.4-2.6',
  wave: 'M2.5 10h2.6l2-5.5 3.4 11 2.6-8 1.3 2.5h3.1',
  tune: 'M3 6h7M14 6h3M12 8V4M3 14h3M10 14h7M8 16v-4',
  bolt: 'M11 2.5 4.5 11.5h5L8.8 17.5l6.7-9.2h-5z',
  bulb: 'M7.5 14.2c0-2-2.3-2.8-2.3-6a4.8 4.8 0 0 1 9.6 0c0 3.2-2.3 4-2.3 6zM8 17.2h4',
  swap: 'M6.5 16.5V4M3.2 7.2 6.5 3.8l3.3 3.4M13.5 3.5V16M10.2 12.8l3.3 3.4 3.3-3.4',
  flame: 'M3 16.5h14M3 12.8h9M6 9.2h6M8 5.6h3',
  pointer: 'M6 3.2v11.6l3.1-2.7 2.1 4.7 2-.9-2.1-4.6 4.1-.3z',
  bluetooth: 'M6 6.4l8 7.2-4 3.4V3l4 3.4-8 7.2',
  save: 'M10 3v9M6.4 8.6 10 12.2l3.6-3.6M4 13v3.5h12V13',
  record: 'M10 14.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9z',
  stop: 'M5.5 5.5h9v9h-9z',
  flag: 'M5 17.5V3h9.5l-2.2 3.5 2.2 3.5H5',
  lock: 'M5 9h10v7.5H5zM7 9V6.5a3 3 0 0 1 6 0V9',
  window: 'M2.8 4h14.4v12H2.8zM2.8 7.6h14.4M5.2 5.8h.01M7.4 5.8h.01',
  update: 'M16.6 8.2A7 7 0 0 0 4 6.2M3.6 3v3.6h3.6M3.4 11.8A7 7 0 0 0 16 13.8M16.4 17v-3.6h-3.6',
  upload: 'M10 13V3M6 6.6l4-4 4 4M3.5 12.5v4h13v-4',
  disk: 'M3.5 4h13v12h-13zM3.5 11h13M13.5 13.5h.01',
  check: 'M4 10.5l4 4 8-9',
  clear: 'M4 6h12M8 6V4h4v2M5.5 6l.8 11h7.4l.8-11',
};

/** @param {keyof typeof PATHS} name @returns {SVGSVGElement} hidden from assistive technology */
export function icon(name) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 20 20');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', PATHS[name] ?? '');
  svg.append(path);
  return svg;
}
