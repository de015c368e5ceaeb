package exchange

import (
	"strings"

	"github.com/leveretmq/leveret/amqp"
)

// reservedPrefix starts the names that only the broker gives out
// (specification, exchange.declare).
const reservedPrefix = "amq."

// CheckType refuses an unknown exchange type with 406 (RabbitMQ 4; it was 503
// up to 3.13.0).
func CheckType(name string) error {
	_, err := checks(name)
	return err
}

// CheckDefault refuses to declare, delete, bind or unbind the default exchange
// with 403.
func CheckDefault(name string) error {
	if name == Default {
		return amqp.Errorf(amqp.CodeAccessRefused, "operation not permitted on the default exchange")
	}
	return nil
}

// CheckNewName refuses with 403 to make an exchange whose name is reserved.
// Existing exchanges with such names may be declared again.
func CheckNewName(name string) error {
	if strings.HasPrefix(name, reservedPrefix) {
		return amqp.Errorf(amqp.CodeAccessRefused,
			"exchange name '%s' contains reserved prefix 'amq.*'", name)
	}
	return nil
}

// CheckDelete refuses with 403 to delete the default exchange and all names
// that are reserved, whether they exist or not.
func CheckDelete(name, vhost string) error {
	if err := CheckDefault(name); err != nil {
		return err
	}
	if strings.HasPrefix(name, reservedPrefix) {
		return amqp.Errorf(amqp.CodeAccessRefused,
			"deletion of system %s not allowed", describe(name, vhost))
	}
	return nil
}

// Validate refuses with 406 what no new exchange can be: an unknown type, an
// alternate exchange whose name is no text, and what the type itself refuses.
func (s Spec) Validate() error {
	k, err := checks(s.Type)
	if err != nil {
		return err
	}
	if err := s.checkText(AlternateExchange); err != nil {
		return err
	}
	if k.checkDeclare == nil {
		return nil
	}
	return k.checkDeclare(s)
}

// checkText refuses an argument that is there and is no text.
func (s Spec) checkText(name string) error {
	v, ok := s.Arguments.Lookup(name)
	if _, text := v.(string); ok && !text {
		return amqp.Errorf(amqp.CodePreconditionFailed, "invalid type '%s' for arg '%s' in %s",
			amqp.TypeName(v), name, describe(s.Name, s.VHost))
	}
	return nil
}

// CheckBinding refuses with 406 a binding that the exchange's type cannot have
// with this exchange as its source.
func (s Spec) CheckBinding(b Binding) error {
	k, err := checks(s.Type)
	if err != nil || k.checkBinding == nil {
		return err
	}
	return k.checkBinding(s, b)
}
