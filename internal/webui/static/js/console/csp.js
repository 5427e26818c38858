// @ts-check
// Makes xterm.js keep to a content security policy without 'unsafe-inline'. It
// writes <style> elements when it opens and style attributes on coloured text;
// here both go through style sheet objects and CSSOM instead, which the policy
// allows. Its option documentOverride does not reach those two places in 6.0.0,
// so this leans on when and by whom they are made; the browser tests fail on any
// violation, and so on an update for which that no longer holds.

/** @typedef {import('../../vendor/xterm-6.0.0/xterm.mjs').Terminal} Terminal */

/**
 * Opens a terminal in parent.
 * @param {Terminal} term @param {HTMLElement} parent
 * @returns {() => void} removes the style sheets; call it after the terminal is disposed of
 */
export function openWithinPolicy(term, parent) {
  /** @type {CSSStyleSheet[]} */
  const sheets = [];
  // open() is synchronous: nothing else sees the shadowing method.
  document.createElement = (/** @type {string} */ tag) => (tag === 'style' ? standIn(sheets) : plain(tag));
  try {
    term.open(parent);
  } finally {
    Reflect.deleteProperty(document, 'createElement');
  }
  const rows = /** @type {any} */ (term)._core?._renderService?._renderer?.value?._rowFactory;
  if (rows) rows._document = { createElement: styled };
  return () => {
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((s) => !sheets.includes(s));
  };
}

/** @param {string} tag @returns {HTMLElement} */
function plain(tag) {
  return Document.prototype.createElement.call(document, tag);
}

/** An element whose attribute style is set through CSSOM. @param {string} tag */
function styled(tag) {
  const el = plain(tag);
  el.setAttribute = (name, value) => {
    if (name === 'style') el.style.cssText = value;
    else Element.prototype.setAttribute.call(el, name, value);
  };
  return el;
}

/** An element without effect whose text becomes a style sheet: even an empty <style> would break the policy. @param {CSSStyleSheet[]} sheets */
function standIn(sheets) {
  const el = plain('span');
  const sheet = new CSSStyleSheet();
  el.hidden = true;
  sheets.push(sheet);
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  Object.defineProperty(el, 'textContent', {
    set: (text) => sheet.replaceSync(String(text ?? '')),
  });
  return el;
}
