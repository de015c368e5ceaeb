package ctl_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/internal/ctl"
)

// api is a broker's API that answers by path, 404 for what it does not know or has an empty
// answer for, and 204 for what changes something.
type api struct {
	answers map[string]string
	asked   []string // but for reads
}

func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	key := r.Method + " " + r.URL.EscapedPath()
	if r.Method != http.MethodGet {
		line := key
		if r.URL.RawQuery != "" {
			line += "?" + r.URL.RawQuery
		}
		a.asked = append(a.asked, strings.TrimSpace(line+" "+string(body)))
	}
	answer, known := a.answers[key]
	switch {
	case known && strings.HasPrefix(answer, "!"):
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprint(w, answer[1:])
	case known && answer != "":
		fmt.Fprint(w, answer)
	case known, r.Method == http.MethodGet:
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, `{"error":"Object Not Found","reason":"Not Found"}`)
	default:
		w.WriteHeader(http.StatusNoContent)
	}
}

func shop() map[string]string {
	return map[string]string{
		"GET /api/overview": `{"node":"n@h","rabbitmq_version":"4.0.5","product_name":"Leveret","product_version":"1","cluster_name":"c",
			"object_totals":{"connections":1,"queues":2},"listeners":[{"protocol":"amqp","ip_address":"::","port":5672}]}`,
		"GET /api/nodes/n@h": `{"name":"n@h","os_pid":"7","uptime":5000,"mem_used":1000000,"mem_limit":2000000,"disk_free":100,"disk_free_limit":10,
			"mem_alarm":false,"disk_free_alarm":false,"fd_used":3,"fd_total":20000,"sockets_used":1,"db_dir":"/d","log_files":["<stderr>"]}`,
		"GET /api/users":                                        `[{"name":"guest","tags":["administrator","x"]}]`,
		"GET /api/users/guest":                                  `{"name":"guest","password_hash":"h","hashing_algorithm":"a","tags":["administrator"]}`,
		"GET /api/users/limited":                                `{"name":"limited","limits":{"max-channels":5}}`,
		"GET /api/users/guest/permissions":                      `[{"user":"guest","vhost":"/","configure":".*","write":"a","read":"b"}]`,
		"GET /api/vhosts":                                       `[{"name":"/","tracing":false}]`,
		"GET /api/vhosts/%2F":                                   `{"name":"/"}`,
		"GET /api/vhosts/%2F/permissions":                       `[{"user":"guest","vhost":"/","configure":".*","write":"a","read":"b"}]`,
		"GET /api/vhosts/%2F/connections":                       `[{"name":"a -> b"}]`,
		"GET /api/queues/%2F":                                   `[{"name":"q","messages":3,"durable":true,"arguments":{"x-max-length":5,"x-overflow":"drop-head"}}]`,
		"GET /api/queues/%2F/q":                                 `{"name":"q","messages_ready":3,"policy":"p"}`,
		"GET /api/bindings/%2F":                                 `[{"source":"","destination":"q","destination_type":"queue","routing_key":"q","arguments":{}}]`,
		"GET /api/consumers/%2F":                                `[{"queue":{"name":"q"},"channel_details":{"name":"c (1)"},"consumer_tag":"t","ack_required":true,"prefetch_count":2,"active":true,"arguments":{}}]`,
		"GET /api/policies/%2F":                                 `[{"vhost":"/","name":"p","pattern":"^a","apply-to":"queues","definition":{"max-length":1},"priority":2}]`,
		"GET /api/vhost-limits":                                 `[{"vhost":"/","value":{"max-queues":3}}]`,
		"GET /api/parameters":                                   `[{"vhost":"/","component":"c","name":"n","value":{"a":1}},{"vhost":"other","component":"c","name":"o","value":2}]`,
		"GET /api/definitions":                                  `{"vhosts":[{"name":"/"}],"users":[{"name":"guest","tags":"administrator"}],"queues":[{"vhost":"/","name":"q","durable":true}]}`,
		"GET /api/health/checks/local-alarms":                   `{"status":"ok"}`,
		"GET /api/health/checks/alarms":                         `!{"status":"failed","reason":"memory"}`,
		"GET /api/health/checks/virtual-hosts":                  `{"status":"ok"}`,
		"GET /api/config/effective":                             "frame-max: 1\n",
		"GET /api/auth/hash_password/s":                         `{"ok":"hashed"}`,
		"POST /api/queues/%2F/q/get":                            `[{"exchange":"e","routing_key":"k","redelivered":false,"payload_bytes":1,"payload":"m"}]`,
		"POST /api/exchanges/%2F/e/publish":                     `{"routed":true}`,
		"GET /api/health/checks/protocol-listener/amqp":         `{"status":"ok"}`,
		"DELETE /api/vhosts/x":                                  "",
		"DELETE /api/queues/%2F/nowhere/contents":               "",
		"DELETE /api/users/nobody":                              "",
		"GET /api/operator-policies/%2F":                        `[]`,
		"GET /api/feature-flags":                                `[{"name":"quorum_queue","state":"enabled"}]`,
		"POST /api/exchanges/%2F/other/publish":                 `{"routed":false}`,
		"GET /api/health/checks/port-listener/5672":             `{"status":"ok"}`,
		"GET /api/health/checks/port-listener/1":                `!{"status":"failed","reason":"No active listener"}`,
		"GET /api/health/checks/protocol-listener/mqtt":         `!{"status":"failed","reason":"No active listener"}`,
		"GET /api/health/checks/certificate-expiration/9/weeks": `!{"status":"failed","reason":"Certificates expiring"}`,
		"GET /api/health/checks/certificate-expiration/4/weeks": `{"status":"ok"}`,
		"GET /api/auth/attempts/n@h":                            `[{"protocol":"amqp091","auth_attempts":3,"auth_attempts_failed":1,"auth_attempts_succeeded":2}]`,
		"GET /api/deprecated-features":                          `[]`,
		"GET /api/nodes/n@h/memory":                             `{"memory":{"strategy":"rss","a":1000000,"b":3000000}}`,
		"GET /api/policies/%2F/p":                               `{"vhost":"/","name":"p","pattern":"^a","apply-to":"queues","definition":{"max-length":1},"priority":2}`,
		"GET /api/watch/log":                                    "one\ntwo\n",
		"GET /api/watch/events":                                 "{\"event\":\"queue.created\"}\n{\"event\":\"vhost.created\"}\n",
		"GET /api/queues/quorum/%2F/q/status": `[{"Node Name":"n@h","Raft State":"leader","Membership":"voter","Last Log Index":0,"Last Written":0,
			"Last Applied":0,"Commit Index":0,"Snapshot Index":-1,"Term":1}]`,
		"GET /api/health/checks/certificate-expiration/1/months": `{"status":"ok"}`,
	}
}

