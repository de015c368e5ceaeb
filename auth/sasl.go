package auth

import (
	"fmt"
	"strings"

	"github.com/leveretmq/leveret/amqp"
)

// credentials is what PLAIN and AMQPLAIN carry.
type credentials struct {
	name, password string
}

// The response never appears in an error: it holds a password.

// parsePlain reads NUL name NUL password. RFC 4616 allows an authorization
// identity in front; like RabbitMQ, the broker accepts none.
func parsePlain(response string) (credentials, error) {
	parts := strings.Split(response, "\x00")
	if len(parts) != 3 || parts[0] != "" {
		return credentials{}, fmt.Errorf("PLAIN: %w: it must be NUL, user name, NUL, password", ErrMalformedResponse)
	}
	return credentials{name: parts[1], password: parts[2]}, nil
}

// parseAMQPLAIN reads a field table without its length, with LOGIN and
// PASSWORD (RabbitMQ behaviour; the mechanism is in no specification).
func parseAMQPLAIN(response string) (credentials, error) {
	table, err := amqp.DecodeTable([]byte(response))
	if err != nil {
		return credentials{}, fmt.Errorf("AMQPLAIN: %w: not a field table", ErrMalformedResponse)
	}
	name, err := textField(table, "LOGIN", ErrMalformedResponse)
	if err != nil {
		return credentials{}, err
	}
	// A password that is no text is wrong credentials, which the client is
	// told (measured on RabbitMQ 3.10 and 4.0).
	password, err := textField(table, "PASSWORD", ErrRefused)
	if err != nil {
		return credentials{}, err
	}
	return credentials{name: name, password: password}, nil
}

// textField is the value of a field that has to be there, and to be a long
// string or a byte array. Another type is an error of the given kind.
func textField(table amqp.Table, key string, wrongType error) (string, error) {
	value, ok := table.Lookup(key)
	if !ok {
		return "", fmt.Errorf("AMQPLAIN: %w: it is missing the field %s", ErrMalformedResponse, key)
	}
	switch text := value.(type) {
	case string:
		return text, nil
	case []byte:
		return string(text), nil
	default:
		return "", fmt.Errorf("AMQPLAIN: %w: its field %s is a %s, not a longstr", wrongType, key, amqp.TypeName(value))
	}
}
