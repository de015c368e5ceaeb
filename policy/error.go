package policy

import "strings"

// Error says all that is wrong with a policy or another parameter.
type Error struct {
	// Problems are RabbitMQ's sentences, without a full stop.
	Problems []string
}

// Error is RabbitMQ's text, which ends with a line break. The HTTP API of RabbitMQ
// escapes it for HTML.
func (e *Error) Error() string {
	return "Validation failed\n\n" + strings.Join(e.Problems, "\n") + "\n"
}