// ran is how a program ended.
type ran struct {
	status      int
	out, errors string
	asked       []string
}

func run(t *testing.T, stdin, line string) ran {
	t.Helper()
	return runWith(t, &api{answers: shop()}, stdin, line)
}

// runAgainst runs a program on a broker of its own.
func runAgainst(t *testing.T, a *api, line string) ran {
	t.Helper()
	return runWith(t, a, "", line)
}

func runWith(t *testing.T, a *api, stdin, line string) ran {
	t.Helper()
	served := httptest.NewServer(a)
	defer served.Close()
	args := strings.Split(line, " ")
	var out, errors bytes.Buffer
	status := ctl.Run(args[0], append(args[1:], urlOption(args[0]), served.URL), ctl.Environment{
		Stdin: strings.NewReader(stdin), Stdout: &out, Stderr: &errors, Getenv: os.Getenv, Version: "1",
	})
	return ran{status, out.String(), errors.String(), a.asked}
}

func TestCommandsThatChangeSomething(t *testing.T) {
	for line, want := range map[string][]string{
		"rabbitmqctl add_user app pw":                                         {`PUT /api/users/app {"password":"pw","tags":""}`},
		"rabbitmqctl delete_user guest":                                       {`DELETE /api/users/guest`},
		"rabbitmqctl change_password guest new":                               {`PUT /api/users/guest {"name":"guest","password":"new","tags":["administrator"]}`},
		"rabbitmqctl clear_password guest":                                    {`PUT /api/users/guest {"hashing_algorithm":"a","name":"guest","password_hash":"","tags":["administrator"]}`},
		"rabbitmqctl set_user_tags guest a b":                                 {`PUT /api/users/guest {"hashing_algorithm":"a","name":"guest","password_hash":"h","tags":["a","b"]}`},
		"rabbitmqctl authenticate_user guest x":                               {`POST /api/auth/check {"password":"x","username":"guest"}`},
		`rabbitmqctl set_user_limits guest {"max-channels":5}`:                {`PUT /api/user-limits/guest/max-channels {"value":5}`},
		"rabbitmqctl clear_user_limits guest all":                             {`DELETE /api/user-limits/guest/max-connections`, `DELETE /api/user-limits/guest/max-channels`},
		"rabbitmqctl add_vhost a/b --description d":                           {`PUT /api/vhosts/a%2Fb {"description":"d"}`},
		"rabbitmqctl delete_vhost /":                                          {`DELETE /api/vhosts/%2F`},
		"rabbitmqctl set_permissions -p / guest a b c":                        {`PUT /api/permissions/%2F/guest {"configure":"a","read":"c","write":"b"}`},
		"rabbitmqctl clear_permissions guest":                                 {`DELETE /api/permissions/%2F/guest`},
		"rabbitmqctl set_topic_permissions guest e a b":                       {`PUT /api/topic-permissions/%2F/guest {"exchange":"e","read":"b","write":"a"}`},
		"rabbitmqctl clear_topic_permissions guest e":                         {`DELETE /api/topic-permissions/%2F/guest/e`},
		`rabbitmqctl set_vhost_limits {"max-queues":-1}`:                      {`PUT /api/vhost-limits/%2F/max-queues {"value":-1}`},
		"rabbitmqctl clear_vhost_limits":                                      {`DELETE /api/vhost-limits/%2F/max-connections`, `DELETE /api/vhost-limits/%2F/max-queues`},
		"rabbitmqctl trace_on":                                                {`PUT /api/vhosts/%2F {"tracing":true}`},
		"rabbitmqctl trace_off":                                               {`PUT /api/vhosts/%2F {"tracing":false}`},
		`rabbitmqctl set_policy p ^a {"max-length":1} --priority 2`:           {`PUT /api/policies/%2F/p {"apply-to":"all","definition":{"max-length":1},"pattern":"^a","priority":2}`},
		"rabbitmqctl clear_policy p":                                          {`DELETE /api/policies/%2F/p`},
		`rabbitmqctl set_operator_policy p a {"expires":1} --apply-to queues`: {`PUT /api/operator-policies/%2F/p {"apply-to":"queues","definition":{"expires":1},"pattern":"a","priority":0}`},
		"rabbitmqctl clear_operator_policy p":                                 {`DELETE /api/operator-policies/%2F/p`},
		"rabbitmqctl set_parameter c n 1":                                     {`PUT /api/parameters/c/%2F/n {"component":"c","name":"n","value":1,"vhost":"/"}`},
		"rabbitmqctl clear_parameter c n":                                     {`DELETE /api/parameters/c/%2F/n`},
		"rabbitmqctl set_global_parameter g 1":                                {`PUT /api/global-parameters/g {"name":"g","value":1}`},
		"rabbitmqctl clear_global_parameter g":                                {`DELETE /api/global-parameters/g`},
		"rabbitmqctl purge_queue q":                                           {`DELETE /api/queues/%2F/q/contents`},
		"rabbitmqctl delete_queue q -e":                                       {`DELETE /api/queues/%2F/q?if-empty=true`},
		"rabbitmqctl close_all_user_connections guest why":                    {`DELETE /api/connections/username/guest`},
		"rabbitmqctl close_all_connections why":                               {`DELETE /api/connections/a%20-%3E%20b`},
		"rabbitmqctl set_cluster_name c":                                      {`PUT /api/cluster-name {"name":"c"}`},
		"rabbitmqctl set_log_level debug":                                     {`PUT /api/log-levels {"level":"debug"}`},
		"rabbitmqctl set_log_level queue debug":                               {`PUT /api/log-levels/queue {"level":"debug"}`},
		"rabbitmqctl import_definitions":                                      {`POST /api/definitions {}`},
		"leveret publish e k hello":                                           {`POST /api/exchanges/%2F/e/publish {"payload":"hello","payload_encoding":"string","properties":{"delivery_mode":2},"routing_key":"k"}`},
		"leveret get q 2":                                                     {`POST /api/queues/%2F/q/get {"ackmode":"ack_requeue_false","count":2,"encoding":"auto"}`},
		"leveret peek q":                                                      {`POST /api/queues/%2F/q/get {"ackmode":"ack_requeue_true","count":1,"encoding":"auto"}`},
		"leveret purge q":                                                     {`DELETE /api/queues/%2F/q/contents`},
		"leveret import -":                                                    {`POST /api/definitions {}`},
	} {
		t.Run(line, func(t *testing.T) {
			got := run(t, "{}", line)
			require.Zero(t, got.status, got.errors)
			require.Equal(t, want, got.asked)
		})
	}
}

