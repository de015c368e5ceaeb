package admin

import "github.com/leveretmq/leveret/broker"

// tell tells the event exchange of a change. Names and properties are RabbitMQ's.
func (a *Admin) tell(event string, by Actor, pairs ...any) {
	if a.broker.Observing() {
		a.broker.Emit(event, broker.Fields(append(pairs, "user_who_performed_action", by.User)...))
	}
}
