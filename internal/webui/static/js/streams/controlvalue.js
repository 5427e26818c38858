// @ts-check
// Values of controls between the wire and the form. Pure functions.

/**
 * @typedef {import('./types.d.ts').ControlValue} ControlValue
 * @typedef {boolean | number | undefined} Plain  undefined is that of a button
 */

/** Takes both spellings of the wire. @param {ControlValue} value @returns {Plain} */
export function fromValue(value) {
  if (typeof value !== 'object' || value === null) return undefined;
  if ('kind' in value) return value.value;
  const [plain] = Object.values(value);
  return typeof plain === 'boolean' || typeof plain === 'number' ? plain : undefined;
}

/** @param {string} kind of the control @param {Plain} value @returns {ControlValue} */
export function toValue(kind, value) {
  switch (kind) {
    case 'Bool': return { Bool: Boolean(value) };
    case 'Float': return { Float: Number(value) };
    case 'Uint': return { Uint: Number(value) };
    case 'Int': case 'Menu': case 'IntMenu': return { Int: Number(value) };
    default: return 'None';
  }
}

/** Value and name of each item of a menu. @param {readonly import('./types.d.ts').MenuItem[]} menu @returns {[number, string][]} */
export function itemsOf(menu) {
  return menu.map((item, i) => {
    if (typeof item === 'string') return [i, item];
    const index = item.index ?? item.id ?? i;
    return [index, item.name ?? String(item.value ?? index)];
  });
}
