package exchange

import "github.com/leveretmq/leveret/amqp"

// describe names an exchange the way all texts do.
func describe(name, vhost string) string {
	return "exchange '" + name + "' in vhost '" + vhost + "'"
}

// Missing is the error for an exchange that does not exist: 404.
func Missing(name, vhost string) *amqp.Error {
	return amqp.Errorf(amqp.CodeNotFound, "no %s", describe(name, vhost))
}

// InUse is the error for an exchange that was to be deleted only if it is
// unused, and is the source of a binding: 406.
func InUse(name, vhost string) *amqp.Error {
	return amqp.Errorf(amqp.CodePreconditionFailed, "%s in use", describe(name, vhost))
}

// PublishInternal is the error for a publish to an internal exchange: 403.
func PublishInternal(name, vhost string) *amqp.Error {
	return amqp.Errorf(amqp.CodeAccessRefused, "cannot publish to internal %s", describe(name, vhost))
}
