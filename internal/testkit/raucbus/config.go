package raucbus

import (
	"os"
	"strings"
)

const busConf = `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
 <type>system</type>
 <listen>unix:path=@/bus</listen>
 <policy context="default">
  <allow send_destination="*" eavesdrop="true"/>
  <allow eavesdrop="true"/>
  <allow own="*"/>
 </policy>
</busconfig>
`

const systemConf = `[system]
compatible=` + Compatible + `
bootloader=custom
mountprefix=@/mnt
statusfile=@/status
activate-installed=true
bundle-formats=plain

[handlers]
bootloader-custom-backend=@/bootloader
pre-install=@/pre-install
post-install=@/post-install

[keyring]
path=@/ca.pem

[slot.rootfs.0]
device=@/slotA
type=raw
bootname=A

[slot.rootfs.1]
device=@/slotB
type=raw
bootname=B
`

// bootloader keeps its state in files. RAUC marks a slot bad before it writes
// it, and leaves it to the boot loader to take that back.
const bootloader = `#!/bin/sh
cd @/boot || exit 1
case $1 in
get-primary) cat primary ;;
set-primary) echo "$2" >primary && echo good >"$2" ;;
get-state) cat "$2" ;;
set-state) echo "$3" >"$2" ;;
esac
`

const handler = `#!/bin/sh
while [ -e @/hold-NAME ]; do : >@/held; sleep 0.02; done
`

// configure makes all files of a device that was just made.
func (b *Bus) configure() {
	b.t.Helper()
	for _, dir := range []string{"mnt", "boot"} {
		if err := os.Mkdir(b.path(dir), 0o700); err != nil {
			b.t.Fatal(err)
		}
	}
	here := func(text string) string { return strings.ReplaceAll(text, "@", b.dir) }
	b.write("bus.conf", here(busConf), 0o600)
	b.write("system.conf", here(systemConf), 0o600)
	b.write("bootloader", here(bootloader), 0o700)
	for _, name := range []string{"pre-install", "post-install"} {
		b.write(name, strings.ReplaceAll(here(handler), "NAME", name), 0o700)
	}
	b.write("boot/primary", "A\n", 0o600)
	for _, name := range []string{"A", "B"} {
		b.write("boot/"+name, "good\n", 0o600)
		b.write("slot"+name, "", 0o600)
		if err := os.Truncate(b.Slot(name), SlotBytes); err != nil {
			b.t.Fatal(err)
		}
	}
	b.makeKeys("")
	b.makeKeys("other-")
}
