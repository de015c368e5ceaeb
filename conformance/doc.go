// Package conformance tells whether a broker speaks AMQP 0-9-1 as RabbitMQ does.
// It holds tests only, black boxes over amqp091-go and, where that library
// refuses to misbehave, over a raw TCP client. Nothing of Leveret is imported.
//
// # Running
//
//	go test -C conformance -count=1                # builds and starts ./cmd/leveret
//	CONFORMANCE_URL=amqp://guest:guest@127.0.0.1:5672/ go test -C conformance -count=1
//	CONFORMANCE_HTTP_URL=http://guest:guest@127.0.0.1:15672 ... # and its management API
//	conformance/rabbitmq/run.sh debian12           # a private RabbitMQ 3.10
//	conformance/rabbitmq/run.sh debian13           # a private RabbitMQ 4.0
//
// The scripts enable the plugins of exchange types that RabbitMQ ships; another
// RabbitMQ needs them enabled, see rabbitmq/instance.sh.
//
// The run ends with a scorecard. go test shows it for a passing run when it is
// started in this directory (which -C does) or with -v.
//
// # Writing a test
//
// One test per rule, named after the rule: TestQueue_DeleteOfAMissingQueueAnswersZero.
// The first line is rule(t, group), which enters the test into the scorecard and
// lets top-level tests run in parallel; never call t.Parallel at top level. In a
// table, each subtest calls rule as well and counts as a test of its own; the
// function around it then does not count, but must call rule to run in parallel with
// others. Subtests run one after the other unless
// they call t.Parallel themselves. Names of queues and exchanges come from
// uniqueName, tempQueue and tempExchange, because all tests share one broker.
//
// Expected texts are whole reply texts ("NOT_FOUND - no queue 'x' in vhost '/'").
// Where RabbitMQ 3.x and 4.x differ, oneOf(before4, since4) picks the side of the
// broker under test; Leveret is held to the 4.x side. What cannot be written
// so goes into the table of known differences (differences_test.go).
//
// What is asked over HTTP is a list of calls with their answers (askCase): one list per
// subject, whose names come from the list's own user and virtual host, in the order in
// which they are asked.
//
// A test never sleeps to wait for the broker: it waits for a frame, or polls with
// eventually. Rules about time (heartbeats, pauses) measure it and run in parallel.
package conformance
