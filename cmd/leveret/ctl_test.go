package main_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The command line manages a broker through the socket in its data directory, under
// RabbitMQ's names too.
func TestCommandLine(t *testing.T) {
	dir, err := os.MkdirTemp("", "ctl") // the path of a socket has to be short
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	p := start(t, nil, "--data-dir", dir, "--amqp-listen", anyPort)
	p.ready()
	link := filepath.Join(t.TempDir(), "rabbitmqctl")
	require.NoError(t, os.Symlink(binary(t), link))
	call := func(program string, args ...string) (string, int) {
		command := exec.Command(program, args...)
		command.Env = append(os.Environ(), "LEVERET_DATA_DIR="+dir)
		out, err := command.CombinedOutput()
		if err != nil {
			require.IsType(t, new(exec.ExitError), err)
		}
		return string(out), command.ProcessState.ExitCode()
	}
	definitions := filepath.Join(dir, "queues.json")
	require.NoError(t, os.WriteFile(definitions,
		[]byte(`{"queues":[{"vhost":"/","name":"from","durable":true},{"vhost":"/","name":"to","durable":true}]}`), 0o600))
	for _, one := range []struct {
		program, args, want string
		status              int
	}{
		{link, "add_user app secret", "Adding user \"app\" ...\n", 0},
		{link, "authenticate_user app secret", "Success", 0},
		{link, "authenticate_user app wrong", "failed to authenticate", 65},
		{link, "change_password app other", "Changing password", 0},
		{link, "authenticate_user app other", "Success", 0},
		{link, "set_permissions -p / app ^a .* .*", "Setting permissions", 0},
		{link, "-q list_user_permissions app", "vhost\tconfigure\twrite\tread\n/\t^a\t.*\t.*\n", 0},
		{link, "add_vhost shop", "Adding vhost", 0},
		{link, `set_policy -p shop short ^q {"max-length":1}`, "Setting policy", 0},
		{link, "-q list_policies -p shop", "shop\tshort\t^q\tall\t{\"max-length\":1}\t0\n", 0},
		{link, "-q list_exchanges", "amq.direct\tdirect\n", 0},
		{link, "set_log_level debug", "", 0},
		{link, "delete_vhost shop", "Deleting vhost", 0},
		{binary(t), "rabbitmq-diagnostics check_running", "fully booted", 0},
		{binary(t), "rabbitmq-diagnostics check_virtual_hosts", "reported all vhosts as running", 0},
		{binary(t), "status", "Product name: Leveret", 0},
		{binary(t), "queues", "", 0},
		{binary(t), "nosuch", "unknown command", 2},
		{binary(t), "--data-dir " + dir + " status", "Product name: Leveret", 0},
		{binary(t), "--socket /nowhere doctor", "unable to reach", 69},
		{binary(t), "--data-dir " + dir + " rabbitmqctl -q list_vhosts", "name\n/\n", 0},
		{binary(t), "--log-level debug status", "options of status go behind it", 2},
		{link, "-q import_definitions " + definitions, "", 0},
		{binary(t), "publish amq.default from hello", "", 0},
		{binary(t), "move from to", "Moved 1 messages (5 octets)", 0},
		{binary(t), "move from nowhere", "no queue 'nowhere' in vhost '/'", 65},
		{binary(t), "move to nowhere", "no queue 'nowhere' in vhost '/'", 65},
		{binary(t), "trace --queue (", "error parsing regexp", 65},
		{binary(t), "-q queues name messages_ready", "name\tmessages_ready\nfrom\t0\nto\t1\n", 0},
		{binary(t), "help move", "--to-vhost     virtual host of the destination", 0},
		{binary(t), "top --help", "leveret top [queues|connections] [--by <order>]", 0},
		{link, "list_queues --help", "rabbitmqctl list_queues [--vhost <vhost>]", 0},
		{link, "stop", "Stopping and halting node", 0},
	} {
		out, status := call(one.program, strings.Split(one.args, " ")...)
		require.Equal(t, one.status, status, "%s: %s", one.args, out)
		require.Contains(t, out, one.want, one.args)
	}
	status, _, stderr := p.wait()
	require.Zero(t, status, stderr)
}

// Shells ask the executable what can stand where: that knows all commands, with their
// options, and those of RabbitMQ's programs.
func TestCompletion(t *testing.T) {
	for line, want := range map[string][]string{
		"":                       {"move\t", "trace\t", "top\t", "purge\t", "rabbitmqctl\t", "bench\t", "serve\t"},
		"mo":                     {"move\tMove the messages"},
		"top ":                   {"queues\t", "connections\t"},
		"top --by d":             {"deliver\t", "depth\t"},
		"queues --format ":       {"table\t", "csv\t", "json\t"},
		"move a b --to":          {"--to-vhost\tvirtual host of the destination"},
		"trace --b":              {"--body\thow many octets"},
		"rabbitmqctl list_q":     {"list_queues\tLists queues"},
		"rabbitmq-diagnostics c": {"check_running\t"},
		"rabbitmqctl x --prio":   {"--priority\t"},
	} {
		args := append([]string{"__complete"}, strings.Split(line, " ")...)
		out, err := exec.Command(binary(t), args...).Output()
		require.NoError(t, err)
		for _, word := range want {
			require.Contains(t, "\n"+string(out), "\n"+word, line)
		}
	}
	for _, shell := range []string{"bash", "zsh", "fish"} {
		out, err := exec.Command(binary(t), "completion", shell).Output()
		require.NoError(t, err)
		require.Contains(t, string(out), "__complete", shell)
	}
}