func TestCommandsThatTellSomething(t *testing.T) {
	for line, want := range map[string]string{
		"rabbitmqctl list_users":                                   "Listing users ...\nuser\ttags\nguest\t[administrator, x]\n",
		"rabbitmqctl -q list_users":                                "user\ttags\nguest\t[administrator, x]\n",
		"rabbitmqctl -s list_users":                                "guest\t[administrator, x]\n",
		"rabbitmqctl list_vhosts name tracing":                     "Listing vhosts ...\nname\ttracing\n/\tfalse\n",
		"rabbitmqctl list_permissions":                             "Listing permissions for vhost \"/\" ...\nuser\tconfigure\twrite\tread\nguest\t.*\ta\tb\n",
		"rabbitmqctl list_user_permissions guest":                  "Listing permissions for user \"guest\" ...\nvhost\tconfigure\twrite\tread\n/\t.*\ta\tb\n",
		"rabbitmqctl list_queues":                                  "Timeout: 60.0 seconds ...\nListing queues for vhost / ...\nname\tmessages\nq\t3\n",
		"rabbitmqctl -s list_queues name arguments":                "q\t[{\"x-max-length\",5},{\"x-overflow\",\"drop-head\"}]\n",
		"rabbitmqctl list_queues --formatter json":                 "[\n{\"name\":\"q\",\"messages\":3}\n]\n",
		"rabbitmqctl list_queues --formatter csv -q":               "\"name\",\"messages\"\n\"q\",\"3\"\n",
		"rabbitmqctl list_queues name --formatter pretty_table -q": "┌──────┐\n│ name │\n├──────┤\n│ q    │\n└──────┘\n",
		"rabbitmqctl list_queues -p nowhere -q":                    "",
		"rabbitmqctl -q list_bindings":                             "source_name\tsource_kind\tdestination_name\tdestination_kind\trouting_key\targuments\n\texchange\tq\tqueue\tq\t[]\n",
		"rabbitmqctl -q list_consumers":                            "queue_name\tchannel_pid\tconsumer_tag\tack_required\tprefetch_count\tactive\targuments\nq\tc (1)\tt\ttrue\t2\ttrue\t[]\n",
		"rabbitmqctl -q list_policies":                             "vhost\tname\tpattern\tapply-to\tdefinition\tpriority\n/\tp\t^a\tqueues\t{\"max-length\":1}\t2\n",
		"rabbitmqctl -q list_vhost_limits":                         "{\"max-queues\":3}\n",
		"rabbitmqctl -q list_parameters":                           "component\tname\tvalue\nc\tn\t{\"a\":1}\n",
		"rabbitmqctl hash_password s":                              "Will hash password s\nhashed\n",
		"rabbitmqctl ping":                                         "Will ping n@h. Timeout: 60000 ms.\nPing succeeded\n",
		"rabbitmqctl version":                                      "4.0.5\n",
		"rabbitmqctl await_startup":                                "",
		"rabbitmqctl -q environment":                               "frame-max: 1\n",
		"rabbitmqctl node_health_check":                            "Health check passed\n",
		"rabbitmqctl -q export_definitions -":                      shop()["GET /api/definitions"] + "\n",
		"rabbitmq-diagnostics -q check_running":                    "RabbitMQ on node n@h is fully booted and running\n",
		"rabbitmq-diagnostics -q check_local_alarms":               "Node n@h reported no local alarms\n",
		"rabbitmq-diagnostics -q listeners":                        "Interface: [::], port: 5672, protocol: amqp, purpose: AMQP 0-9-1\n",
		"rabbitmq-diagnostics -q alarms":                           "Node n@h reported no alarms, local or clusterwide\n",
		"rabbitmq-diagnostics -q server_version":                   "4.0.5\n",
		"rabbitmq-plugins -q is_enabled rabbitmq_management":       "Plugin rabbitmq_management is enabled on node n@h\n",
		"rabbitmq-plugins -q list -E -m sharding":                  "rabbitmq_sharding\n",
		"rabbitmq-plugins -s list prometheus":                      "rabbitmq_prometheus\n",
		"leveret get q":                                            "exchange\trouting_key\tredelivered\tpayload_bytes\tpayload\ne\tk\tfalse\t1\tm\n",
		"leveret doctor":                                           "ok       memory\nok       disk\nok       open files\nok       virtual hosts\nok       certificates\n",
	} {
		t.Run(line, func(t *testing.T) {
			got := run(t, "", line)
			require.Zero(t, got.status, got.errors)
			require.Equal(t, want, got.out)
		})
	}
	require.Contains(t, run(t, "", "rabbitmqctl status").out, "OS PID: 7\nOS: Linux\nUptime (seconds): 5\n")
	require.Contains(t, run(t, "", "rabbitmqctl cluster_status").out, "Cluster name: c\n")
	require.Contains(t, run(t, "", "rabbitmqctl report").out, "Listing queues for vhost / ...\nname\tmessages\nq\t3\n")
	require.Contains(t, run(t, "", "rabbitmqctl help add_user").out, "rabbitmqctl add_user <username> [<password>]")
}

