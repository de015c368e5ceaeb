#!/usr/bin/env bash
# run.sh [CLIENT...]: runs real client programs against a broker and prints what
# passed. Without CLIENTS_URL it builds the broker of this repository and starts
# it on a free port and an empty data directory. See README.md.
set -uo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")
all=(pika celery amqplib php-amqplib bunny amqp-tools)
longest=240 # seconds for one client; each has a shorter deadline of its own
start_deadline=30 # seconds

# Debian's modules belong to its own interpreter, which need not be first in PATH.
python=${PYTHON:-/usr/bin/python3}

work=$(mktemp -d)
broker=
trap 'stop_broker >/dev/null 2>&1; rm -rf "$work"' EXIT

die() {
	echo "clients: $*" >&2
	exit 2
}

# --- what a client needs ---------------------------------------------------

packages_of() {
	case $1 in
	pika) echo python3 python3-pika ;;
	celery) echo python3 python3-celery ;;
	amqplib) echo nodejs npm ;;
	php-amqplib) echo php-cli php-amqplib ;;
	bunny) echo ruby ruby-bunny ;;
	amqp-tools) echo amqp-tools ;;
	esac
}

runtime_present() {
	case $1 in
	pika) "$python" -c 'import pika' ;;
	celery) "$python" -c 'import celery' ;;
	amqplib) node --version && npm --version ;;
	php-amqplib) php -r 'require "PhpAmqpLib/autoload.php"; pcntl_alarm(0);' ;;
	bunny) ruby -e 'require "bunny"' ;;
	amqp-tools) command -v amqp-publish amqp-consume amqp-get amqp-declare-queue ;;
	esac >/dev/null 2>&1
}

program_of() {
	case $1 in
	pika) echo "$python" "$here/python/pika_scenarios.py" ;;
	celery) echo "$python" "$here/python/celery_scenarios.py" ;;
	amqplib) echo node "$here/node/scenarios.js" ;;
	php-amqplib) echo php "$here/php/scenarios.php" ;;
	bunny) echo ruby "$here/ruby/scenarios.rb" ;;
	amqp-tools) echo bash "$here/tools/scenarios.sh" ;;
	esac
}

apt_install() {
	local as_root=()
	command -v apt-get >/dev/null || return 1
	if [ "$(id -u)" != 0 ]; then
		sudo -n true 2>/dev/null || return 1
		as_root=(sudo -n)
	fi
	if [ ! -e "$work/updated" ]; then
		"${as_root[@]}" apt-get update -qq || return 1
		touch "$work/updated"
	fi
	"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
		apt-get install -y -qq --no-install-recommends "$@"
}

# node_modules_current: the pinned version is the one that is there.
node_modules_current() {
	(cd "$here/node" && node -e '
		const want = require("./package.json").dependencies.amqplib;
		process.exit(require("./node_modules/amqplib/package.json").version === want ? 0 : 1);
	') 2>/dev/null
}

# install CLIENT: succeeds if the client can run afterwards.
install() {
	if ! runtime_present "$1"; then
		# shellcheck disable=SC2046 # a list of packages
		apt_install $(packages_of "$1") && runtime_present "$1" || return 1
	fi
	if [ "$1" = amqplib ] && ! node_modules_current; then
		(cd "$here/node" && npm install --no-package-lock --no-audit --no-fund) && node_modules_current
	fi
}

# --- the broker --------------------------------------------------------------

# free_port: one below the range of outgoing connections that nobody listens on.
free_port() {
	local port
	for _ in $(seq 100); do
		port=$((20000 + RANDOM % 12000))
		if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
			echo $port
			return
		fi
	done
	return 1
}

start_broker() {
	local port tries=$((start_deadline * 20))
	(cd "$root" && go build -o bin/leveret ./cmd/leveret) || die "the broker does not build"
	port=$(free_port) || die "no free port"
	"$root/bin/leveret" --data-dir "$work/data" --amqp-listen "127.0.0.1:$port" \
		--http-listen none --metrics-listen none >"$work/broker.log" 2>&1 &
	broker=$!
	until grep -q 'Server startup complete' "$work/broker.log"; do
		if ! kill -0 $broker 2>/dev/null || [ $((tries--)) -le 0 ]; then
			cat "$work/broker.log" >&2
			die "the broker does not start"
		fi
		sleep 0.05
	done
	CLIENTS_URL="amqp://guest:guest@127.0.0.1:$port/"
}

# stop_broker ends the broker that was started here; fails if it was gone before
# or did not end well.
stop_broker() {
	[ -n "$broker" ] || return 0
	local process=$broker
	broker=
	kill -TERM "$process" && wait "$process"
}

# --- results -----------------------------------------------------------------

failures=0
missing=0

# row CLIENT VERSION SCENARIO RESULT
row() { printf '%-12s %-9s %-19s %s\n' "$@" >>"$work/table"; }

# run_client CLIENT: one row for each scenario, and one more if the program ended
# otherwise than by reporting.
run_client() {
	local client=$1 version=? status program line reported=0
	read -ra program <<<"$(program_of "$client")"
	echo "clients: $client" >&2
	CLIENTS_URL=$CLIENTS_URL timeout --kill-after=10 $longest "${program[@]}" \
		>"$work/$client.out" 2>"$work/$client.err"
	status=$?
	while IFS= read -r line; do
		case $line in
		"version "*) version=${line#version } ;;
		"ok "*)
			row "$client" "$version" "${line#ok }" ok
			((reported++))
			;;
		"FAIL "*)
			line=${line#FAIL }
			row "$client" "$version" "${line%%:*}" "FAILED:${line#*:}"
			((reported++, failures++))
			;;
		esac
	done <"$work/$client.out"
	if [ $reported = 0 ] || { [ $status != 0 ] && ! grep -q '^FAIL ' "$work/$client.out"; }; then
		row "$client" "$version" "(program)" "FAILED: exit status $status, $reported scenarios reported"
		((failures++))
	fi
	[ $status = 0 ] || show_errors "$client" >&2
}

show_errors() {
	echo "--- the end of what $1 wrote to standard error:"
	tail -n 40 "$work/$1.err"
	echo "---"
}

main() {
	local client chosen=("$@")
	[ $# -gt 0 ] || chosen=("${all[@]}")
	for client in "${chosen[@]}"; do
		[ -n "$(packages_of "$client")" ] || die "unknown client '$client'; there are: ${all[*]}"
	done
	[ -n "${CLIENTS_URL:-}" ] || start_broker
	for client in "${chosen[@]}"; do
		if install "$client" >"$work/install.log" 2>&1; then
			run_client "$client"
		else
			row "$client" - - "not installed"
			((missing++))
			tail -n 5 "$work/install.log" >&2
		fi
	done
	if ! stop_broker; then
		row broker - stop "FAILED: it was gone, or did not end with exit code 0"
		((failures++))
		tail -n 40 "$work/broker.log" >&2
	fi
	printf '\n%-12s %-9s %-19s %s\n' client version scenario result
	cat "$work/table"
	printf '\n%d passed, %d failed, %d not installed\n' "$(grep -c ' ok$' "$work/table")" $failures $missing
	[ $failures = 0 ] || exit 1
	[ $missing = 0 ] || [ "${CLIENTS_REQUIRE_ALL:-0}" != 1 ] || exit 1
}

main "$@"
