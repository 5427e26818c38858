// Package slots is the built-in update engine, for devices without one: two
// slots, files or block devices, of which one is in use and the other is
// written.
//
// # Bundle
//
// An image comes as one file, so that its description cannot get lost:
//
//	offset  size  content
//	0       8     "HGOTA1\r\n"
//	8       4     length of the manifest n, little endian, at most 64 KiB
//	12      n     manifest, JSON
//	12+n    64    Ed25519 signature of the bytes 0 to 12+n
//	76+n    …     the image, up to the end of the file
//
// The manifest holds the size and the SHA-256 of the image, so the signature
// covers all of it:
//
//	{"format":1,"compatible":"gateway-v2","version":"1.4.0","build_id":"77",
//	 "image":{"size_bytes":734003200,"sha256":"9f2c…"}}
//
// build_id may be left out; nothing else may be there. [WriteBundle] makes one;
// a shell can do it too, with the bytes 0 to 12+n in a file named head:
//
//	openssl genpkey -algorithm ed25519 -out key.pem
//	openssl pkey -in key.pem -pubout -out trusted.pem
//	openssl pkeyutl -sign -rawin -inkey key.pem -in head -out signature
//	cat head signature image >bundle
//
// Nothing of a bundle is believed before its signature is checked against the
// keys of [Options.Keys], and no slot is touched before the whole image has had
// the right SHA-256 once.
//
// # Boot state
//
// Which slot to boot is in the small file "boot" in Options.StateDir, lines of
// key=value and a checksum. It is replaced as a whole (write, sync, rename, sync
// folder), and "boot.bak" always names the slot that was confirmed last. The
// boot loader, or an initramfs, calls [Select] at each boot, once, which counts
// the boots of a new system and goes back to the old one when they are used up:
//
//	install: mark slot b empty in boot and boot.bak → write b → sync → read b back
//	         → boot: trial=b tries=3
//	boot:    tries=3 → 2 → 1 → 0, booting b; then b is bad and a is booted
//	confirm: boot: active=b, then boot.bak
//
// Whatever moment the power fails at, the slot that is booted is one that was
// written completely and read back, or the one that was booted before.
package slots
