#!/usr/bin/env bash
# The tutorials' patterns with the command-line tools of librabbitmq. They know
# neither confirms nor mandatory messages, and show no properties.
#
# Prints `version`, then `ok NAME` or `FAIL NAME: reason` per scenario; the exit
# status is 1 if any failed. CLIENTS_URL names the broker.
set -uo pipefail

deadline=90 # seconds for all scenarios together
patience=10 # seconds for one command

if [ -z "${CLIENTS_TOOLS_LIMITED:-}" ]; then
	CLIENTS_TOOLS_LIMITED=1 exec timeout --kill-after=5 $deadline bash "$0" "$@"
fi

# librabbitmq takes the path "/" for a virtual host without a name.
url=${CLIENTS_URL%/}
run=$(od -An -N4 -tx4 /dev/urandom | tr -d ' ')
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

name() { echo "clients.tools.$run.$1"; }

fail() {
	echo "$*" >"$work/reason"
	exit 1
}

# equal GOT WANT WHAT
equal() { [ "$1" = "$2" ] || fail "$3: got $(tr '\n' ' ' <<<"$1"), want $(tr '\n' ' ' <<<"$2")"; }

tool() {
	local command=$1
	shift
	timeout $patience "$command" -u "$url" "$@"
}

# For the background: there a function would be a process between.
consume=(timeout $patience amqp-consume -u "$url")

declare_queue() { tool amqp-declare-queue -q "$1" "${@:2}" >/dev/null || fail "declaring $1"; }
delete_queue() { tool amqp-delete-queue -q "$1" >/dev/null || fail "deleting $1"; }

# send EXCHANGE KEY BODY
send() { tool amqp-publish -e "$1" -r "$2" -p -b "$3" || fail "publishing to '$1' with $2"; }

# take_until_end QUEUE: gets messages up to the one that says end.
take_until_end() {
	local body=
	until [ "$body" = end ]; do
		body=$(get "$1") || fail "getting from $1"
		echo "$body"
	done
}

# script NAME: an executable from standard input, for amqp-consume to run: it
# would take options of the command for its own.
script() {
	(echo '#!/bin/sh' && cat) >"$work/$1"
	chmod +x "$work/$1"
}

# take QUEUE COUNT: consumes and acks so many messages, one line each.
take() { tool amqp-consume -q "$1" -c "$2" "$work/line" || fail "consuming $2 from $1"; }

# get QUEUE: the next message; status 2 if there is none.
get() { tool amqp-get -q "$1"; }

require_empty() {
	local body
	body=$(get "$1")
	equal "$?$body" 2 "status of getting from the empty queue $1"
}

# wait_for WHAT COMMAND...: runs the command until it succeeds.
wait_for() {
	local tries=$((patience * 50)) what=$1
	shift
	until "$@"; do
		[ $((tries--)) -gt 0 ] || fail "waited in vain for $what"
		sleep 0.02
	done
}

tasks_done() { sort -n "$work/done.1" "$work/done.2" | grep -vx probe; }
probes_done() { cat "$work/done.1" "$work/done.2" | grep -cx probe; }
more_probes() { [ "$(probes_done)" -gt "$1" ]; }
most_done() { [ "$(tasks_done | wc -l)" = 19 ]; }

# both_at_work QUEUE: sends probes until each of two workers has done something.
both_at_work() { { [ -s "$work/done.1" ] && [ -s "$work/done.2" ]; } || ! send "" "$1" probe; }

