package ctl_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAdmin_ChangesSomething(t *testing.T) {
	for line, want := range map[string]struct{ asked, out string }{
		"declare queue name=q durable=false":                                                  {`PUT /api/queues/%2F/q {"arguments":{},"auto_delete":"false","durable":"false","name":"q","vhost":"/"}`, "queue declared\n"},
		"-V a/b declare queue name=q":                                                         {`PUT /api/queues/a%2Fb/q {"arguments":{},"auto_delete":"false","durable":"true","name":"q","vhost":"a/b"}`, "queue declared\n"},
		`declare queue name=q arguments={"a":1} queue_type=quorum`:                            {`PUT /api/queues/%2F/q {"arguments":{"a":1,"x-queue-type":"quorum"},"auto_delete":"false","durable":"true","name":"q","queue_type":"quorum","vhost":"/"}`, "queue declared\n"},
		"declare exchange name=e type=topic":                                                  {`PUT /api/exchanges/%2F/e {"arguments":{},"auto_delete":"false","durable":"true","internal":"false","name":"e","type":"topic","vhost":"/"}`, "exchange declared\n"},
		"declare binding source=e destination=q routing_key=k":                                {`POST /api/bindings/%2F/e/e/q/q {"arguments":{},"destination":"q","destination_type":"queue","routing_key":"k","source":"e","vhost":"/"}`, "binding declared\n"},
		"declare vhost name=v":                                                                {`PUT /api/vhosts/v {"name":"v","vhost":"/"}`, "vhost declared\n"},
		"declare user name=u password=p tags=":                                                {`PUT /api/users/u {"name":"u","password":"p","tags":"","vhost":"/"}`, "user declared\n"},
		"declare permission vhost=v user=u configure=a write=b read=c":                        {`PUT /api/permissions/v/u {"configure":"a","read":"c","user":"u","vhost":"v","write":"b"}`, "permission declared\n"},
		`declare policy name=p pattern=a definition={"expires":1} apply-to=queues priority=1`: {`PUT /api/policies/%2F/p {"apply-to":"queues","definition":{"expires":1},"name":"p","pattern":"a","priority":1,"vhost":"/"}`, "policy declared\n"},
		"-q delete queue name=q":                                                              {`DELETE /api/queues/%2F/q`, ""},
		"delete binding source=e destination_type=queue destination=q":                        {`DELETE /api/bindings/%2F/e/e/q/q/~`, "binding deleted\n"},
		"purge queue name=q":                                                                  {`DELETE /api/queues/%2F/q/contents`, "queue purged\n"},
		"close connection name=c":                                                             {`DELETE /api/connections/c`, "connection closed\n"},
		"publish exchange=e routing_key=k payload=m":                                          {`POST /api/exchanges/%2F/e/publish {"exchange":"e","payload":"m","payload_encoding":"string","properties":{},"routing_key":"k","vhost":"/"}`, "Message published\n"},
		"publish exchange=other routing_key=k payload=m":                                      {`POST /api/exchanges/%2F/other/publish {"exchange":"other","payload":"m","payload_encoding":"string","properties":{},"routing_key":"k","vhost":"/"}`, "Message published but NOT routed\n"},
		// The words of RabbitMQ 4's.
		"queues declare --name q --durable true": {`PUT /api/queues/%2F/q {"arguments":{},"auto_delete":"false","durable":"true","name":"q","vhost":"/"}`, "queue declared\n"},
		"policies delete --name p":               {`DELETE /api/policies/%2F/p`, "policy deleted\n"},
	} {
		t.Run(line, func(t *testing.T) {
			got := run(t, "", "rabbitmqadmin "+line)
			require.Zero(t, got.status, got.errors)
			require.Equal(t, []string{want.asked}, got.asked)
			require.Equal(t, want.out, got.out)
		})
	}
}

