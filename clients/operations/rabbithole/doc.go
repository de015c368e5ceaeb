// Package rabbithole calls every function of rabbit-hole, Go's client of the HTTP API that
// Terraform's provider and the operators for Kubernetes are made with, and looks at what
// comes back. It holds tests only, and knows of the broker nothing but its URLs:
//
//	OPERATIONS_HTTP_URL=http://guest:guest@127.0.0.1:15672 \
//	OPERATIONS_AMQP_URL=amqp://guest:guest@127.0.0.1:5672/ go test -C clients/operations -count=1 ./rabbithole
//
// They pass with RabbitMQ 3.10, RabbitMQ 4.0 and Leveret. TestEveryFunctionIsCalled fails if
// a function of the client is called by none of the others; calls that later versions of the
// client have are asked as requests of the same form.
//
// The folder above is a module of its own, so that nobody who builds the broker needs the
// client.
package rabbithole
