// Package amqp is the wire protocol of AMQP 0-9-1.
package amqp

//go:generate go run ../internal/amqpgen
