package definitions

// User is someone who may log in.
type User struct {
	// Name is not empty.
	Name string
	// PasswordHash is as RabbitMQ exports it: base64 of the salt and the digest.
	// Empty, or of a length that the algorithm does not have, it matches no
	// password.
	PasswordHash string
	// HashingAlgorithm is the name of the algorithm that made PasswordHash, like
	// "rabbit_password_hashing_sha256". It is kept even if it is not known here.
	HashingAlgorithm string
	// Tags are roles in management, like "administrator".
	Tags []string
	// MaxConnections and MaxChannels bound what the user has open at a time.
	MaxConnections Limit
	MaxChannels    Limit
}

// VHost is a virtual host: a name space of exchanges and queues.
type VHost struct {
	Name        string
	Description string
	Tags        []string
	// DefaultQueueType is the type of queues that are declared without one;
	// empty leaves that to the broker.
	DefaultQueueType string
	// ProtectedFromDeletion refuses the deletion of the virtual host.
	ProtectedFromDeletion bool
	// MaxConnections and MaxQueues bound what the virtual host has at a time.
	MaxConnections Limit
	MaxQueues      Limit
	// Tracing copies all messages to the exchange amq.rabbitmq.trace.
	Tracing bool
}

// Permission is what a user may do in a virtual host: a regular expression per
// kind of operation, which is searched for in the names of queues and exchanges.
type Permission struct {
	User, VHost            string
	Configure, Write, Read string
}

// TopicPermission restricts the routing keys that a user may use with a topic
// exchange, by regular expressions that are searched for in the key.
type TopicPermission struct {
	User, VHost, Exchange string
	Write, Read           string
}

// Limit bounds a number of things. The zero Limit bounds nothing, and neither
// does a negative Max, which RabbitMQ keeps and exports; a Max of zero allows
// none.
type Limit struct {
	// Set tells a limit that was given from none.
	Set bool
	// Max is meaningful if Set.
	Max int64
}

// LimitOf is a limit that is given.
func LimitOf(maximum int64) Limit { return Limit{Set: true, Max: maximum} }

// Bounds tells whether there is a bound at all.
func (l Limit) Bounds() bool { return l.Set && l.Max >= 0 }
