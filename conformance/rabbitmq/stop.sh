#!/usr/bin/env bash
# stop.sh debian12|debian13 [STATE or ROOT]: ends the instance that the start
# script of the flavour started, and its epmd; a chroot's mounts are taken off.
set -euo pipefail
. "$(dirname "$0")/instance.sh"

flavour=${1:?debian12 or debian13}
use_flavour "$flavour"
root=
state=${2:-$default_state}
if [ "$flavour" = debian13 ]; then
	root=${2:-$default_root}
	state=$root$inner_state
fi

# in_use tells whether another process still runs in the root and needs the mounts.
in_use() {
	local folder
	folder=$(cd "$root" && pwd -P)
	for process in /proc/[0-9]*; do
		if [ "$(readlink "$process/root" 2>/dev/null)" = "$folder" ]; then
			return 0
		fi
	done
	return 1
}

if alive "$state"; then
	pid=$(cat "$state/pid")
	kill "$pid"
	for _ in $(seq 150); do
		kill -0 "$pid" 2>/dev/null || break
		sleep 0.2
	done
	! kill -0 "$pid" 2>/dev/null || die "process $pid did not end within 30 s"
fi
rm -f "$state/pid"
if [ -n "$root" ]; then
	chroot "$root" epmd -port "$epmd_port" -kill >/dev/null 2>&1 || true
	if ! in_use; then
		for m in dev proc; do
			! mountpoint -q "$root/$m" || umount "$root/$m"
		done
	fi
else
	epmd -port "$epmd_port" -kill >/dev/null 2>&1 || true
fi
