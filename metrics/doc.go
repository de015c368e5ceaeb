// Package metrics shows the broker to Prometheus: text of the exposition format with
// the names, labels, types and helps of RabbitMQ's, so that its dashboards and alerts
// work, and what only Leveret has under the prefix leveret_.
//
// # Pages
//
//	/metrics                    sums over all objects; costs little with any number of them
//	/metrics/per-object         a line for each queue, exchange, channel, connection
//	/metrics/detailed           families that the query names (family=), of the virtual
//	                            hosts that it names (vhost=), and of queues whose names
//	                            match a regular expression (queue=)
//	/metrics/memory-breakdown   what memory is used for
//
// # How a page is made
//
// A scrape first takes snapshots (scrape.go), each object locked for a moment, and then
// writes family after family. A family is a row of a table: name, type, help, and a
// function that takes its value from a snapshot. The same row is written for each object,
// or summed over all of them. The text is appended by hand to one buffer: with thousands
// of queues that costs a hundredth of what a library of general use does.
//
// # Numbers that only grow
//
// Sums of counters include what deleted objects have counted, other than RabbitMQ's, of
// which some shrink when a queue or channel goes. All global series are there from the
// start, as a rate over a series that appears misses its first step.
package metrics
