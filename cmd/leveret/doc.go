// Command leveret is an AMQP 0-9-1 message broker.
//
//	leveret [serve] [flags]    run the broker; leveret serve --help lists the flags
//	leveret bench [flags]      make load for a broker, with PerfTest's flags and output
//	leveret bench run NAME     ready-made tests
//	leveret check-config       say what a configuration means; RabbitMQ's, too
//	leveret version            print the version
//
// It writes to standard output what it serves and where, then the line
//
//	Server startup complete
//
// when clients can connect; before that they are refused. Its log goes to
// standard error. A start that takes long tells there how far it has come. All
// of this is told to systemd as well, if that asks for it (Type=notify).
//
// SIGTERM and SIGINT end it cleanly: clients are told, what is pending is
// written, and the exit status is 0. A second signal ends it at once; nothing
// that was confirmed is lost then either.
//
// # Exit status
//
//	0  stopped cleanly
//	1  another failure
//	2  wrong command line or configuration
//	3  cannot listen on an address
//	4  the data directory is in use by another process
//	5  the data directory cannot be written
//	6  the data directory was written by a newer version
//	7  the storage failed while the broker was running
//	8  the disk is full: there is no room to start, or the broker had to stop
//	   without writing what was not confirmed yet
//
// Every failure is one line on standard error that says what to do.
//
// # Files
//
// serve.go is the life of the process over whatever can serve connections
// (service); wire.go makes that of the packages of this module, and is the
// only file that knows them. The bench files are the command line of the load
// generator, which is package internal/bench.
package main
