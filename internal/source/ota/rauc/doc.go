// Package rauc is the update engine for devices that have RAUC: it talks to the
// service de.pengutronix.rauc on the system bus and writes no slot itself.
//
// # When an installation has succeeded
//
// RAUC says 100 percent also when it has failed, so that means nothing.
// An installation counts as done only after all of this:
//
//  1. the signal Completed(0), sent after our call of InstallBundle was accepted,
//  2. GetSlotStatus, read afterwards, shows that a slot which is not the booted
//     one was installed since, with status ok and the version of the bundle,
//  3. GetPrimary, read afterwards, names that slot (or, if the bundle holds
//     nothing that is booted, the same slot as before). Where the configuration
//     says activate-installed=false, the slot is activated here, since that is
//     what applying means.
//
// For 2, RAUC must keep the status of its slots: statusfile= in system.conf, or
// slots with a file system. Where it keeps none, 1 and 3 must do.
//
// Whatever fails, from a bad signature to the service being killed, ends with
// RAUC's own text. If the primary slot was changed on the way, the old one is
// activated again, so that the device does not boot what nobody has proven; where
// that cannot be done the error says so ([ota.ErrUncertain]).
//
// RAUC has no way to stop an installation.
//
// # Restarts
//
// The service goes on installing when this process dies. Resume finds it by the
// service's unique name on the bus: the same one is waited for; another one, in
// the same boot of the device, means that the installation died with the service;
// after a restart of the device, the slot that was booted says it.
package rauc
