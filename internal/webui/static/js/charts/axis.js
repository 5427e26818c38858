// @ts-check
// Ranges of value axes that stay put while the values wander a little. Pure.

const COARSE = [1, 2, 5];
const FINE = [1, 1.5, 2, 3, 5, 7.5];

/** The next of the steps times a power of ten that is not less. @param {number} v @param {readonly number[]} [steps] */
export function niceCeil(v, steps = COARSE) {
  if (!(v > 0)) return 0;
  const power = 10 ** Math.floor(Math.log10(v));
  for (const step of steps) if (v <= step * power * (1 + 1e-9)) return step * power;
  return 10 * power;
}

/** A range around zero, as wide as the values but not less than least to either side. @param {number} least @returns {(max: number, min: number) => [number, number]} */
export function aroundZero(least) {
  return (max, min) => {
    const most = niceCeil(Math.max(least, Math.abs(max) * 1.05, Math.abs(min) * 1.05), FINE);
    return [-most, most];
  };
}

/** A range from zero, not less than least high. @param {number} least @returns {(max: number, min: number) => [number, number]} */
export function fromZero(least) {
  return (max, min) => [min < 0 ? -niceCeil(-min * 1.05, FINE) : 0, niceCeil(Math.max(least, max * 1.05), FINE)];
}

/** A range that fits the values and is not less than least wide: for what varies little. @param {number} least @returns {(max: number, min: number) => [number, number]} */
export function fitting(least) {
  return (max, min) => {
    const step = niceCeil(Math.max(least, max - min) / 4);
    const low = Math.floor((min - step / 2) / step) * step;
    const high = Math.ceil((max + step / 2) / step) * step;
    return [low, Math.max(high, low + 4 * step)];
  };
}
