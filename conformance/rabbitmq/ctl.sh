#!/usr/bin/env bash
# ctl.sh debian12|debian13 ARGUMENTS: rabbitmqctl on the instance that the start script
# of the flavour started in its default place, like ctl.sh debian12 trace_on -p traced.
set -euo pipefail
. "$(dirname "$0")/instance.sh"

flavour=${1:?debian12 or debian13}
shift
use_flavour "$flavour"
root=
state=$default_state
inner=$inner_state
[ "$flavour" = debian12 ] || root=$default_root
ctl "$@"
