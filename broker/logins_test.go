package broker

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLogins(t *testing.T) {
	for _, track := range []bool{false, true} {
		b := &Broker{logins: newLogins(track)}
		b.CountLogin("http", "127.0.0.1", "guest", true)
		b.CountLogin("amqp091", "127.0.0.1", "guest", true)
		b.CountLogin("amqp091", "10.0.0.1", "guest", false)
		b.CountLogin("amqp091", "10.0.0.1", "guest", false)
		require.Equal(t, []Logins{{Protocol: "amqp091", Succeeded: 1, Failed: 2}, {Protocol: "http", Succeeded: 1}}, b.Logins())
		if !track {
			require.Empty(t, b.LoginSources())
			continue
		}
		require.Equal(t, []Logins{
			{Protocol: "amqp091", Remote: "10.0.0.1", User: "guest", Failed: 2},
			{Protocol: "amqp091", Remote: "127.0.0.1", User: "guest", Succeeded: 1},
			{Protocol: "http", Remote: "127.0.0.1", User: "guest", Succeeded: 1},
		}, b.LoginSources())
		b.ForgetLogins()
		require.Empty(t, b.LoginSources())
		require.Empty(t, b.Logins())
	}
}

// Whoever guesses names does not fill the memory.
func TestLogins_SourcesAreBounded(t *testing.T) {
	b := &Broker{logins: newLogins(true)}
	for i := range 2 * maxLoginSources {
		b.CountLogin("amqp091", "10.0.0.1", fmt.Sprint("user", i), false)
	}
	require.Len(t, b.LoginSources(), maxLoginSources)
	require.EqualValues(t, 2*maxLoginSources, b.Logins()[0].Failed)
}
