// Package auth answers who a client is, which virtual hosts it may enter and
// what it may do there. It knows no sockets and stores nothing.
//
// # Model
//
// The server asks an Authority. It offers Mechanisms in connection.start and
// hands the mechanism and the response of connection.start-ok to Login. A login
// ends in a User, or in an error of one of three kinds that the server has to
// tell apart, because RabbitMQ answers each in its own way:
//
//   - ErrRefused: the response is well formed, but this client does not get
//     in. The client learns that much and nothing more; the reason in the
//     error's text is for the log.
//   - ErrUnknownMechanism: the client chose a mechanism that is not offered.
//   - ErrMalformedResponse: the response is not what its mechanism prescribes.
//
// Enter, May, MayAny and MayTopic then tell what the User may do; their refusals
// are for the client.
//
// Behind the Authority is a chain of back ends (Backend). The first one that
// accepts a login also decides what the user may do. Directory is the internal
// one, which keeps users, virtual hosts and permissions as RabbitMQ does. Other
// sources of identity are packages of their own with the same methods.
//
// # Changes
//
// The methods of Directory that change something check as RabbitMQ checks, take
// effect at once, and return the definitions.Change that has to be stored, which
// is empty if nothing has changed. Changes have to reach the store in the order
// in which they were made: whoever makes them from several goroutines holds a
// lock over both steps.
//
// Readers see an immutable snapshot and never take a lock. Each change makes the
// next snapshot, in a time that is proportional to the number of users: many
// changes at once are an Import. Generation is the number of the snapshot.
// Whoever keeps an answer, such as a channel that publishes to one exchange all
// the time, keeps the generation with it and asks again when it is another one;
// that is how a change is felt by the next operation.
//
// # Patterns
//
// Permissions are RabbitMQ's regular expressions: see internal/pattern. The empty
// pattern is "^$". A search that takes too long is a refusal and is logged.
//
// A stored pattern that cannot be used matches nothing, and that is logged.
//
// # What a stranger can learn
//
// An unknown user costs the same work as a wrong password and is refused with
// the same text, so that neither tells which names exist. Sums are compared in
// constant time.
//
// Passwords are hashed as RabbitMQ does, by default with its salted SHA-256, so
// that definitions go both ways. Hashes that were imported stay as they are. With
// the option HashingArgon2id new passwords get a hash that is expensive to guess,
// 19 MiB and about 30 ms each. As many are checked at a time as there are
// processors, and who has logged in within the last five minutes costs no hash:
// see verifier. As soon as one user has such a hash each failed login costs one.
package auth