func TestAdmin_Lists(t *testing.T) {
	for line, want := range map[string]string{
		"list users":                        "+-------+-----------------+\n| name  |      tags       |\n+-------+-----------------+\n| guest | administrator x |\n+-------+-----------------+\n",
		"-f tsv list vhosts name tracing":   "name\ttracing\n/\tFalse\n",
		"-f kvp vhosts list name":           "name=\"/\"\n",
		"-f bash list vhosts":               "/\n",
		"-f raw_json list vhosts name":      "[{\"name\":\"/\",\"tracing\":false}]\n",
		"-f pretty_json list vhosts name":   "[\n  {\n    \"name\": \"/\",\n    \"tracing\": false\n  }\n]\n",
		"-f tsv show overview cluster_name": "cluster_name\nc\n",
		"-f tsv get queue=q":                "routing_key\texchange\tpayload\tpayload_bytes\tredelivered\nk\te\tm\t1\tFalse\n",
	} {
		t.Run(line, func(t *testing.T) {
			got := run(t, "", "rabbitmqadmin "+line)
			require.Zero(t, got.status, got.errors)
			require.Equal(t, want, got.out)
		})
	}
	require.Contains(t, run(t, "", "rabbitmqadmin -f long list vhosts name").out, "\nname: /\n")
}

func TestAdmin_Fails(t *testing.T) {
	for line, want := range map[string]string{
		"declare queue":                    "ERROR: mandatory argument \"name\" is required",
		"declare queue name=q foo=bar":     "ERROR: Argument \"foo\" is not recognised",
		"declare queue name=q arguments={": "Could not parse JSON",
		"declare nothing":                  "ERROR: Type nothing not recognised",
		"nonsense":                         "ERROR: Action nonsense not understood",
		"list nothing":                     "ERROR: Don't know how to list nothing",
		"list connections":                 "*** Not found: /api/connections?columns=name,user,channels\n\n",
	} {
		t.Run(line, func(t *testing.T) {
			got := run(t, "", "rabbitmqadmin "+line)
			require.Equal(t, 1, got.status)
			require.Contains(t, got.errors, want)
		})
	}
}

func TestAdmin_OptionsArePythons(t *testing.T) {
	for line, want := range map[string]string{
		"-t x list users":         "error: option -t: invalid integer value: 'x'\n",
		"--ssl-c x list users":    "error: ambiguous option: --ssl-c (--ssl-ca-cert-file, --ssl-cert-file?)\n",
		"--quiet=1 list users":    "error: --quiet option does not take a value\n",
		"-Z list users":           "error: no such option: -Z\n",
		"-c /nowhere list users":  "ERROR: Could not read config file '/nowhere'",
		"declare queue arguments": "ERROR: Argument \"arguments\" not in the name=value format",
		"declare user name=u":     "ERROR: one of mandatory arguments \"['password', 'password_hash']\" is required",
	} {
		t.Run(line, func(t *testing.T) {
			got := run(t, "", "rabbitmqadmin "+line)
			require.NotZero(t, got.status)
			require.Contains(t, got.errors, want)
		})
	}
	for _, line := range []string{"-qftsv list users name", "--quie --form=tsv list users name", "-q -f tsv list users name"} {
		require.Equal(t, "guest\n", run(t, "", "rabbitmqadmin "+line).out, line)
	}
	for _, line := range []string{"--help", "help", "help subcommands", "help config", "--bash-completion", "--version"} {
		got := run(t, "", "rabbitmqadmin "+line)
		require.Zero(t, got.status, line)
		require.Contains(t, got.out, "rabbitmqadmin")
	}
}

func TestAdmin_TakesTheWordsOfTheSecond(t *testing.T) {
	for line, want := range map[string]string{
		"delete queue --name q --idempotently":                            `DELETE /api/queues/%2F/q`,
		"purge queue --name q":                                            `DELETE /api/queues/%2F/q/contents`,
		"--vhost a declare vhost --name v":                                `PUT /api/vhosts/v {"name":"v","vhost":"a"}`,
		"publish message --routing-key=k --exchange e --payload m":        `POST /api/exchanges/%2F/e/publish {"exchange":"e","payload":"m","payload_encoding":"string","properties":{},"routing_key":"k","vhost":"/"}`,
		"get messages --queue q --count 1 --ack-mode reject_requeue_true": `POST /api/queues/%2F/q/get {"ackmode":"reject_requeue_true","count":"1","encoding":"auto","queue":"q","vhost":"/"}`,
	} {
		t.Run(line, func(t *testing.T) {
			got := run(t, "", "rabbitmqadmin "+line)
			require.Zero(t, got.status, got.errors)
			require.Equal(t, []string{want}, got.asked)
		})
	}
}
