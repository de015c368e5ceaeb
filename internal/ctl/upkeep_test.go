package ctl_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/internal/ctl"
)

// TestAllCommandsAreKnown goes through what RabbitMQ 3.10 and 4.0 have: each command of
// each program is there, or refused with a reason.
func TestAllCommandsAreKnown(t *testing.T) {
	all, err := os.ReadFile("testdata/commands.txt")
	require.NoError(t, err)
	for line := range strings.Lines(string(all)) {
		program, command, _ := strings.Cut(strings.TrimSpace(line), " ")
		var out bytes.Buffer
		status := ctl.Run(program, []string{"help", command}, ctl.Environment{Stdout: &out, Stderr: &out, Getenv: os.Getenv})
		require.Zero(t, status, line)
		if command != "autocomplete" {
			require.Contains(t, out.String(), program+" "+command, line)
		}
	}
}

func TestUpkeepThatChangesSomething(t *testing.T) {
	for line, want := range map[string][]string{
		"rabbitmqctl set_vm_memory_high_watermark 0":            {`PUT /api/watermarks/memory {"relative":0}`},
		"rabbitmqctl set_vm_memory_high_watermark absolute 2GB": {`PUT /api/watermarks/memory {"absolute":"2GB"}`},
		"rabbitmqctl set_disk_free_limit 50MB":                  {`PUT /api/watermarks/disk-free {"absolute":"50MB"}`},
		"rabbitmqctl set_disk_free_limit mem_relative 0.5":      {`PUT /api/watermarks/disk-free {"relative":0.5}`},
		"rabbitmqctl update_vhost_metadata / --tags a,b":        {`PUT /api/vhosts/%2F {"tags":"a,b"}`},
		"rabbitmqctl update_vhost_metadata / --description=":    {`PUT /api/vhosts/%2F {"description":""}`},
		"rabbitmqctl set_vhost_tags / a b":                      {`PUT /api/vhosts/%2F {"tags":"a,b"}`},
		"rabbitmqctl set_permissions_globally guest a b c":      {`PUT /api/permissions/%2F/guest {"configure":"a","read":"c","write":"b"}`},
		"rabbitmqctl suspend_listeners":                         {`PUT /api/maintenance {"suspended":true}`},
		"rabbitmqctl resume_listeners":                          {`PUT /api/maintenance {"suspended":false}`},
		"rabbitmq-upgrade drain":                                {`PUT /api/maintenance {"drained":true}`},
		"rabbitmq-upgrade revive":                               {`PUT /api/maintenance {"drained":false}`},
		"rabbitmq-queues rebalance all":                         {`POST /api/rebalance/queues {}`},
		"rabbitmq-diagnostics reset_node_auth_attempt_metrics":  {`DELETE /api/auth/attempts/n@h`},
	} {
		t.Run(line, func(t *testing.T) {
			got := run(t, "", line)
			require.Zero(t, got.status, got.errors)
			require.Equal(t, want, got.asked)
		})
	}
}

func TestUpkeepThatTellsSomething(t *testing.T) {
	for line, want := range map[string]string{
		"rabbitmqctl -q list_unresponsive_queues":                                       "",
		"rabbitmqctl restart_vhost -q":                                                  "Vhost '/' is already running on node 'n@h'\n",
		"rabbitmqctl -q list_node_auth_attempt_stats":                                   "protocol\tauth_attempts\tauth_attempts_failed\tauth_attempts_succeeded\namqp091\t3\t1\t2\n",
		"rabbitmqctl -q list_deprecated_features":                                       "",
		"rabbitmqctl autocomplete set_vm":                                               "set_vm_memory_high_watermark\n",
		"rabbitmqctl -q wait --pid 7":                                                   "",
		"rabbitmqctl -q wait /there/is/no/such/file":                                    "",
		"rabbitmq-queues -q check_if_node_is_quorum_critical":                           "Node n@h seems to be the only one in a single node cluster, the check does not apply\n",
		"rabbitmq-queues -s quorum_status q":                                            "n@h\tleader\tvoter\t0\t0\t0\t0\t-1\t1\t\n",
		"rabbitmq-upgrade -q await_online_quorum_plus_one -t 9":                         "Target node seems to be the only one in a single node cluster, the command does not apply\n",
		"rabbitmq-upgrade await_online_quorum_plus_one -t 9":                            "Will wait for a quorum + 1 of nodes to be online for all quorum queues and streams for 9 seconds...\nTarget node seems to be the only one in a single node cluster, the command does not apply\n",
		"rabbitmq-diagnostics -q check_certificate_expiration":                          "No certificates are expiring within 4 weeks.\n",
		"rabbitmq-diagnostics -q check_certificate_expiration --within 1 --unit MONTHS": "No certificates are expiring within 1 month.\n",
		"rabbitmq-diagnostics -q check_port_listener 5672":                              "A listener for port 5672 is running on node n@h.\n",
		"rabbitmq-diagnostics -q log_location":                                          "<stderr>\n",
		"rabbitmq-diagnostics -q memory_breakdown --unit mb":                            "b: 3.0 mb (75.0%)\na: 1.0 mb (25.0%)\n",
		"rabbitmq-diagnostics -q discover_peers":                                        "n@h\n",
		"rabbitmq-diagnostics -q tls_versions":                                          "tlsv1.3\ntlsv1.2\n",
		"rabbitmq-diagnostics -q list_policies_that_match q":                            "vhost\tname\tpattern\tapply-to\tdefinition\tpriority\n/\tp\t^a\tqueues\t{\"max-length\":1}\t2\n",
		"rabbitmq-diagnostics -q log_tail_stream":                                       "one\ntwo\n",
		"rabbitmq-diagnostics -q consume_event_stream --pattern queue":                  "{\"event\":\"queue.created\"}\n",
	} {
		t.Run(line, func(t *testing.T) {
			got := run(t, "", line)
			require.Zero(t, got.status, got.errors)
			require.Equal(t, want, got.out)
		})
	}
}

