package lockorder

// Rank is a place in the order of locks.
type Rank interface{ rank() int }

// The ranks of the broker's locks.
type (
	// Policies is held while those of a virtual host change, for as long as it takes
	// to tell all queues and consumers.
	Policies struct{}
	// Connection is what the reader and the writer of a connection share.
	Connection struct{}
	// Topology is the exchanges, queues and bindings of a virtual host.
	Topology struct{}
	// Queue is one queue; the only rank that may be taken more than once.
	Queue struct{}
	// Window is the confirms of one channel.
	Window struct{}
	// Wants is what waits for the writer of a connection.
	Wants struct{}
)

func (Policies) rank() int   { return 1 }
func (Connection) rank() int { return 2 }
func (Topology) rank() int   { return 3 }
func (Queue) rank() int      { return 4 }
func (Window) rank() int     { return 5 }
func (Wants) rank() int      { return 6 }