# Two workers share the tasks. One fails at a task, and amqp-consume keeps what
# it has not acked: the task comes back when the worker ends.
work_queue() {
	local queue pids=() worker before
	queue=$(name work)
	declare_queue "$queue" -d
	script worker <<-'WORKER'
		read -r task
		case $task in
		"") exit 1 ;; # amqp-consume was ended before it passed the body on
		7) exit 1 ;;
		esac
		echo "$task"
	WORKER
	for worker in 1 2; do
		: >"$work/done.$worker"
		"${consume[@]}" -q "$queue" -p 1 "$work/worker" >"$work/done.$worker" &
		pids+=($!)
	done
	wait_for "both workers" both_at_work "$queue"
	seq 1 20 | tool amqp-publish -r "$queue" -p -l || fail "publishing lines"
	wait_for "19 of 20 tasks" most_done
	# When the other worker has done one more, its ack of the last task is out.
	before=$(probes_done)
	send "" "$queue" probe
	wait_for "the last probe" more_probes "$before"
	kill "${pids[@]}"
	wait
	equal "$(take "$queue" 1)" 7 "the failed task"
	equal "$(tasks_done)" "$(seq 1 20 | grep -vx 7)" tasks
	send "" "$queue" end
	equal "$(take_until_end "$queue" | grep -vx probe)" end "left in the queue"
	delete_queue "$queue"
}

# hold QUEUE PREFETCH: a consumer that never acks; its pid is in $work/holder.
hold() {
	script hold <<-'HOLD'
		cat >/dev/null
		echo $$ >"$1"
		exec sleep 600
	HOLD
	rm -f "$work/held"
	amqp-consume -u "$url" -q "$1" -p "$2" "$work/hold" "$work/held" >/dev/null &
	echo $! >"$work/holder"
	wait_for "the consumer to hold" test -s "$work/held"
}

kill_holder() {
	kill -KILL "$(cat "$work/holder")" "$(cat "$work/held")"
	wait "$(cat "$work/holder")"
	rm -f "$work/held"
}

# No more than the prefetch count is on its way.
prefetch() {
	local queue
	queue=$(name prefetch)
	declare_queue "$queue"
	seq 1 5 | tool amqp-publish -r "$queue" -l || fail "publishing lines"
	hold "$queue" 3
	equal "$(get "$queue")" 4 "the fourth"
	equal "$(get "$queue")" 5 "the fifth"
	require_empty "$queue"
	kill_holder
	delete_queue "$queue"
}

# What a killed process held comes back in order.
redelivery() {
	local queue
	queue=$(name redelivery)
	declare_queue "$queue" -d
	seq 1 3 | tool amqp-publish -r "$queue" -p -l || fail "publishing lines"
	hold "$queue" 3
	require_empty "$queue"
	kill_holder
	equal "$(take "$queue" 3)" "$(seq 3)" "deliveries after the kill"
	require_empty "$queue"
	delete_queue "$queue"
}

# has_line TEXT QUEUE: sends a text to the queue until its subscriber shows it.
has_line() { grep -qx "$1" "$work/out.$2" || ! send "" "$2" "$1"; }

# subscribe QUEUE EXCHANGE KEY: a consumer that declares and binds its queue
# before it consumes, so that the binding is there when a probe has arrived.
subscribe() {
	: >"$work/out.$1"
	"${consume[@]}" -q "$1" -e "$2" -r "$3" "$work/line" >>"$work/out.$1" &
	subscribers+=($!)
	wait_for "the subscriber of $1" has_line probe "$1"
}

# bind_more QUEUE EXCHANGE KEY: only amqp-consume binds; one that ends after its
# first message leaves the binding behind.
bind_more() {
	"${consume[@]}" -q "$1" -e "$2" -r "$3" -c 1 "$work/line" >/dev/null &
	wait_for "another binding of $1" probed $! "$1"
}

probed() { ! kill -0 "$1" 2>/dev/null || ! send "" "$2" probe; }

# received QUEUE: what its subscriber has got, in order and nothing after it.
received() {
	wait_for "the end of $1" has_line end "$1"
	grep -vxe probe -e end "$work/out.$1"
}

unsubscribe() {
	kill "${subscribers[@]}"
	wait
}

