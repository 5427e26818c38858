// @ts-check
// Colours of the terminal for both themes.

/** @type {import('../../vendor/xterm-6.0.0/xterm.mjs').ITheme} */
export const dark = {
  background: '#0d1015', foreground: '#d6dbe3', cursor: '#f2a516', cursorAccent: '#0d1015', selectionBackground: '#2f4a75',
  black: '#1b2028', red: '#ef6b6b', green: '#62c073', yellow: '#e0b341', blue: '#6aa5f8', magenta: '#c792ea', cyan: '#5cc8c8', white: '#c9d0da',
  brightBlack: '#6b7585', brightRed: '#ff8a8a', brightGreen: '#86d893', brightYellow: '#f2cc60', brightBlue: '#8fbcff', brightMagenta: '#d9b3f5', brightCyan: '#86dede', brightWhite: '#f4f6f9',
};

/** @type {import('../../vendor/xterm-6.0.0/xterm.mjs').ITheme} */
export const light = {
  background: '#ffffff', foreground: '#1d232c', cursor: '#c27803', cursorAccent: '#ffffff', selectionBackground: '#bcd5fb',
  black: '#1d232c', red: '#c53030', green: '#23803a', yellow: '#926500', blue: '#1f5fcf', magenta: '#8a3fc0', cyan: '#0b7c85', white: '#8a93a0',
  brightBlack: '#5c6675', brightRed: '#d94545', brightGreen: '#2f9a4a', brightYellow: '#a87400', brightBlue: '#3677e6', brightMagenta: '#a158d6', brightCyan: '#14939c', brightWhite: '#3a424e',
};
