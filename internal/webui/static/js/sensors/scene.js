// @ts-check
// What is drawn of an attitude: the device as a flat box with a nose, its three
// axes, and the ground of the world, seen by somebody who stands behind it and a
// little above. Pure: it gives shapes in the plane, the canvas only fills them.

import { rotate } from './quat.js';

/**
 * @typedef {import('./quat.js').Vector} Vector
 * @typedef {import('./types.d.ts').Quaternion} Quaternion
 * @typedef {[number, number]} Point  in units of half the picture, Y down
 * @typedef {{points: Point[], shade: number, part: 'top' | 'bottom' | 'side' | 'nose' | 'mark'}} Face  shade is 0 (turned away from the light) to 1
 * @typedef {{from: Point, to: Point, behind: boolean, axis: 'x' | 'y' | 'z'}} Arrow
 */

/** Where the viewer stands: turned to the right of straight behind, and above, in degrees. */
const AZIMUTH = 42;
const ELEVATION = 30;
/** Distance of the viewer; nearer means more perspective. */
const DISTANCE = 5.2;
const SCALE = 2.75;

/** Half the size of the box along X, Y and Z. @type {Vector} */
const BOX = [0.82, 0.5, 0.11];
const NOSE = 0.3;
/** Length of an arrow from the middle. */
const ARROW = 1.22;

const cosA = Math.cos((AZIMUTH * Math.PI) / 180);
const sinA = Math.sin((AZIMUTH * Math.PI) / 180);
const cosE = Math.cos((ELEVATION * Math.PI) / 180);
const sinE = Math.sin((ELEVATION * Math.PI) / 180);
/** The viewer. @type {Vector} */
const EYE = [-DISTANCE * cosA * cosE, -DISTANCE * sinA * cosE, DISTANCE * sinE];
/** Towards the light, of length 1. @type {Vector} */
const LIGHT = [-0.35, -0.25, 0.903];

/** A point of the world as the viewer sees it: right, up, and away. @param {Vector} p @returns {[number, number, number]} */
function view([x, y, z]) {
  const right = y * cosA - x * sinA;
  const ahead = x * cosA + y * sinA;
  return [right, z * cosE + ahead * sinE, ahead * cosE - z * sinE];
}

/** Where a point of the world is in the picture. @param {Vector} p @returns {Point} */
export function project(p) {
  const [right, up, away] = view(p);
  const f = SCALE / (DISTANCE + away);
  return [right * f, -up * f];
}

/** The four edges of the upper (or lower) outline, and the tip of the nose. @param {number} z @returns {Vector[]} */
function outline(z) {
  const [x, y] = BOX;
  return [[-x, -y, z], [x - NOSE, -y, z], [x, 0, z], [x - NOSE, y, z], [-x, y, z]];
}

/** The sides of the body that the viewer sees. They do not overlap: the body is convex. @param {Quaternion} q @returns {Face[]} */
export function body(q) {
  const upper = outline(BOX[2]);
  const lower = outline(-BOX[2]);
  const faces = [face(q, upper, 'top'), face(q, lower, 'bottom')];
  upper.forEach((a, i) => {
    const j = (i + 1) % upper.length;
    const corners = /** @type {Vector[]} */ ([a, lower[i], lower[j], upper[j]]);
    faces.push(face(q, corners, i === 1 || i === 2 ? 'nose' : 'side'));
  });
  // The front is marked on the upper side, too, so that it is seen from behind.
  const mark = /** @type {Vector[]} */ ([[BOX[0] - NOSE * 1.35, -BOX[1] * 0.62, BOX[2]], [BOX[0] - NOSE * 0.35, 0, BOX[2]], [BOX[0] - NOSE * 1.35, BOX[1] * 0.62, BOX[2]]]);
  faces.push(face(q, mark, 'mark'));
  return faces.filter((f) => f !== undefined);
}

/** One side; undefined when it looks away. @param {Quaternion} q @param {Vector[]} corners @param {Face['part']} part @returns {Face | undefined} */
function face(q, corners, part) {
  const world = corners.map((c) => rotate(q, c));
  const [a, b, c] = /** @type {[Vector, Vector, Vector]} */ (/** @type {unknown} */ (world));
  let normal = cross(minus(b, a), minus(c, a));
  // The middle of the body is the origin: outward is away from it.
  if (dot(normal, a) < 0) normal = [-normal[0], -normal[1], -normal[2]];
  if (dot(normal, minus(EYE, a)) <= 0) return undefined;
  const shade = (dot(normal, LIGHT) / (Math.hypot(...normal) || 1) + 1) / 2;
  return { points: world.map(project), shade, part };
}

/** @param {Vector} a @param {Vector} b @returns {Vector} */
function minus(a, b) {
  return [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
}

/** @param {Vector} a @param {Vector} b */
function dot(a, b) {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

/** @param {Vector} a @param {Vector} b @returns {Vector} */
function cross(a, b) {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
}

/** The axes of the device, from where they leave the body. @param {Quaternion} q @returns {Arrow[]} */
export function axes(q) {
  /** @type {[Arrow['axis'], Vector, Vector][]} */
  const ends = [
    ['x', [BOX[0], 0, 0], [ARROW, 0, 0]],
    ['y', [0, BOX[1], 0], [0, ARROW * 0.78, 0]],
    ['z', [0, 0, BOX[2]], [0, 0, ARROW * 0.62]],
  ];
  return ends.map(([axis, start, end]) => {
    const from = rotate(q, start);
    // An arrow that leaves on the far side is behind the body.
    const behind = dot(minus(rotate(q, end), from), minus(EYE, from)) < 0;
    return { from: project(from), to: project(rotate(q, end)), behind, axis };
  });
}

/** A circle on the ground, as a closed line. @param {number} radius @returns {Point[]} */
export function ring(radius) {
  return Array.from({ length: 65 }, (_, i) => {
    const a = (i / 64) * 2 * Math.PI;
    return project([radius * Math.cos(a), radius * Math.sin(a), GROUND]);
  });
}

/** Height of the ground below the device. */
const GROUND = -0.72;

/** A mark on the ground: where the world's X axis points. @param {number} from @param {number} to @returns {[Point, Point]} */
export function forwardMark(from, to) {
  return [project([from, 0, GROUND]), project([to, 0, GROUND])];
}

/** The shadow of the body on the ground. @param {Quaternion} q @returns {Point[]} */
export function shadow(q) {
  return outline(0).map((c) => {
    const [x, y] = rotate(q, c);
    return project([x, y, GROUND]);
  });
}