# Every queue of a fanout exchange gets everything, in order.
publish_subscribe() {
	local queue subscribers=()
	for queue in "$(name subscriber.1)" "$(name subscriber.2)"; do
		subscribe "$queue" amq.fanout ignored
	done
	seq -f "$run %g" 1 10 | tool amqp-publish -e amq.fanout -r other -l || fail "publishing lines"
	for queue in "$(name subscriber.1)" "$(name subscriber.2)"; do
		equal "$(received "$queue" | grep "$run")" "$(seq -f "$run %g" 1 10)" lines
	done
	unsubscribe
}

# A direct exchange compares the key.
routing() {
	local errors everything key subscribers=()
	errors=$(name errors) everything=$(name everything)
	subscribe "$errors" amq.direct "$run.error"
	subscribe "$everything" amq.direct "$run.error"
	bind_more "$everything" amq.direct "$run.info"
	bind_more "$everything" amq.direct "$run.warning"
	for key in info error debug warning error Error; do
		send amq.direct "$run.$key" "$key"
	done
	equal "$(received "$errors")" "$(printf 'error\nerror')" errors
	equal "$(received "$everything")" "$(printf 'info\nerror\nwarning\nerror')" everything
	unsubscribe
}

# A topic exchange matches words; two matches are one delivery.
topics() {
	local orange rabbits key subscribers=()
	orange=$(name orange) rabbits=$(name rabbits)
	subscribe "$orange" amq.topic "$run.*.orange.*"
	subscribe "$rabbits" amq.topic "$run.*.*.rabbit"
	bind_more "$rabbits" amq.topic "$run.lazy.#"
	for key in quick.orange.rabbit lazy.orange.elephant lazy.pink.rabbit quick.brown.fox \
		quick.orange.male.rabbit lazy; do
		send amq.topic "$run.$key" "$key"
	done
	equal "$(received "$orange")" "$(printf 'quick.orange.rabbit\nlazy.orange.elephant')" orange
	equal "$(received "$rabbits")" \
		"$(printf 'quick.orange.rabbit\nlazy.orange.elephant\nlazy.pink.rabbit\nlazy')" rabbits
	unsubscribe
}

# The tools do not show a message's reply-to: the request's text names it.
rpc() {
	local requests replies number
	requests=$(name requests) replies=$(name replies)
	declare_queue "$requests"
	declare_queue "$replies"
	script server <<-'SERVER'
		read -r queue number
		exec amqp-publish -u "$1" -r "$queue" -b "$number squared is $((number * number))"
	SERVER
	tool amqp-consume -q "$requests" -c 5 "$work/server" "$url" &
	for number in 1 2 3 4 5; do
		tool amqp-publish -r "$requests" -t "$replies" -b "$replies $number" || fail "asking"
	done
	wait $! || fail "the server failed"
	equal "$(take "$replies" 5)" "$(for number in 1 2 3 4 5; do
		echo "$number squared is $((number * number))"
	done)" answers
	delete_queue "$requests"
	delete_queue "$replies"
}

# end_scenario leaves no process behind when a scenario failed half-way.
end_scenario() {
	local left
	mapfile -t left < <(jobs -p && cat "$work/held" 2>/dev/null)
	[ ${#left[@]} = 0 ] || kill -KILL "${left[@]}" 2>/dev/null
	rm -f "$work/held"
}

# The tools do not tell their version.
echo "version $(dpkg-query -W -f '${source:Upstream-Version}' amqp-tools 2>/dev/null || echo unknown)"
script line <<-'LINE'
	printf '%s\n' "$(cat)"
LINE
status=0
for scenario in work_queue prefetch redelivery publish_subscribe routing topics rpc; do
	title=${scenario//_/-}
	: >"$work/reason"
	if (trap end_scenario EXIT && $scenario) 2>"$work/errors"; then
		echo "ok $title"
	else
		status=1
		echo "FAIL $title: $(head -c 500 "$work/reason")"
		cat "$work/errors" >&2
	fi
done
exit $status
