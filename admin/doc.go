// Package admin is what operators do with a broker while it runs: users, virtual
// hosts, permissions, limits and parameters, and the import and export of all
// definitions. The HTTP API and the command line call it; it knows neither of them.
//
// # Changes
//
// A change is checked, takes effect in memory at once, and is durable when the
// method returns. Memory and store see all changes in the same order, as a lock is
// held over both; it is not held while the disk is waited for.
//
//	method -> auth.Directory (users, virtual hosts, permissions)
//	       -> broker.Broker  (the virtual host itself, limits, policies)
//	       -> store, through broker.Define
//	       -> event exchange, audit log
//
// What ends with a user or a virtual host, as its permissions and its connections
// do, ends within the same call. Each call names its Actor, whom events and the audit
// log tell of; whether that user may do so is up to the caller. The line of the audit log
// has the names of what has changed, and no values.
//
// # Errors
//
// They are those of the packages below, for errors.Is and errors.As: auth's
// (ErrNoSuchUser, ErrInvalidName and so on) and *amqp.Error from the topology.
package admin
