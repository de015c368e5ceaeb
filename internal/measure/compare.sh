#!/usr/bin/env bash
# compare.sh [FLAG...]: compares Leveret, built from this tree, with a private
# RabbitMQ from this system's packages, in turns, and writes the table into
# docs/performance.md. Flags go to internal/measure: -rounds, -time, -only, and
# -broker NAME=URL[,PID] for one more broker.
set -euo pipefail
cd "$(dirname "$0")/../.."

# An instance of its own: the one of the conformance suite may be in use.
export RABBITMQ_PORT=${RABBITMQ_PORT:-15710}
work=$(mktemp -d)
cleanup() {
	conformance/rabbitmq/stop.sh debian12 "$work/rabbitmq" || true
	rm -rf "$work"
}
trap cleanup EXIT

go build -trimpath -o "$work/leveret" ./cmd/leveret
go build -o "$work/measure" ./internal/measure
url=$(conformance/rabbitmq/start-debian12.sh "$work/rabbitmq")
"$work/measure" -scenario compare -leveret "$work/leveret" -data "$work/data" \
	-write docs/performance.md "$@" -broker "rabbitmq=$url"
