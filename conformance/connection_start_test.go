package conformance

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Section 1.2 of the behaviour reference: connection.start.

func TestConnection_StartNamesVersionZeroNine(t *testing.T) {
	rule(t, "connection")
	start := rawDial(t).start()
	require.Equal(t, [2]byte{0, 9}, [2]byte{start.major, start.minor})
}

func TestConnection_StartOffersTheLocale(t *testing.T) {
	rule(t, "connection")
	require.Equal(t, "en_US", rawDial(t).start().locales)
}

func TestConnection_StartOffersTheMechanism(t *testing.T) {
	rule(t, "connection")
	for _, name := range []string{"PLAIN", "AMQPLAIN"} {
		t.Run(name, func(t *testing.T) {
			rule(t, "connection")
			require.Contains(t, strings.Split(rawDial(t).start().mechanisms, " "), name)
		})
	}
}

func TestConnection_StartDoesNotOfferExternalWithoutTLS(t *testing.T) {
	rule(t, "connection")
	require.NotContains(t, strings.Split(rawDial(t).start().mechanisms, " "), "EXTERNAL")
}

func TestConnection_StartHasTheServerProperty(t *testing.T) {
	rule(t, "connection")
	for _, name := range []string{"cluster_name", "copyright", "information", "platform", "product", "version"} {
		t.Run(name, func(t *testing.T) {
			rule(t, "connection")
			value, isString := rawDial(t).start().serverProperties[name].(string)
			require.True(t, isString, "a long string is expected")
			require.NotEmpty(t, value)
		})
	}
}

func TestConnection_StartHasTheCapability(t *testing.T) {
	rule(t, "connection")
	for _, name := range []string{
		"publisher_confirms", "exchange_exchange_bindings", "basic.nack", "consumer_cancel_notify",
		"connection.blocked", "consumer_priorities", "authentication_failure_close", "per_consumer_qos",
		"direct_reply_to",
	} {
		t.Run(name, func(t *testing.T) {
			rule(t, "connection")
			capabilities, isTable := rawDial(t).start().serverProperties["capabilities"].(map[string]any)
			require.True(t, isTable, "a table is expected")
			require.Equal(t, true, capabilities[name])
		})
	}
}

// Clients compare versions by their parts, so a version that is not numbers and dots
// up front breaks them.
func TestConnection_StartVersionIsNumbersAndDots(t *testing.T) {
	rule(t, "connection")
	require.Regexp(t, `^\d+\.\d+\.\d+`, rawDial(t).start().serverProperties["version"])
}
