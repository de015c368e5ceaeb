package ctl_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestAnswersAsJSON has what RabbitMQ 4.0 prints with --formatter json.
func TestAnswersAsJSON(t *testing.T) {
	for line, want := range map[string]string{
		"rabbitmqctl ping":                                   `{"message":"Ping succeeded"}`,
		"rabbitmqctl version":                                `{"node":"n@h","result":"ok","value":{"version":"4.0.5"}}`,
		"rabbitmqctl set_user_tags guest a":                  `{"node":"n@h","result":"ok"}`,
		"rabbitmqctl authenticate_user guest guest":          `{"message":"Success"}`,
		"rabbitmqctl list_user_limits":                       `{"message":"{}"}`,
		"rabbitmqctl list_operator_policies":                 `[]`,
		"rabbitmqctl list_queues name arguments policy":      `[{"name":"q","arguments":[["x-max-length","long",5],["x-overflow","longstr","drop-head"]],"policy":""}]`,
		"rabbitmqctl list_queues -p nowhere":                 `[]`,
		"rabbitmqctl list_policies":                          `[{"vhost":"/","name":"p","pattern":"^a","apply-to":"queues","definition":"{\"max-length\":1}","priority":2}]`,
		"rabbitmq-diagnostics check_running":                 `{"message":"RabbitMQ on node n@h is fully booted and running"}`,
		"rabbitmq-diagnostics is_running":                    `{"message":"RabbitMQ on node n@h is fully booted and running","result":true}`,
		"rabbitmq-diagnostics alarms":                        `{"alarms":[],"node":"n@h","result":"ok"}`,
		"rabbitmq-diagnostics check_local_alarms":            `{"result":"ok"}`,
		"rabbitmq-diagnostics check_port_listener 5672":      `{"node":"n@h","port":"5672","result":"ok"}`,
		"rabbitmq-diagnostics server_version":                `{"result":"ok","value":"4.0.5"}`,
		"rabbitmq-diagnostics log_location":                  `{"node_name":"n@h","paths":["<stderr>"],"result":"ok"}`,
		"rabbitmq-diagnostics listeners":                     `{"listeners":[{"interface":"[::]","node":"n@h","port":5672,"protocol":"amqp","purpose":"AMQP 0-9-1"}],"node":"n@h","result":"ok"}`,
		"rabbitmq-diagnostics memory_breakdown":              `{"a":{"bytes":1000000,"percentage":25.0},"b":{"bytes":3000000,"percentage":75.0}}`,
		"rabbitmq-plugins is_enabled rabbitmq_management":    `{"message":"Plugin rabbitmq_management is enabled on node n@h","result":"ok"}`,
		"rabbitmq-plugins list -m sharding":                  `{"status":"running","format":"minimal","plugins":[{"name":"rabbitmq_sharding"}]}`,
		"rabbitmq-queues rebalance all":                      `{"node":"n@h","result":"ok","value":[]}`,
		"rabbitmq-queues check_if_node_is_quorum_critical":   `{"message":"Target node seems to be the only one in a single node cluster, the check does not apply","result":"ok"}`,
		"rabbitmq-upgrade await_online_quorum_plus_one -t 1": `{"message":"Target node seems to be the only one in a single node cluster, the command does not apply"}`,
	} {
		t.Run(line, func(t *testing.T) {
			got := run(t, "", line+" --formatter json")
			require.Zero(t, got.status, got.errors)
			require.JSONEq(t, want, got.out)
		})
	}
	got := run(t, "", "rabbitmq-diagnostics check_port_listener 1 --formatter json")
	require.Equal(t, 69, got.status)
	require.JSONEq(t, `{"message":"No listener for port 1 is active on node n@h. Found listeners that use the following ports: 5672","node":"n@h","result":"error"}`, got.errors)
}

// TestFormatsOfLists has what else lists can look like.
func TestFormatsOfLists(t *testing.T) {
	for line, want := range map[string]string{
		"rabbitmqctl list_queues name,messages -q":                                     "name\tmessages\nq\t3\n",
		"rabbitmqctl list_queues --formatter erlang -q name arguments":                 "[[{name,<<\"q\">>},{arguments,[{<<\"x-max-length\">>,long,5},{<<\"x-overflow\">>,longstr,<<\"drop-head\">>}]}]]\n",
		"rabbitmqctl list_queues --formatter json_stream name durable":                 "{\"name\":\"q\",\"durable\":true}\n",
		"rabbitmqctl list_queues --formatter csv name arguments":                       "\"name\",\"arguments\"\n\"q\",\"[{\"\"x-max-length\"\",5},{\"\"x-overflow\"\",\"\"drop-head\"\"}]\"\n",
		"rabbitmqctl list_queues --offline -q":                                         "",
		"rabbitmqctl list_operator_policies -q":                                        "\n",
		"rabbitmqctl delete_user nobody -q":                                            "",
		"rabbitmq-diagnostics check_local_alarms -s":                                   "",
		"rabbitmq-diagnostics server_version -s":                                       "4.0.5\n",
		"rabbitmq-diagnostics list_user_permissions guest -q --no-table-headers":       "/\t.*\ta\tb\n",
		"rabbitmqctl enable_feature_flag quorum_queue":                                 "Enabling feature flag \"quorum_queue\" ...\n",
		"rabbitmqctl delete_queue q -e -u -n rabbit@elsewhere --longnames --timeout 5": "Deleting queue 'q' on vhost '/' if queue is empty and if queue is unused ...\nQueue was successfully deleted with 3 ready messages\n",
	} {
		t.Run(line, func(t *testing.T) {
			got := run(t, "", line)
			require.Zero(t, got.status, got.errors)
			require.Equal(t, want, got.out)
		})
	}
}
