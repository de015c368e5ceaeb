#!/usr/bin/env bash
# start-debian13.sh [ROOT]: a private RabbitMQ 4.0 from Debian 13, which runs in a
# chroot at ROOT; the first call builds the root with debootstrap (about two
# minutes). Needs root. Prints the URL; a second call finds the running instance.
set -euo pipefail
. "$(dirname "$0")/instance.sh"

use_flavour debian13
root=${1:-$default_root}
inner=$inner_state
state=$root$inner

if alive "$state"; then
	await_accepting "$state"
	echo "$url"
	exit 0
fi
[ "$(id -u)" = 0 ] || die "needs root for debootstrap and chroot"

# The host's own mirror, so that no host name is written here: the first URI of
# the apt sources whose archive is Debian's main one.
host_mirror() {
	# Either kind of file may be missing, which is no error.
	{
		sed -n 's/^URIs:[[:space:]]*//p' /etc/apt/sources.list.d/*.sources || true
		sed -n 's/^deb[[:space:]]\(\[[^]]*\][[:space:]]*\)\{0,1\}//p' \
			/etc/apt/sources.list /etc/apt/sources.list.d/*.list || true
	} 2>/dev/null | awk '$1 ~ "/debian/?$" && !found {print $1; found = 1}'
}

# The host's settings of how to fetch (proxies, retries, validity of old
# snapshots) and how to find the mirror.
copy_fetch_settings() {
	apt-config dump --format '%F "%v";%n' Acquire |
		grep -E '^Acquire::(https?::|Check-|Retries|ForceIPv|AllowInsecure)' \
			>"$root/etc/apt/apt.conf.d/90host" || true
	cp -r /etc/apt/auth.conf.d "$root/etc/apt/" 2>/dev/null || true
	cp -L /etc/resolv.conf /etc/hosts "$root/etc/"
}

build_root() {
	command -v debootstrap >/dev/null || {
		apt-get update -qq >&2
		apt-get install -y -qq --no-install-recommends debootstrap >&2
	}
	mirror=$(host_mirror)
	[ -n "$mirror" ] || die "no Debian mirror in the sources of /etc/apt"
	eval "$(apt-config shell proxy Acquire::http::Proxy)"
	if [ -n "${proxy:-}" ] && [ "$proxy" != DIRECT ]; then
		export http_proxy=$proxy https_proxy=$proxy
	fi
	mkdir -p "$root"
	debootstrap --variant=minbase --include=ca-certificates trixie "$root" "$mirror" >&2
	copy_fetch_settings
	printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
	chmod 755 "$root/usr/sbin/policy-rc.d"
}

bind_mounts() {
	mountpoint -q "$root/proc" || mount -t proc proc "$root/proc"
	mountpoint -q "$root/dev" || mount --bind /dev "$root/dev"
}

[ -e "$root/usr/sbin/policy-rc.d" ] || build_root
bind_mounts
if [ ! -x "$root/usr/lib/rabbitmq/bin/rabbitmq-server" ]; then
	chroot "$root" apt-get update -qq >&2
	DEBIAN_FRONTEND=noninteractive chroot "$root" \
		apt-get install -y -qq --no-install-recommends rabbitmq-server >&2
fi

rm -rf "${state:?}"
mkdir -p "$state"
write_settings "$state" "$inner"
setsid nohup chroot "$root" /bin/sh -c \
	". $inner/env; cd $inner; exec /usr/lib/rabbitmq/bin/rabbitmq-server" \
	>"$state/log/console.log" 2>&1 </dev/null &
await_accepting "$state"
trace
echo "$url"
