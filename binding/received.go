package binding

import "github.com/leveretmq/leveret/amqp"

// received are the headers of a message while they are matched. If a header
// occurs twice its last occurrence counts (RabbitMQ 4 behaviour).
type received struct {
	fields amqp.Table
	// places is made for long tables only: a publisher must not be able to make
	// matching quadratic.
	places map[string]int
}

func receive(fields amqp.Table) received {
	r := received{fields: fields}
	if len(fields) >= indexedFrom {
		r.places = make(map[string]int, len(fields))
		for i := range fields {
			r.places[fields[i].Key] = i
		}
	}
	return r
}

// find returns the place of a header, or -1.
func (r *received) find(key string) int {
	if r.places != nil {
		if i, ok := r.places[key]; ok {
			return i
		}
		return -1
	}
	for i := len(r.fields) - 1; i >= 0; i-- {
		if r.fields[i].Key == key {
			return i
		}
	}
	return -1
}