func TestCommandsThatFail(t *testing.T) {
	for line, want := range map[string]struct {
		status int
		text   string
	}{
		"rabbitmqctl nonsense":                         {64, "Command 'nonsense' not found."},
		"rabbitmqctl add_user":                         {64, "Error (argument validation): not enough arguments."},
		"rabbitmqctl list_users x":                     {64, "too many arguments."},
		"rabbitmqctl list_users --nothing":             {64, "Invalid options for this command:\n--nothing : \n"},
		"rabbitmqctl add_user guest pw":                {70, "Error:\nUser \"guest\" already exists\n"},
		"rabbitmqctl add_user new":                     {64, "no password was given"},
		"rabbitmqctl change_password nobody x":         {67, "Error:\nUser \"nobody\" does not exist\n"},
		"rabbitmqctl list_user_permissions nobody":     {69, "Error:\n{:no_such_user, \"nobody\"}\n"},
		"rabbitmqctl delete_vhost x":                   {65, "Virtual host 'x' does not exist\n"},
		"rabbitmqctl list_policies -p x":               {65, "Virtual host 'x' does not exist\n"},
		"rabbitmqctl purge_queue nowhere":              {65, "Object (queue, stream, exchange, etc) was not found\n"},
		"rabbitmqctl add_usr":                          {64, "Command 'add_usr' not found. \nDid you mean 'add_user'? \n"},
		"rabbitmqctl help nonsense":                    {64, "Command 'nonsense' not found."},
		"rabbitmqctl list_users -t x":                  {64, "Invalid options for this command:\n-t : x\n"},
		"rabbitmqctl list_users --formatter x":         {64, "--formatter is one of table"},
		"rabbitmqctl await_online_nodes x":             {65, "Argument must be a positive integer"},
		"rabbitmqctl await_online_nodes -t 0 2":        {70, "Not enough nodes joined n@h's cluster"},
		"rabbitmqctl export_definitions /no/such/dir":  {65, "Bad argument: Directory /no/such does not exist"},
		"rabbitmqctl import_definitions /no/such/file": {65, "Bad argument: File /no/such/file does not exist"},
		"rabbitmqctl enable_feature_flag nothing":      {64, "This feature flag is not supported by node n@h"},
		"rabbitmq-plugins enable":                      {64, "not enough arguments."},
		"rabbitmqctl set_permissions -p x guest a b c": {69, "Error:\nVirtual host x does not exist\n"},
		"rabbitmqctl list_queues nosuch":               {64, "Info key(s) nosuch are not supported"},
		"rabbitmqctl delete_queue nowhere":             {64, "Queue not found"},
		"rabbitmqctl set_policy p a x":                 {69, `Could not parse JSON document: {error,{failed_to_decode_json,<<"x">>}}`},
		"rabbitmqctl eval x":                           {64, "there is no Erlang here"},
		"rabbitmq-diagnostics check_alarms":            {69, "memory"},
		"rabbitmq-plugins enable rabbitmq_nothing":     {70, "{:plugins_not_found, [:rabbitmq_nothing]}"},
		"rabbitmq-plugins disable rabbitmq_management": {64, "cannot be disabled"},
		"leveret publish other k m":                    {65, "no queue gets messages"},
		"leveret get q zero":                           {64, "no number above zero"},
		"leveret import nowhere.json":                  {65, "nowhere.json"},
	} {
		t.Run(line, func(t *testing.T) {
			got := run(t, "", line)
			require.Equal(t, want.status, got.status, got.errors)
			require.Contains(t, got.errors, want.text)
		})
	}
	var out, errors bytes.Buffer
	status := ctl.Run("rabbitmqctl", []string{"ping"}, ctl.Environment{Stdout: &out, Stderr: &errors, DataDir: t.TempDir()})
	require.Equal(t, 69, status)
	require.Contains(t, errors.String(), "unable to reach the broker")
}

