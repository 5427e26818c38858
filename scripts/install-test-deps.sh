#!/usr/bin/env bash
# Installs what the tests need and this machine lacks, from Debian's or Ubuntu's
# packages. What is there is left alone; a machine that has it all asks no
# package server anything.
set -euo pipefail

# Each line: what must be there, a command or a file, the package that has it, and
# what for.
needs='
gcc                            gcc              the race detector is linked by it
/usr/include/stdlib.h          libc6-dev        likewise
git                            git              versions
ip                             iproute2         network namespaces and devices that come and go
journalctl                     systemd          the journal
/lib/systemd/systemd-journald  systemd          a private journal of the tests
findmnt                        util-linux       mounts
mount                          mount            a /proc and file systems of the tests
ps                             procps           a second opinion on processes
tmux                           tmux             a terminal that is not ours
dbus-daemon                    dbus-daemon      private message buses
/usr/lib/python3/dist-packages/dbusmock                      python3-dbusmock  a Bluetooth adapter that does not exist
/usr/libexec/fwupd/fwupd       fwupd            updates of firmware
/usr/libexec/installed-tests/fwupd  fwupd-tests  a device that does not exist, for fwupd
rauc                           rauc             an update engine
mksquashfs                     squashfs-tools   its bundles
openssl                        openssl          keys that sign them
ffmpeg                         ffmpeg           cameras and encoders
/usr/bin/python3               python3          a camera on the network: the RTSP server of GStreamer
/usr/lib/python3/dist-packages/gi                            python3-gi                   likewise
/usr/lib/*/girepository-1.0/GstRtspServer-1.0.typelib        gir1.2-gst-rtsp-server-1.0   likewise
/usr/lib/*/gstreamer-1.0/libgstvideotestsrc.so               gstreamer1.0-plugins-base    likewise
/usr/lib/*/gstreamer-1.0/libgstrtp.so                        gstreamer1.0-plugins-good    likewise
/usr/lib/*/gstreamer-1.0/libgstx264.so                       gstreamer1.0-plugins-ugly    likewise
curl                           curl             a client that goes through the capturing proxy
/usr/lib/python3/dist-packages/requests  python3-requests  another one
node                           nodejs           the tests of the web interface
npm                            npm              likewise
chromium                       chromium         a real browser
/usr/share/fonts/truetype      fonts-dejavu-core  letters for the browser
'

has() {
	case $1 in
	/*) compgen -G "$1" >/dev/null ;;
	chromium) browser >/dev/null ;;
	*) type -P "$1" >/dev/null ;;
	esac
}

# browser prints the path of a Chromium: $CHROMIUM, or the usual names.
browser() {
	local name
	for name in "${CHROMIUM:-chromium}" chromium chromium-browser google-chrome; do
		command -v "$name" && return
	done
	return 1
}

# modern tells whether a Node.js can run the tests of the web interface.
modern() {
	local version
	version=$("$1" --version 2>/dev/null) || return
	version=${version#v}
	[ "${version%%.*}" -ge 22 ] || [[ $version == 20.19.* || $version == 20.[2-9][0-9].* ]]
}

# node prints the folder of a Node.js that is new enough: that of this machine, or
# the one from npm.
node() {
	local name
	for name in "$(type -P node)" tools/node/node_modules/node-linux-*/bin/node; do
		modern "$name" && dirname "$(realpath "$name")" && return
	done
	return 1
}

missing() {
	local what package why
	while read -r what package why; do
		[ -z "$what" ] || has "$what" || echo "$package"
	done <<<"$needs" | sort -u
}

as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif [ -t 0 ]; then
		sudo "$@"
	else
		sudo -n "$@"
	fi
}

install() {
	if ! command -v apt-get >/dev/null; then
		echo "the tests need these Debian packages, or what they hold: $*" >&2
		exit 1
	fi
	echo "installing for the tests: $*"
	as_root apt-get -q update
	# Ubuntu has no package of the name chromium.
	if [[ " $* " == *" chromium "* ]] && ! apt-cache show chromium >/dev/null 2>&1; then
		set -- "${@/#%chromium/chromium-browser}"
	fi
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends "$@"
}

root=$(dirname "$(dirname "$(realpath "$0")")")
cd "$root"
case ${1:-} in
--browser | --node)
	"${1#--}"
	exit
	;;
esac
mapfile -t packages < <(missing)
if [ "${#packages[@]}" -gt 0 ]; then
	install "${packages[@]}" </dev/null
fi
mapfile -t packages < <(missing)
if [ "${#packages[@]}" -gt 0 ]; then
	echo "still missing after the installation: ${packages[*]}" >&2
	exit 1
fi

# What npm installs is pinned by the lock files. The stamp keeps a second run from
# doing it again.
from_npm() {
	if ! cmp -s "$1/package-lock.json" "$1/node_modules/.installed"; then
		npm --prefix "$1" ci --no-audit --no-fund
		cp "$1/package-lock.json" "$1/node_modules/.installed"
	fi
}
from_npm api
from_npm test/ui
if ! node >/dev/null; then
	from_npm tools/node
	node >/dev/null || { echo "no Node.js here can run the tests: 20.19 or later is needed" >&2 && exit 1; }
fi
