package main_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	amqp091 "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

// shopDefinitions are those of a broker with one user, whose password is "secret".
const shopDefinitions = `{
	"users": [{"name": "shop", "password": "secret", "tags": ["administrator"]}],
	"vhosts": [{"name": "/"}],
	"permissions": [{"user": "shop", "vhost": "/", "configure": ".*", "write": ".*", "read": ".*"}],
	"policies": [{"vhost": "/", "name": "short", "pattern": "^new$", "apply-to": "queues", "priority": 1, "definition": {"max-length": 1}}],
	"queues": [{"name": "new", "vhost": "/", "durable": true, "auto_delete": false, "arguments": {}}]
}`

func TestDefinitionsAreLoaded(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "shop.json")
	require.NoError(t, os.WriteFile(file, []byte(shopDefinitions), 0o600))
	for _, path := range []string{file, dir} {
		p := start(t, nil, "--amqp-listen", anyPort, "--load-definitions", path)
		url := connectURL(t, p.ready())
		_, err := amqp091.Dial(url)
		require.ErrorIs(t, err, amqp091.ErrCredentials, "there is no guest")
		connection, err := amqp091.Dial(regexp.MustCompile(`//[^@]*@`).ReplaceAllString(url, "//shop:secret@"))
		require.NoError(t, err)
		channel, err := connection.Channel()
		require.NoError(t, err)
		require.NoError(t, channel.Confirm(false))
		for range 3 {
			confirmation, err := channel.PublishWithDeferredConfirm("", "new", false, false, amqp091.Publishing{})
			require.NoError(t, err)
			require.True(t, confirmation.Wait())
		}
		q, err := channel.QueueDeclarePassive("new", true, false, false, false, nil)
		require.NoError(t, err)
		require.Equal(t, 1, q.Messages, "the policy applies")
		require.NoError(t, connection.Close())
	}
}

// What was imported and has not changed need not be imported again.
func TestDefinitionsAreLoadedOnce(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "shop.json")
	require.NoError(t, os.WriteFile(file, []byte(shopDefinitions), 0o600))
	run := func() string {
		p := start(t, []string{"LEVERET_LOAD_DEFINITIONS_SKIP_UNCHANGED=true"},
			"--data-dir", filepath.Join(dir, "data"), "--amqp-listen", anyPort, "--load-definitions", file)
		p.ready()
		require.NoError(t, p.command.Process.Signal(os.Interrupt))
		status, _, stderr := p.wait()
		require.Zero(t, status, stderr)
		return stderr
	}
	require.Contains(t, run(), "definitions were imported")
	require.Contains(t, run(), "definitions have not changed")
	require.NoError(t, os.WriteFile(file, []byte(shopDefinitions+" "), 0o600))
	require.Contains(t, run(), "definitions were imported")
}

func TestDefinitionsThatCannotBe(t *testing.T) {
	file := filepath.Join(t.TempDir(), "bad.json")
	refused := func(why string) {
		status, _, stderr := start(t, nil, "--amqp-listen", anyPort, "--load-definitions", file).wait()
		require.Equal(t, 2, status, stderr)
		require.Contains(t, stderr, "load-definitions")
		require.Contains(t, stderr, file)
		require.Contains(t, stderr, why)
	}
	refused("no such file")
	require.NoError(t, os.WriteFile(file, []byte(`{"queues": 5}`), 0o600))
	refused("queues")
}
