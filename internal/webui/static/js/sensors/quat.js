// @ts-check
// Attitudes as unit quaternions. The frame is that of the device: X forward,
// Y to the right, Z up; a quaternion takes coordinates of the device to
// coordinates of the world. Everything here is pure.

/**
 * @typedef {import('./types.d.ts').Quaternion} Quaternion
 * @typedef {readonly [number, number, number]} Vector
 */

/** @type {Quaternion} */
export const IDENTITY = { w: 1, x: 0, y: 0, z: 0 };

/** The unit quaternion nearest to q; the identity if q has no direction. @param {Quaternion} q @returns {Quaternion} */
export function unit(q) {
  const n = Math.hypot(q.w, q.x, q.y, q.z);
  return n > 1e-9 && Number.isFinite(n) ? { w: q.w / n, x: q.x / n, y: q.y / n, z: q.z / n } : IDENTITY;
}

/** Turns a vector. @param {Quaternion} q @param {Vector} v @returns {[number, number, number]} */
export function rotate(q, [vx, vy, vz]) {
  const tx = 2 * (q.y * vz - q.z * vy);
  const ty = 2 * (q.z * vx - q.x * vz);
  const tz = 2 * (q.x * vy - q.y * vx);
  return [
    vx + q.w * tx + q.y * tz - q.z * ty,
    vy + q.w * ty + q.z * tx - q.x * tz,
    vz + q.w * tz + q.x * ty - q.y * tx,
  ];
}

/** The angle between two attitudes in degrees, 0 to 180. @param {Quaternion} a @param {Quaternion} b */
export function angleBetween(a, b) {
  const dot = Math.abs(a.w * b.w + a.x * b.x + a.y * b.y + a.z * b.z);
  return (2 * Math.acos(Math.min(1, dot)) * 180) / Math.PI;
}

/** The attitude a part of the way from a to b, by the shorter way. @param {Quaternion} a @param {Quaternion} b @param {number} part 0 to 1 @returns {Quaternion} */
export function between(a, b, part) {
  const sign = a.w * b.w + a.x * b.x + a.y * b.y + a.z * b.z < 0 ? -1 : 1;
  const mix = (/** @type {number} */ from, /** @type {number} */ to) => from + (sign * to - from) * part;
  // For the small steps between two messages, this is as good as an arc.
  return unit({ w: mix(a.w, b.w), x: mix(a.x, b.x), y: mix(a.y, b.y), z: mix(a.z, b.z) });
}

/** The attitude of angles in degrees: roll about X, then pitch about Y, then yaw about Z. @param {{roll: number, pitch: number, yaw: number}} angles @returns {Quaternion} */
export function fromAngles({ roll, pitch, yaw }) {
  const half = Math.PI / 360;
  const [cr, sr] = [Math.cos(roll * half), Math.sin(roll * half)];
  const [cp, sp] = [Math.cos(pitch * half), Math.sin(pitch * half)];
  const [cy, sy] = [Math.cos(yaw * half), Math.sin(yaw * half)];
  return unit({
    w: cr * cp * cy + sr * sp * sy, x: sr * cp * cy - cr * sp * sy,
    y: cr * sp * cy + sr * cp * sy, z: cr * cp * sy - sr * sp * cy,
  });
}
