// Package roundtrip carries definitions between two brokers and looks at what is different
// after each way: from the first to the second, and back to the first under other names; of
// the whole broker, and of one virtual host. Each test fills the first broker with all that
// can be defined. It holds tests only, and is run with Leveret as one of the two brokers, and
// a RabbitMQ as the other:
//
//	OPERATIONS_HTTP_URL=http://guest:guest@127.0.0.1:15672 OPERATIONS_AMQP_URL=amqp://guest:guest@127.0.0.1:5672/ \
//	OPERATIONS_OTHER_HTTP_URL=... OPERATIONS_OTHER_AMQP_URL=... go test -C clients/operations -count=1 ./roundtrip
//
// What a test makes has the token of its run in its name, and is deleted in the end: the
// RabbitMQ may have other work. Numbers are compared as they are written, so that 1 is not
// 1.0; the order within a list of definitions does not count.
package roundtrip
