// Package configs is the broker's configuration: one plain struct, its
// defaults, how it is loaded and what is allowed in it.
//
// # Sources
//
// A value is looked for in this order, and the first source that has one
// wins:
//
//  1. a flag of the command line: --log-level debug
//  2. a variable of the environment: LEVERET_LOG_LEVEL=debug
//  3. a variable that RabbitMQ has: RABBITMQ_NODE_PORT=5673
//  4. the YAML file that --config or LEVERET_CONFIG names: log-level: debug
//  5. a rabbitmq.conf that --rabbitmq-conf, LEVERET_RABBITMQ_CONF, the YAML file or
//     RABBITMQ_CONFIG_FILE names: log.console.level = debug
//  6. the default
//
// A key has one name, in lower case with hyphens. Its variable is that name in
// upper case with underscores behind LEVERET_. A list in the environment is
// separated by commas, or is a YAML list in brackets.
//
// # Mistakes
//
// A key or variable that does not exist is an error that names the nearest
// one that does: a setting with a typing mistake must not silently keep its
// default. A value that is not allowed is an error that names the key, where
// the value came from, the value and what is allowed. All errors of one kind
// are reported at once, in one line. Passwords appear in no error and in no
// formatted Config.
//
// # RabbitMQ's terms
//
// A rabbitmq.conf is read line by line (parseLines), with what it includes and with
// conf.d (readRabbitMQ), into a list of settings; variables of the environment join it
// (rabbitVariables). A table of rules makes values for our keys of them, which then
// are decoded and checked like those of any other source; a table of reasons says why
// other keys have no effect; what is in neither is unknown, which is an error. So a
// new key of RabbitMQ is a line in one of the tables. What became of each setting is
// in the Report.
//
// # The sample file
//
// leveret.yaml in this folder is generated from the documentation of Config
// and from Default by make generate.
//
// Only cmd imports this package, and viper is known to nobody else. Every
// other package has its own Options.
package configs

//go:generate go test -run TestSampleFileIsGenerated -update .
