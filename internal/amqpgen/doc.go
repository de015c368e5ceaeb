// Command amqpgen writes the methods of package amqp from the published XML of
// the specification, which the module of the Go client carries. It is run by
// go generate in amqp/ and writes into the current directory.
//
// The way is: load the XML (spec.go), add what it lacks (overlay.go), and
// print one file per class and one for the table of all methods (emit.go).
// The output depends on nothing but the XML and this program; a test compares
// it with the files in amqp/.
package main
