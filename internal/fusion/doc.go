// Package fusion turns the vectors of an inertial sensor into an attitude, a
// motion class and a dead-reckoned position. It is mathematics only: no clocks,
// no files, no goroutines. Time comes in as the length of a step, in seconds.
//
// # Frame
//
// The frame of the device has +X forward, +Y to the right and +Z up; the frame of
// the world has +Z up and, with a magnetometer, +X to magnetic north and +Y to the
// east. These frames are left-handed. All formulas are therefore meant as algebra
// of coordinates: a unit quaternion q takes coordinates of the device to coordinates of
// the world by q·v·q*, and a positive rotation about an axis goes from the next axis
// to the one after it: about Z from X to Y (a positive yaw turns to the right, and
// is the compass heading when there is a magnetometer), about X from Y to Z, about
// Y from Z to X. Sensors measure in right-handed frames; [FromRightHanded] and
// [AxialFromRightHanded] carry their vectors over.
//
// Accelerations are in g (9.80665 m/s²) as an accelerometer feels them: a device
// that rests level reads (0, 0, +1). Rates of rotation are in degrees per second.
//
// # Steps
//
// [Tracker] runs the whole chain for each sample:
//
//	align ─> Stillness ─> BiasEstimator ─> Madgwick ─> gravity removal ─> Motion
//	                                                        └─> world frame ─> DeadReckoner
//
// Samples with a number that is not finite, or absurdly large, are refused and
// change nothing, so that one bad reading of a bus cannot spoil the state.
package fusion
