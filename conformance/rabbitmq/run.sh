#!/usr/bin/env bash
# run.sh debian12|debian13 [arguments of go test]: the conformance suite against a
# private RabbitMQ. An instance that runs already is used and left running.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/instance.sh"

flavour=${1:?debian12 or debian13}
shift
use_flavour "$flavour"
if ! accepts; then
	trap '"$here/stop.sh" "$flavour"' EXIT
fi
"$here/start-$flavour.sh" >/dev/null
cd "$here/.."
CONFORMANCE_HTTP_URL="http://guest:guest@127.0.0.1:$management_port" CONFORMANCE_URL=$url go test -count=1 "$@" # the package of this directory: shows the scorecard
