// Package auth answers who a client is and which virtual hosts it may enter.
//
// # Model
//
// The server offers Mechanisms in connection.start and hands the mechanism and
// the response of connection.start-ok to Login. A login ends in a User, or in
// an error of one of three kinds that the server has to tell apart, because
// RabbitMQ answers each in its own way:
//
//   - ErrRefused: the response is well formed, but this client does not get
//     in. The client learns that much and nothing more; the reason in the
//     error's text is for the log.
//   - ErrUnknownMechanism: the client chose a mechanism that is not offered.
//   - ErrMalformedResponse: the response is not what its mechanism prescribes.
//
// Internal decides over a fixed list of users, as the configuration gives it.
// What the server needs of it is an interface in package server; stores of
// users that change, and external ones, will have the same methods.
//
// # What a stranger can learn
//
// An unknown user costs the same work as a wrong password and is refused with
// the same text, so that neither tells which names exist. Passwords are kept
// as salted SHA-256 sums and compared in constant time. A deliberately slow
// hash would protect nothing here, where the configuration carries the
// passwords themselves, and would make the reconnection of many clients at
// once a load of its own.
package auth