func TestDryRun(t *testing.T) {
	file := filepath.Join(t.TempDir(), "d.json")
	require.NoError(t, os.WriteFile(file, []byte(`{"users":[{"name":"guest","tags":"monitoring"},{"name":"new"}],"queues":[{"vhost":"/","name":"q","durable":true}]}`), 0o600))
	got := run(t, "", "leveret import --dry-run "+file)
	require.Zero(t, got.status, got.errors)
	require.Equal(t, "+ users new\n~ users guest: tags is \"administrator\", would be \"monitoring\"\n", got.out)
	require.Empty(t, got.asked)
}

// urlOption is how a program is told where the broker is.
func urlOption(program string) string {
	if program == ctl.AdminName {
		return "--base-uri"
	}
	return "--url"
}

func TestDryRun_OfWhatHasNoPlace(t *testing.T) {
	for file, text := range map[string]string{
		`{"queues":[{"vhost":"none","name":"q"}]}`:                               `queues none q: please create virtual host "none" prior to importing definitions`,
		`{"permissions":[{"vhost":"none","user":"guest"}]}`:                      `please create virtual host "none"`,
		`{"permissions":[{"vhost":"/","user":"nobody"}]}`:                        `permissions / nobody: user does not exist: "nobody"`,
		`{"parameters":[{"vhost":"none","component":"x","name":"y","value":1}]}`: `please create virtual host "none"`,
	} {
		path := filepath.Join(t.TempDir(), "d.json")
		require.NoError(t, os.WriteFile(path, []byte(file), 0o600))
		got := run(t, "", "leveret import --dry-run "+path)
		require.Equal(t, 65, got.status, file)
		require.Contains(t, got.errors, text)
	}
	path := filepath.Join(t.TempDir(), "d.json")
	require.NoError(t, os.WriteFile(path, []byte(`{"vhosts":[{"name":"made"}],"users":[{"name":"too"}],"permissions":[{"vhost":"made","user":"too"}]}`), 0o600))
	require.Zero(t, run(t, "", "leveret import --dry-run "+path).status)
}

func TestDryRun_OfWhatIsNoFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "d.json")
	require.NoError(t, os.WriteFile(file, []byte(`{"users":1}`), 0o600))
	got := run(t, "", "leveret import --dry-run "+file)
	require.Equal(t, 65, got.status)
	require.Contains(t, got.errors, "users is no list")
}

func TestWord(t *testing.T) {
	require.Equal(t, "status", ctl.Word([]string{"--data-dir", "d", "status"}))
	require.Equal(t, "doctor", ctl.Word([]string{"--socket=/s", "-q", "doctor", "x"}))
	require.Empty(t, ctl.Word([]string{"--amqp-listen", ":1", "status"}))
	require.Empty(t, ctl.Word(nil))
}
