package auth_test

import (
	"net"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/auth"
)

func newInternal(t *testing.T) *auth.Internal {
	t.Helper()
	i, err := auth.NewInternal(auth.Options{
		Users: []auth.Credentials{
			{Name: "guest", Password: "guest", Tags: []string{"administrator"}},
			{Name: "app", Password: "s3cret"},
		},
		LoopbackUsers: []string{"guest"},
		VHosts:        []string{"/"},
	})
	require.NoError(t, err)
	return i
}

func from(address string) auth.Peer {
	return auth.Peer{Remote: net.TCPAddrFromAddrPort(mustAddrPort(address))}
}

// amqplain is an AMQPLAIN response: a field table without its length.
func amqplain(fields ...amqp.Field) string {
	return string(amqp.AppendTable(nil, fields)[4:])
}

func TestLoginAcceptsBothMechanisms(t *testing.T) {
	i := newInternal(t)
	require.Equal(t, "AMQPLAIN PLAIN", i.Mechanisms())

	for mechanism, response := range map[string]string{
		"PLAIN": "\x00guest\x00guest",
		"AMQPLAIN": amqplain(
			amqp.Field{Key: "LOGIN", Value: "guest"},
			amqp.Field{Key: "PASSWORD", Value: []byte("guest")},
		),
	} {
		user, err := i.Login(mechanism, response, from("127.0.0.1:40000"))
		require.NoError(t, err, mechanism)
		require.Equal(t, "guest", user.Name, mechanism)
		require.Equal(t, []string{"administrator"}, user.Tags, mechanism)
	}
}

func TestLoginRefusals(t *testing.T) {
	i := newInternal(t)
	for name, c := range map[string]struct {
		mechanism, response, from string
		want                      error
	}{
		"wrong password":              {"PLAIN", "\x00app\x00wrong", "10.0.0.1:1", auth.ErrRefused},
		"unknown user":                {"PLAIN", "\x00nobody\x00guest", "10.0.0.1:1", auth.ErrRefused},
		"password of another user":    {"PLAIN", "\x00app\x00guest", "127.0.0.1:1", auth.ErrRefused},
		"prefix of the password":      {"PLAIN", "\x00app\x00s3cre", "10.0.0.1:1", auth.ErrRefused},
		"blank password":              {"PLAIN", "\x00app\x00", "10.0.0.1:1", auth.ErrRefused},
		"blank password, AMQPLAIN":    {"AMQPLAIN", amqplain(amqp.Field{Key: "LOGIN", Value: "app"}, amqp.Field{Key: "PASSWORD", Value: ""}), "10.0.0.1:1", auth.ErrRefused},
		"blank name":                  {"PLAIN", "\x00\x00guest", "127.0.0.1:1", auth.ErrRefused},
		"loopback user from outside":  {"PLAIN", "\x00guest\x00guest", "10.0.0.1:1", auth.ErrRefused},
		"PLAIN with authzid":          {"PLAIN", "x\x00app\x00s3cret", "10.0.0.1:1", auth.ErrMalformedResponse},
		"PLAIN with more":             {"PLAIN", "\x00app\x00s3cret\x00", "10.0.0.1:1", auth.ErrMalformedResponse},
		"PLAIN with less":             {"PLAIN", "\x00app", "10.0.0.1:1", auth.ErrMalformedResponse},
		"PLAIN empty":                 {"PLAIN", "", "10.0.0.1:1", auth.ErrMalformedResponse},
		"AMQPLAIN not a table":        {"AMQPLAIN", "\x05LOGIN", "10.0.0.1:1", auth.ErrMalformedResponse},
		"AMQPLAIN empty":              {"AMQPLAIN", "", "10.0.0.1:1", auth.ErrMalformedResponse},
		"AMQPLAIN without PASSWORD":   {"AMQPLAIN", amqplain(amqp.Field{Key: "LOGIN", Value: "app"}), "10.0.0.1:1", auth.ErrMalformedResponse},
		"AMQPLAIN without LOGIN":      {"AMQPLAIN", amqplain(amqp.Field{Key: "PASSWORD", Value: "x"}), "10.0.0.1:1", auth.ErrMalformedResponse},
		"AMQPLAIN, LOGIN a number":    {"AMQPLAIN", amqplain(amqp.Field{Key: "LOGIN", Value: int32(1)}, amqp.Field{Key: "PASSWORD", Value: "x"}), "10.0.0.1:1", auth.ErrMalformedResponse},
		"AMQPLAIN, PASSWORD a number": {"AMQPLAIN", amqplain(amqp.Field{Key: "LOGIN", Value: "app"}, amqp.Field{Key: "PASSWORD", Value: int32(1)}), "10.0.0.1:1", auth.ErrRefused},
		"EXTERNAL":                    {"EXTERNAL", "", "127.0.0.1:1", auth.ErrUnknownMechanism},
		"no mechanism":                {"", "\x00app\x00s3cret", "127.0.0.1:1", auth.ErrUnknownMechanism},
		"mechanism in lower case":     {"plain", "\x00app\x00s3cret", "127.0.0.1:1", auth.ErrUnknownMechanism},
	} {
		t.Run(name, func(t *testing.T) {
			user, err := i.Login(c.mechanism, c.response, from(c.from))
			require.ErrorIs(t, err, c.want)
			require.Zero(t, user)
		})
	}
}

func TestUnknownUserLooksLikeWrongPassword(t *testing.T) {
	i := newInternal(t)
	_, unknown := i.Login("PLAIN", "\x00abc\x00x", from("10.0.0.1:1"))
	_, wrong := i.Login("PLAIN", "\x00app\x00x", from("10.0.0.1:1"))
	require.EqualError(t, unknown, "PLAIN login refused: user 'abc' - invalid credentials")
	require.EqualError(t, wrong, "PLAIN login refused: user 'app' - invalid credentials")
}

func TestErrorsDoNotCarryThePassword(t *testing.T) {
	i := newInternal(t)
	for mechanism, response := range map[string]string{
		"PLAIN":    "x\x00app\x00hunter2",
		"AMQPLAIN": "\x08PASSWORDS\x00\x00\x00\x07hunter2",
		"EXTERNAL": "hunter2",
	} {
		_, err := i.Login(mechanism, response, from("10.0.0.1:1"))
		require.Error(t, err)
		require.NotContains(t, err.Error(), "hunter2")
	}
}
