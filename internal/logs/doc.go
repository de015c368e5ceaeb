// Package logs is the broker's log: slog's records as lines in the shape of
// RabbitMQ's, which tools know, or as JSON with RabbitMQ's keys.
//
//	2026-11-22 09:44:08.098540+00:00 [info] <0.0.0> Server startup complete; 0 plugins started.
//
// # Categories
//
// Each line belongs to a category, whose level can be changed while the broker runs
// (SetLevel). A logger is given its category by the attribute Domain, and the number
// of the connection that it speaks of by Process:
//
//	log.With(logs.Domain, logs.Connection, logs.Process, number)
//
// Other attributes that a logger is given by With are its context: JSON has them, the
// text does not, since the sentences say who it is about and the number in angle
// brackets tells which lines belong together. Attributes of a single record are in
// both. A message of several lines becomes several lines of the text, each with the
// time, as RabbitMQ has it.
//
// # Outputs
//
// Lines go to the console, to a file, or to both, and to one more taker with a level
// of its own. Reopen opens the files anew, for programs that rotate them. A line that
// cannot be written is lost: whoever logs cannot do anything about it.
//
// Of one place in the code no more than a hundred lines pass in a second; a line
// tells how many were left out. So a storm of clients cannot fill the disk with it. The
// category audit is complete, and so is what the taker gets.
//
// # Audit
//
// Audit is a logger of its own for what operators change, one JSON object a line:
// time, action, object, user, peer, outcome, and more where there is more to tell. Without a file its lines are in the log,
// in the category audit.
//
// Whoever logs takes care that no line has a payload or a password.
package logs
