# What the start, stop and run scripts share: where an instance lives and how to
# see that it accepts. Sourced, never run. All ports stay below 32768, where no
# kernel hands them out to outgoing connections.

cache_dir=${XDG_CACHE_HOME:-$HOME/.cache}/leveret

# plugins are those that RabbitMQ ships and whose work Leveret does itself.
plugins="rabbitmq_consistent_hash_exchange rabbitmq_random_exchange
rabbitmq_recent_history_exchange rabbitmq_sharding rabbitmq_event_exchange
rabbitmq_management rabbitmq_prometheus"

die() {
	echo "$0: $*" >&2
	exit 1
}

# use_flavour FLAVOUR sets the ports and the node name of the flavour and the
# default folder of its state. RABBITMQ_PORT moves all of the ports, and the
# instance is then one of its own.
use_flavour() {
	case $1 in
	debian12) amqp_port=15610 ;;
	debian13) amqp_port=15640 ;;
	*) die "unknown flavour '$1': debian12 or debian13" ;;
	esac
	moved=
	if [ -n "${RABBITMQ_PORT:-}" ]; then
		amqp_port=$RABBITMQ_PORT
		moved="-$amqp_port"
	fi
	epmd_port=$((amqp_port + 1))
	dist_port=$((amqp_port + 2))
	ctl_port=$((amqp_port + 3))
	management_port=$((amqp_port + 4))
	prometheus_port=$((amqp_port + 5))
	node="leveret-$1-$amqp_port@localhost"
	url="amqp://guest:guest@127.0.0.1:$amqp_port/"
	default_state="$cache_dir/rabbitmq-$1$moved"
	default_root="$cache_dir/trixie"
	inner_state="/var/lib/leveret$moved" # within a root
}

# write_settings HOSTDIR INNERDIR writes the configuration of the instance into
# HOSTDIR, with paths as the broker sees them (INNERDIR; another one in a chroot).
write_settings() {
	mkdir -p "$1/data" "$1/log" "$1/home"
	cat >"$1/rabbitmq.conf" <<CONF
listeners.tcp.default = 127.0.0.1:$amqp_port
loopback_users.guest = true
log.file.level = info
log.exchange = true
management.tcp.ip = 127.0.0.1
management.tcp.port = $management_port
prometheus.tcp.ip = 127.0.0.1
prometheus.tcp.port = $prometheus_port
CONF
	echo "[$(echo $plugins | tr ' ' ',')]." >"$1/enabled_plugins"
	cat >"$1/env" <<ENV
export HOME='$2/home'
export ERL_EPMD_PORT=$epmd_port ERL_EPMD_ADDRESS=127.0.0.1
export RABBITMQ_CONF_ENV_FILE='$2/none'
export RABBITMQ_NODENAME=$node
export RABBITMQ_DIST_PORT=$dist_port
export RABBITMQ_CTL_DIST_PORT_MIN=$ctl_port RABBITMQ_CTL_DIST_PORT_MAX=$ctl_port
export RABBITMQ_CONFIG_FILE='$2/rabbitmq.conf'
export RABBITMQ_ENABLED_PLUGINS_FILE='$2/enabled_plugins'
export RABBITMQ_MNESIA_BASE='$2/data'
export RABBITMQ_LOG_BASE='$2/log'
export RABBITMQ_PID_FILE='$2/pid'
export RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS='-kernel inet_dist_use_interface {127,0,0,1}'
ENV
}

# accepts tells whether a broker answers the protocol header on the AMQP port:
# a listening port alone may belong to a node that is still booting.
accepts() {
	(
		exec 3<>"/dev/tcp/127.0.0.1/$amqp_port" || exit 1
		printf 'AMQP\0\0\011\001' >&3
		first=$(timeout 2 head -c 1 <&3 | od -An -tu1 | tr -d ' ')
		[ "$first" = 1 ]
	) 2>/dev/null
}

# alive STATE tells whether the process of that folder's instance is there, accepting
# or not. The pid may belong to something else since the machine started again.
alive() {
	[ -s "$1/pid" ] && grep -aq beam "/proc/$(cat "$1/pid")/cmdline" 2>/dev/null
}

# ctl ARGUMENTS runs rabbitmqctl on the instance of $state, which in a chroot is
# $inner of $root.
ctl() {
	if [ -n "${root:-}" ]; then
		chroot "$root" sh -c '. "$1/env"; shift; exec /usr/lib/rabbitmq/bin/rabbitmqctl -q "$@"' sh "$inner" "$@"
	else
		(. "$state/env" && exec /usr/lib/rabbitmq/bin/rabbitmqctl -q "$@")
	fi
}

# trace makes the virtual host whose messages the firehose tells of: one of its own,
# as it slows down what it tells of.
trace() {
	ctl add_vhost traced
	ctl set_permissions -p traced guest '.*' '.*' '.*'
	ctl trace_on -p traced
} >&2

# await_accepting STATE waits up to two minutes for the broker.
await_accepting() {
	for _ in $(seq 600); do
		if alive "$1" && accepts; then
			return 0
		fi
		sleep 0.2
	done
	tail -n 30 "$1/log/console.log" >&2 || true
	die "the broker did not accept on port $amqp_port within two minutes; see $1/log"
}