func TestUpkeepThatFails(t *testing.T) {
	for line, want := range map[string]struct {
		status int
		text   string
	}{
		"rabbitmqctl set_vm_memory_high_watermark 1.4":       {65, "Bad argument: The threshold should be a fraction between 0.0 and 1.0"},
		"rabbitmqctl set_vm_memory_high_watermark x":         {65, "Bad argument"},
		"rabbitmqctl set_vm_memory_high_watermark absolute":  {65, "Bad argument"},
		"rabbitmqctl set_disk_free_limit mem_relative x":     {65, "Bad argument"},
		"rabbitmqctl set_disk_free_limit 1 2":                {65, "Bad argument"},
		"rabbitmqctl update_vhost_metadata /":                {64, "not enough arguments."},
		"rabbitmqctl update_vhost_metadata nowhere --tags a": {65, "Virtual host 'nowhere' does not exist"},
		"rabbitmqctl set_permissions_globally nobody a b c":  {67, "nobody"},
		"rabbitmqctl deactivate_free_disk_space_monitoring":  {64, "the disk is always watched"},
		"rabbitmqctl wait":                                             {64, "No pid or pidfile specified"},
		"rabbitmqctl wait f --pid 1":                                   {64, "Cannot specify both pid and pidfile"},
		"rabbitmqctl wait --pid 1 -t 0":                                {69, "process 1 is not the broker"},
		"rabbitmq-queues rebalance some":                               {69, "type some is not supported. Try one of all, quorum, stream."},
		"rabbitmqctl set_log_level loud":                               {69, "level loud is not supported. Try one of debug, info, warning, error, critical, none"},
		"rabbitmq-queues grow a all":                                   {64, "grow is not supported: there is one node"},
		"rabbitmq-queues quorum_status none":                           {65, "was not found"},
		"rabbitmq-streams restart_stream s":                            {64, "there are no streams"},
		"rabbitmq-plugins set rabbitmq_peer_discovery_k8s nope":        {70, "{:plugins_not_found, [:nope]}"},
		"rabbitmq-plugins is_enabled nope":                             {69, "Plugin nope is not enabled on node n@h."},
		"rabbitmq-diagnostics observer":                                {64, "there is no Erlang here"},
		"rabbitmq-diagnostics check_certificate_expiration --unit s":   {64, "unit 's' is not supported. Please use one of: days, weeks, months, years"},
		"rabbitmq-diagnostics check_certificate_expiration --within 9": {69, "Certificates expiring"},
		"rabbitmq-diagnostics check_port_listener 1":                   {69, "No listener for port 1 is active on node n@h. Found listeners that use the following ports: 5672"},
		"rabbitmq-diagnostics check_protocol_listener mqtt":            {69, "No listener for protocol mqtt is active on node n@h. Found listeners for the following protocols: amqp"},
		"rabbitmq-diagnostics memory_breakdown --unit pounds":          {64, "unit 'pounds' is not supported. Please use one of: bytes, kb, mb, gb"},
		"rabbitmq-diagnostics log_tail":                                {69, "the log goes to the console and to no file"},
		"rabbitmq-diagnostics list_policies_that_match none":           {65, "was not found"},
	} {
		t.Run(line, func(t *testing.T) {
			got := run(t, "", line)
			require.Equal(t, want.status, got.status, got.errors)
			require.Contains(t, got.errors, want.text)
			require.Empty(t, got.asked)
		})
	}
}

// What is said of a virtual host stays as it is where nothing else is asked for.
func TestVHostMetadataIsMerged(t *testing.T) {
	got := runAgainst(t, &api{answers: map[string]string{
		"GET /api/vhosts/v": `{"name":"v","description":"d","tags":["a"],"default_queue_type":"quorum","messages":3}`,
	}}, "rabbitmqctl update_vhost_metadata v --tags b")
	require.Zero(t, got.status, got.errors)
	require.Equal(t, []string{`PUT /api/vhosts/v {"default_queue_type":"quorum","description":"d","tags":"b"}`}, got.asked)
}

func TestLogTail(t *testing.T) {
	file := filepath.Join(t.TempDir(), "leveret.log")
	require.NoError(t, os.WriteFile(file, []byte("one\ntwo\nthree\n"), 0o600))
	node := strings.ReplaceAll(shop()["GET /api/nodes/n@h"], `["<stderr>"]`, `["<stderr>","`+file+`"]`)
	answers := map[string]string{"GET /api/overview": shop()["GET /api/overview"], "GET /api/nodes/n@h": node}
	require.Equal(t, "two\nthree\n", runAgainst(t, &api{answers: answers}, "rabbitmq-diagnostics -q log_tail -N 2").out)
	require.Equal(t, "one\ntwo\nthree\n", runAgainst(t, &api{answers: answers}, "rabbitmq-diagnostics -q log_tail").out)
}

func TestWaitForAProcess(t *testing.T) {
	file := filepath.Join(t.TempDir(), "pid")
	require.NoError(t, os.WriteFile(file, []byte("7\n"), 0o600))
	require.Zero(t, run(t, "", "rabbitmqctl wait "+file).status)
	require.NoError(t, os.WriteFile(file, []byte("8\n"), 0o600))
	require.Equal(t, 69, run(t, "", "rabbitmqctl -t 0 wait "+file).status)
}
