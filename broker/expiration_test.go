package broker_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/message"
)

// The expiration of a message is its publisher's, in milliseconds and in
// words. What is refused is refused with the words that Erlang has for it.
func TestExpiration(t *testing.T) {
	f := start(t)
	for value, reason := range map[string]string{
		"0":                        "",
		"1":                        "",
		"60000":                    "",
		"+5":                       "",
		"-0":                       "",
		"007":                      "",
		"315360000000":             "", // ten years
		"":                         "no_integer",
		" ":                        "no_integer",
		"soon":                     "no_integer",
		"-":                        "no_integer",
		"+-1":                      "no_integer",
		"--1":                      "no_integer",
		" 1":                       "no_integer",
		"1s":                       `{leftover_string,"s"}`,
		"1 ":                       `{leftover_string," "}`,
		"1.5":                      `{leftover_string,".5"}`,
		"-1x":                      `{leftover_string,"x"}`,
		"1\"":                      `{leftover_string,"\""}`,
		"-1":                       "{value_negative,-1}",
		"-99999999999999999999":    "{value_negative,-99999999999999999999}",
		"315360000001":             "{value_too_large,315360000001}",
		"9223372036854775808":      "{value_too_large,9223372036854775808}",
		"+99999999999999999999999": "{value_too_large,99999999999999999999999}",
	} {
		t.Run(value, func(t *testing.T) {
			m := &message.Message{RoutingKey: "nowhere", Properties: amqp.PropertyList{
				Expiration: value, Present: amqp.FlagExpiration,
			}.Encode()}
			_, err := f.vhost.NewPublisher("guest").Route(m)
			if reason == "" {
				require.NoError(t, err)
				return
			}
			requireRefused(t, "PRECONDITION_FAILED - invalid expiration '"+value+"': "+reason, err)
		})
	}
}
