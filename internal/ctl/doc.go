// Package ctl is the command line of a running broker: rabbitmqctl,
// rabbitmq-diagnostics and rabbitmq-plugins, with RabbitMQ's arguments, output and exit
// statuses. It is a client of the HTTP API, through the control socket in the data
// directory, which asks for no password, or by a URL.
//
// A command is a row of a table (command): its names and arguments, what it announces,
// and what it does. What it prints goes through output, which knows the formats; what
// goes wrong is a failure, which has its exit status (those of sysexits.h, as RabbitMQ
// has them).
//
// Leveret's own commands (own*.go) look at the terminal as well, which Environment tells
// of: their tables fit it (fit.go), and long work shows how far it is (progress.go). In
// a pipe there is neither. What has no end (stream.go) ends with Environment.Context.
package ctl
