package server

import (
	"github.com/leveretmq/leveret/auth"
)

// rights is what the user of the connection may do in its virtual host.
func (c *connection) rights() Rights {
	return Rights{Permissions: c.server.Authenticator, User: c.user, VHost: c.vhost}
}

// mayQueue asks for an operation on a queue.
func (c *connection) mayQueue(op auth.Operation, name string) error {
	return c.rights().Queue(op, name)
}
