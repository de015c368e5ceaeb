package broker

// Permits asks whether a declaration is allowed; nil allows it. A refusal is an
// *amqp.Error.
type Permits struct {
	// Owner is the connection that asks, for events.
	Owner any
	// Declare is asked when the name is known, before anything is looked up.
	Declare func(name string) error
	// Create is asked before something new is made, with the topology locked.
	Create func() error
}

func (p Permits) declare(name string) error {
	if p.Declare == nil {
		return nil
	}
	return p.Declare(name)
}

func (p Permits) create() error {
	if p.Create == nil {
		return nil
	}
	return p.Create()
}
