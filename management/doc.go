// Package management is the HTTP API of the broker: what RabbitMQ's tools call on
// port 15672, with RabbitMQ's paths, bodies, status codes and error texts, and what
// Leveret's own command line calls over the control socket.
//
// # Frame and views
//
// All that there is to call is one table (routes.go): method, pattern, least tag of
// the user, how the virtual host of the path is treated, handler, one line about it.
// The router, the authorization, the Allow header, the OpenAPI description, the page
// for people and the matrix of tests are made of that table, so that nothing can be
// served that none of them knows.
//
// A handler gets a request that is authorized, and whose virtual host exists, and
// returns what to answer (reply) or why not (error). It never sees the
// http.ResponseWriter: encoding, sorting, paging, columns, compression, HEAD and the
// bodies of errors are the frame's.
//
//	func (a *API) showUser(r *request) (reply, error) {
//		u, ok := a.directory.User(r.param("user"))
//		if !ok {
//			return reply{}, notFound()
//		}
//		return show(viewOfUser(u)), nil
//	}
//
// What handlers return are structs with JSON tags. Sorting and columns look into them
// by the names of the tags (shape.go), so that a field that is not asked for is never
// written. Fields are never null, and empty objects are {}, where RabbitMQ may have [].
//
// # Paths
//
// The default virtual host is "/" and stands in paths as %2F, names may have any
// character, and an empty segment is the name of the default exchange. So the path is
// split before it is unescaped, and it is not cleaned; see router.go.
//
// # Who may
//
// A request over TCP says who it is with Basic authentication; who has none of the
// tags administrator, monitoring, policymaker and management is nobody here. A refusal
// is always 401: clients that meet 403 give up (RabbitMQ behaviour). Who is connected
// to the control socket is the administrator, because only the owner of the broker's
// files can (API.Local).
//
// # Audit log
//
// A row of the table names its deed. The frame sees to it that the audit log gets a line
// for each call of such a row by somebody who is known, whatever becomes of it (audit.go):
// package admin tells of its own changes, with what is different now, and the frame tells
// of the rest. A handler adds to the line with request.note. A test walks the table, so
// that no row that changes something can be without a deed.
//
// # Rates and samples
//
// API.Run looks at all counters every five seconds (rates_sampler.go) and keeps them
// in series (rates.go), from which rates are computed, and samples for who asks for
// them with ?msg_rates_age=600&msg_rates_incr=5 and the like. What an object has counted
// is kept as differences, so that a busy queue costs some kilobytes, an idle one about
// a hundred octets, and one that was never used nothing. An object that ends is
// forgotten at the next look. The numbers themselves are always those of the moment of
// the request.
//
// # Acting for a caller
//
// What an AMQP client could do as well, as declaring, binding and publishing, is done
// with the rights that the caller would have there (server.Rights), and events name it.
//
// # Answers without an end
//
// What can be watched (watch.go) answers with a feed (stream.go): the frame writes its
// lines until the client goes or EndStreams is called, which whoever shuts the server
// down has to do. A feed waits for its client only; what it watches never waits for it.
//
// # Locks and goroutines
//
// Handlers read snapshots, and write through packages admin and broker, which bring
// changes into one order. Besides what is counted per request the package has one
// goroutine, that of Run, which is the only one to write to the series. No lock of a
// series is held while something is read from the broker.
//
// Half as many answers are made at a time as there are processors, health checks and
// changes aside: lists of many queues must take neither the processors nor the memory
// from the clients of AMQP. Sending an answer is not part of that; it has two minutes.
package management
