#!/usr/bin/env bash
# run.sh: checks the TLS of the broker of this repository from outside, with openssl
# s_client over versions, suites and certificates, and with clients in three languages
# (pika, php-amqplib, Bunny) that are installed by ../run.sh. Prints a line for each
# check, and fails if one does.
set -uo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$(dirname "$here")")
work=$(mktemp -d)
broker=
trap 'stop_broker; rm -rf "$work"' EXIT
failures=0

die() {
	echo "tls: $*" >&2
	exit 2
}

report() { # NAME RESULT
	printf '%-44s %s\n' "$1" "$2"
	[ "$2" = ok ] || failures=$((failures + 1))
}

free_port() {
	local port
	for _ in $(seq 100); do
		port=$((20000 + RANDOM % 12000))
		if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
			echo $port
			return
		fi
	done
	die "no free port"
}

stop_broker() {
	[ -n "$broker" ] || return 0
	kill -TERM "$broker" && wait "$broker"
	broker=
}

# start_broker CLIENTS starts it with that value of tls-clients.
start_broker() {
	local tries=600
	port=$(free_port)
	rm -rf data
	cat >leveret.yaml <<-YAML
		data-dir: "$work/data"
		amqp-listen: []
		tls-listen: ["127.0.0.1:$port"]
		tls-certificates: ["$work/localhost.pem"]
		tls-keys: ["$work/localhost.key"]
		tls-authorities: "$work/ca.pem"
		tls-revoked: "$work/ca.crl"
		tls-clients: $1
		http-listen: none
		metrics-listen: none
		auth-mechanisms: [PLAIN, EXTERNAL]
		certificate-login: common-name
		refusal-delay: 0
		users: [{name: app, password: secret}]
	YAML
	"$root/bin/leveret" --config leveret.yaml >broker.log 2>&1 &
	broker=$!
	until grep -q 'Server startup complete' broker.log; do
		if ! kill -0 $broker 2>/dev/null || [ $((tries--)) -le 0 ]; then
			cat broker.log >&2
			die "the broker does not start"
		fi
		sleep 0.05
	done
}

# greeted OPTIONS: the broker's connection.start comes through. With TLS 1.3 a client
# learns only after the handshake that its certificate is refused.
greeted() {
	local heard
	heard=$({
		printf 'AMQP\0\0\011\001'
		sleep 1
	} | timeout 10 openssl s_client -connect "127.0.0.1:$port" -servername localhost -CAfile ca.pem \
		-verify_return_error -quiet -no_ign_eof -cipher ALL:@SECLEVEL=0 "$@" 2>client.err | tr -d '\0')
	[[ $heard == *PLAIN* ]]
}

# certificate NAME are the options for it.
certificate() { echo "-cert $1.pem -key $1.key"; }

accepts() { # NAME OPTIONS
	local name=$1
	shift
	if greeted "$@"; then report "$name" ok; else report "$name" "FAILED: refused"; fi
}

# refuses counts only what the broker has said: openssl refuses some things by itself.
refuses() { # NAME OPTIONS
	local name=$1
	shift
	if greeted "$@"; then
		report "$name" "FAILED: accepted"
	elif grep -q 'alert' client.err; then
		report "$name" ok
	elif grep -q 'no cipher match' client.err; then
		printf '%-44s %s\n' "$name" "not tried: this openssl cannot"
	else
		report "$name" "FAILED: no answer of the broker: $(tail -1 client.err)"
	fi
}

cd "$work" || die "no folder to work in"
(cd "$root" && go build -o bin/leveret ./cmd/leveret) || die "the broker does not build"
. "$here/certificates.sh"
all_certificates
for file in ca localhost app foreign wrong gone expired; do
	[ -s $file.pem ] || die "openssl did not make the certificate $file"
done
[ -s ca.crl ] || die "openssl did not make the list of revoked certificates"

start_broker verify
accepts "TLS 1.3" -tls1_3
accepts "TLS 1.2" -tls1_2
refuses "TLS 1.1 is refused" -tls1_1
refuses "TLS 1.0 is refused" -tls1
for suite in TLS_AES_128_GCM_SHA256 TLS_AES_256_GCM_SHA384 TLS_CHACHA20_POLY1305_SHA256; do
	accepts "TLS 1.3 $suite" -tls1_3 -ciphersuites $suite
done
for suite in ECDHE-RSA-AES128-GCM-SHA256 ECDHE-RSA-AES256-GCM-SHA384 ECDHE-RSA-CHACHA20-POLY1305; do
	accepts "TLS 1.2 $suite" -tls1_2 -cipher "$suite:@SECLEVEL=0"
done
for suite in ECDHE-RSA-AES128-SHA ECDHE-RSA-AES128-SHA256 AES128-SHA AES256-GCM-SHA384 DES-CBC3-SHA ECDHE-RSA-DES-CBC3-SHA NULL-SHA256 ADH-AES128-SHA; do
	refuses "TLS 1.2 $suite is refused" -tls1_2 -cipher "$suite:@SECLEVEL=0"
done
for version in tls1_2 tls1_3; do
	# shellcheck disable=SC2046 # options
	accepts "$version: good client" -$version $(certificate app)
	for name in expired foreign wrong gone; do
		# shellcheck disable=SC2046
		refuses "$version: $name client is refused" -$version $(certificate $name)
	done
done
export TLS_PORT=$port TLS_FOLDER=$work
run_client() { # NAME COMMAND
	local name=$1 line
	shift
	timeout 120 "$@" >"$name.out" 2>"$name.err" || true
	[ -s "$name.out" ] || report "$name" "FAILED: $(tail -n 1 "$name.err")"
	while IFS= read -r line; do
		case $line in
		"ok "*) report "$name: ${line#ok }" ok ;;
		*) report "$name: $line" "FAILED" ;;
		esac
	done <"$name.out"
}
run_client pika "${PYTHON:-/usr/bin/python3}" "$here/pika_tls.py"
run_client php-amqplib php "$here/amqplib_tls.php"
run_client bunny ruby "$here/bunny_tls.rb"
stop_broker

start_broker require
refuses "require: no certificate is refused"
# shellcheck disable=SC2046
accepts "require: good client" $(certificate app)
[ $failures = 0 ] || die "$failures checks failed"
