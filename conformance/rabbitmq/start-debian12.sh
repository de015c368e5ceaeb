#!/usr/bin/env bash
# start-debian12.sh [STATE]: a private RabbitMQ from this system's own packages
# (3.10 on Debian 12), data and logs in the folder STATE. Prints its URL. A second
# call with the same folder finds the running instance.
set -euo pipefail
. "$(dirname "$0")/instance.sh"

use_flavour debian12
state=${1:-$default_state}
server=/usr/lib/rabbitmq/bin/rabbitmq-server

if alive "$state"; then
	await_accepting "$state"
	echo "$url"
	exit 0
fi
if [ ! -x $server ]; then
	# The package starts its own service; policy-rc.d keeps it from doing so.
	[ "$(id -u)" = 0 ] || die "rabbitmq-server is missing; install it: apt-get install rabbitmq-server"
	policy=
	if [ ! -e /usr/sbin/policy-rc.d ]; then
		policy=/usr/sbin/policy-rc.d
		printf '#!/bin/sh\nexit 101\n' >$policy
		chmod 755 $policy
		trap 'rm -f "$policy"' EXIT
	fi
	apt-get update -qq >&2
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends rabbitmq-server >&2
fi

rm -rf "${state:?}/data" "$state/log" "$state/pid"
mkdir -p "$state"
state=$(cd "$state" && pwd)
write_settings "$state" "$state"
(
	. "$state/env"
	cd "$state"
	setsid nohup $server >"$state/log/console.log" 2>&1 </dev/null &
)
await_accepting "$state"
trace
echo "$url"
