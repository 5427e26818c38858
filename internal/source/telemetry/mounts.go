package telemetry

import (
	"cmp"
	"slices"
	"strings"

	"github.com/heliograph/heliograph/internal/procfile"
)

// maxMounts bounds how many filesystems are told of.
const maxMounts = 128

// isPseudo reports whether a filesystem type stores nothing on a disk, or shows
// what another one stores. Those of fuse are named after their program.
func isPseudo(kind string) bool {
	switch kind {
	case "autofs", "bdev", "binder", "binfmt_misc", "bpf", "cgroup", "cgroup2", "configfs", "cpuset", "debugfs",
		"devfs", "devpts", "devtmpfs", "efivarfs", "functionfs", "fusectl", "hugetlbfs", "iso9660", "mqueue", "nfsd",
		"nsfs", "pipefs", "proc", "pstore", "resctrl", "rpc_pipefs", "securityfs", "selinuxfs", "smackfs", "sockfs",
		"sysfs", "tracefs", "usbfs",
		"fuse.fuse-overlayfs", "fuse.gvfsd-fuse", "fuse.lxcfs", "fuse.portal", "fuse.rofiles-fuse", "fuse.snapfuse",
		"fuse.squashfuse":
		return true
	}
	return false
}

// isRootOnly reports whether a filesystem type counts only as the root:
// elsewhere it is an image that is always full (snaps), memory, or a layer over
// other disks.
func isRootOnly(kind string) bool {
	switch kind {
	case "aufs", "erofs", "overlay", "ramfs", "rootfs", "squashfs", "tmpfs":
		return true
	}
	return false
}

// isRemote reports whether the answer of a filesystem may depend on another
// machine or on a program.
func isRemote(kind string) bool {
	switch kind {
	case "9p", "afs", "beegfs", "ceph", "cifs", "coda", "davfs", "gfs2", "glusterfs", "gpfs", "lustre", "ncpfs", "nfs",
		"nfs4", "ocfs2", "orangefs", "smb3", "smbfs", "virtiofs":
		return true
	}
	return strings.HasPrefix(kind, "fuse")
}

// mount is a filesystem to tell of.
type mount struct {
	point  string // as the kernel knows it
	label  string // the same as UTF-8
	kind   string
	remote bool
}

// realMounts chooses the real filesystems from the mount table: each one once,
// however often it is mounted, at the place where most of it is seen. They are
// sorted by mount point.
func realMounts(table []procfile.Mount) []mount {
	byDevice := make(map[string]procfile.Mount)
	for _, m := range visible(table) {
		if !isReal(m) {
			continue
		}
		if have, found := byDevice[m.Device]; !found || better(m, have) {
			byDevice[m.Device] = m
		}
	}
	chosen := make([]mount, 0, len(byDevice))
	for _, m := range byDevice {
		chosen = append(chosen, mount{
			point:  m.Point,
			label:  strings.ToValidUTF8(m.Point, "\uFFFD"),
			kind:   m.Type,
			remote: isRemote(m.Type),
		})
	}
	slices.SortFunc(chosen, func(a, b mount) int { return cmp.Compare(a.point, b.point) })
	return chosen[:min(len(chosen), maxMounts)]
}

// visible drops mounts that are covered by a later one at the same place.
func visible(table []procfile.Mount) []procfile.Mount {
	at := make(map[string]int, len(table))
	var top []procfile.Mount
	for _, m := range table {
		if i, covered := at[m.Point]; covered {
			top[i] = m
			continue
		}
		at[m.Point] = len(top)
		top = append(top, m)
	}
	return top
}

func isReal(m procfile.Mount) bool {
	return !isPseudo(m.Type) && (m.Point == "/" || !isRootOnly(m.Type))
}

// better reports whether a shows more of the same filesystem than b, or shows
// it at a shorter path.
func better(a, b procfile.Mount) bool {
	if whole := a.Root == "/"; whole != (b.Root == "/") {
		return whole
	}
	return len(a.Point) < len(b.Point)
}
