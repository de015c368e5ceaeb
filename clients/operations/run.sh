#!/usr/bin/env bash
# run.sh: runs the tools that people operate RabbitMQ with against the broker of this
# repository: the rabbitmqadmin script of Debian's rabbitmq-server, Go's client rabbit-hole,
# the checks of Nagios, Prometheus and its promtool, Celery's remote control. Definitions
# are carried to the RabbitMQs of conformance/rabbitmq and back. Prints a line for each
# check, and fails if one does.
set -uo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$(dirname "$here")")
python=${PYTHON:-/usr/bin/python3}
work=$(mktemp -d)
failures=0
running=()
trap 'stop; rm -rf "$work"' EXIT

die() {
	echo "operations: $*" >&2
	exit 2
}

stop() {
	[ ${#running[@]} = 0 ] || kill "${running[@]}" 2>/dev/null
	wait "${running[@]}" 2>/dev/null
	running=()
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

# until_true SECONDS COMMAND waits for a command to succeed.
until_true() {
	local tries=$(($1 * 10))
	shift
	until "$@" >/dev/null 2>&1; do
		[ $((tries--)) -gt 0 ] || return 1
		sleep 0.1
	done
}

report() { # NAME RESULT
	printf '%-52s %s\n' "$1" "$2"
	[ "$2" = ok ] || failures=$((failures + 1))
}

# expect NAME TEXT COMMAND: the command succeeds and its output has the text.
expect() {
	local name=$1 text=$2 output
	shift 2
	if output=$("$@" 2>&1) && [[ $output == *"$text"* ]]; then
		report "$name" ok
	else
		report "$name" "FAILED: ${output:0:200}"
	fi
}

needs() { command -v "$1" >/dev/null || die "$1 is missing; install Debian's package $2"; }
needs promtool prometheus
needs prometheus prometheus
"$python" -c "import celery" 2>/dev/null || die "celery is missing; install Debian's package python3-celery"
needs curl curl
needs check_rabbitmq_server nagios-plugins-rabbitmq
script=$(echo /usr/lib/rabbitmq/lib/rabbitmq_server-*/plugins/rabbitmq_management-*/priv/www/cli/rabbitmqadmin)
[ -f "$script" ] || die "the script rabbitmqadmin is missing; install Debian's package rabbitmq-server"

cd "$work" || die "no folder to work in"
(cd "$root" && go build -o bin/leveret ./cmd/leveret) || die "the broker does not build"
amqp=$(free_port) http=$(free_port) metrics=$(free_port) prom=$(free_port)
LEVERET_NODE_NAME=rabbit@tools "$root/bin/leveret" --data-dir data --amqp-listen "127.0.0.1:$amqp" --http-listen "127.0.0.1:$http" \
	--metrics-listen "127.0.0.1:$metrics" >broker.log 2>&1 &
running+=($!)
until_true 30 grep -q 'Server startup complete' broker.log || die "the broker does not start"

admin() { "$python" "$script" -P "$http" "$@"; }
expect "rabbitmqadmin show overview" rabbitmq_version admin show overview
expect "rabbitmqadmin declare vhost" "vhost declared" admin declare vhost name=shop
expect "rabbitmqadmin declare user" "user declared" admin declare user name=app password=secret tags=management
expect "rabbitmqadmin declare permission" "permission declared" admin declare permission vhost=shop user=app configure='.*' write='.*' read='.*'
expect "rabbitmqadmin declare exchange" "exchange declared" admin -V shop declare exchange name=orders type=topic
expect "rabbitmqadmin declare queue" "queue declared" admin -V shop declare queue name=new arguments='{"x-max-length": 10}'
expect "rabbitmqadmin declare quorum queue" "queue declared" admin -V shop declare queue name=safe queue_type=quorum
expect "rabbitmqadmin declare binding" "binding declared" admin -V shop declare binding source=orders destination=new routing_key='new.#'
expect "rabbitmqadmin declare policy" "policy declared" admin -V shop declare policy name=short pattern='^new' definition='{"max-length": 5}' apply-to=queues
expect "rabbitmqadmin declare vhost_limit" "vhost_limit declared" admin declare vhost_limit vhost=shop name=max-queues value=9
expect "rabbitmqadmin publish" "Message published" admin -V shop publish exchange=orders routing_key=new.1 payload=hello
expect "rabbitmqadmin publish to nobody" "NOT routed" admin -V shop publish exchange=orders routing_key=old payload=hello
expect "rabbitmqadmin get" hello admin -V shop get queue=new ackmode=ack_requeue_true
expect "rabbitmqadmin as another user" new admin -V shop -u app -p secret list queues name
for list in connections channels consumers exchanges queues bindings users vhosts permissions nodes parameters policies operator_policies vhost_limits; do
	expect "rabbitmqadmin list $list" "" admin list $list
done
expect "rabbitmqadmin export" Exported admin export before.json
expect "rabbitmqadmin purge" "queue purged" admin -V shop purge queue name=new
expect "rabbitmqadmin delete binding" "binding deleted" admin -V shop delete binding source=orders destination_type=queue destination=new properties_key=new.%23
expect "rabbitmqadmin delete queue" "queue deleted" admin -V shop delete queue name=new
expect "rabbitmqadmin delete vhost" "vhost deleted" admin delete vhost name=shop
curl -s -o served "http://127.0.0.1:$http/cli/rabbitmqadmin" && mv served rabbitmqadmin
expect "rabbitmqadmin that the broker serves, by Python" guest "$python" rabbitmqadmin -P "$http" list users name
expect "rabbitmqadmin that the broker serves" guest ./rabbitmqadmin -P "$http" list users name
expect "rabbitmqadmin import" Uploaded admin import before.json
expect "rabbitmqadmin export again" Exported admin export after.json
expect "import and export: nothing differs" "" cmp before.json after.json

replay() {
	OPERATIONS_HTTP_URL=http://guest:guest@127.0.0.1:$1 OPERATIONS_AMQP_URL=amqp://guest:guest@127.0.0.1:$2/ \
		go test -C "$here" -count=1 ./rabbithole
}
expect "go vet" "" go vet -C "$here" ./...
expect "rabbit-hole: each function of the client" ok replay "$http" "$amqp"

# round_trip FLAVOUR carries definitions to a RabbitMQ and back, and the other way round. One
# that runs already is used and left running.
round_trip() {
	(
		. "$root/conformance/rabbitmq/instance.sh"
		use_flavour "$1"
		accepts || trap '"$root/conformance/rabbitmq/stop.sh" "$1"' EXIT
		"$root/conformance/rabbitmq/start-$1.sh" >/dev/null || exit 1
		export OPERATIONS_HTTP_URL=http://guest:guest@127.0.0.1:$http OPERATIONS_AMQP_URL=amqp://guest:guest@127.0.0.1:$amqp/
		export OPERATIONS_OTHER_HTTP_URL=http://guest:guest@127.0.0.1:$management_port OPERATIONS_OTHER_AMQP_URL=$url
		go test -C "$here" -count=1 ./roundtrip && replay "$management_port" "$amqp_port"
	)
}
expect "definitions from and to RabbitMQ 3.10" ok round_trip debian12
[ ! -d "${XDG_CACHE_HOME:-$HOME/.cache}/leveret/trixie" ] || expect "definitions from and to RabbitMQ 4.0" ok round_trip debian13

# The checks of Nagios put "rabbit@" before the name of a node.
nagios() {
	local check=$1
	shift
	"check_rabbitmq_$check" -H 127.0.0.1 --port "$http" -u guest -p guest "$@"
}
admin declare queue name=watched >/dev/null
expect "Nagios: aliveness" "RABBITMQ_ALIVENESS OK" nagios aliveness
expect "Nagios: connections" "RABBITMQ_CONNECTIONS OK" nagios connections
expect "Nagios: objects" "RABBITMQ_OBJECTS OK" nagios objects
expect "Nagios: overview" "RABBITMQ_OVERVIEW OK" nagios overview
expect "Nagios: queue" "RABBITMQ_QUEUE OK" nagios queue --queue=watched
expect "Nagios: partition" "RABBITMQ_PARTITION OK" nagios partition -n tools
expect "Nagios: watermark" "RABBITMQ_WATERMARK OK" nagios watermark -n tools

# RabbitMQ's own name of one metric is against the rules of promtool.
lint() {
	curl -s "http://127.0.0.1:$metrics/metrics$1" >page.txt && [ -s page.txt ] || return 1
	promtool check metrics <page.txt >lint.txt 2>&1
	! grep -v -e rabbitmq_unreachable_cluster_peers_count -e '^$' lint.txt
}
for page in "" /per-object /memory-breakdown "/detailed?family=queue_coarse_metrics&family=queue_consumer_count"; do
	expect "promtool check metrics: /metrics$page" "" lint "$page"
done
cat >prometheus.yml <<-YAML
	global: {scrape_interval: 1s}
	scrape_configs:
	  - job_name: broker
	    static_configs: [{targets: ["127.0.0.1:$metrics"]}]
YAML
prometheus --config.file=prometheus.yml --storage.tsdb.path=tsdb --web.listen-address="127.0.0.1:$prom" >prometheus.log 2>&1 &
running+=($!)
query() { curl -s "http://127.0.0.1:$prom/api/v1/query" --data-urlencode "query=$1" | grep -q '"value"'; }
expect "Prometheus scrapes" "" until_true 30 query 'up == 1'
expect "Prometheus joins as the dashboards do" "" until_true 30 query \
	'sum(rabbitmq_queues * on(instance, job) group_left(rabbitmq_cluster, rabbitmq_node) rabbitmq_identity_info)'

export CLIENTS_URL="amqp://guest:guest@127.0.0.1:$amqp/" PYTHONPATH="$root/clients/python" CLIENTS_RUN=operations CLIENTS_DIRECTORY=$work
"$python" -m celery -A celery_tasks worker --concurrency 1 --loglevel ERROR -n checked@%h >celery.log 2>&1 &
running+=($!)
remote() { timeout 20 "$python" -m celery -A celery_tasks "$@"; }
until_true 20 remote inspect ping || true
# Without a connection it says that it cannot tell how many sockets are in use.
expect "Nagios: server" "RABBITMQ_SERVER OK" nagios server -n tools
expect "Celery: inspect ping" pong remote inspect ping
expect "Celery: status" "1 node online" remote status
expect "Celery: inspect active_queues" clients.celery.operations.work remote inspect active_queues
expect "Celery: control rate_limit" "new rate limit set successfully" remote control rate_limit celery_tasks.add 10/m
stop
[ $failures = 0 ] || die "$failures checks failed"
