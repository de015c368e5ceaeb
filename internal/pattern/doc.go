// Package pattern has RabbitMQ's regular expressions, which permissions and policies
// are made of and which RabbitMQ gives to PCRE. They are translated into what engines for
// Go read alike, and compiled by Go's regexp, whose searches take linear time; what that
// cannot do, such as looking around or references back, goes to a backtracking engine
// with a time limit (github.com/dlclark/regexp2).
//
// As in RabbitMQ a pattern is searched for, and a character is an octet of Latin-1: that
// is what Erlang takes for letters. The differences:
//
//   - "$" matches at the end only, not before a line break at the end as well.
//   - Patterns have 1000 octets at most, and a bounded size when compiled.
//   - Refused: recursion and calls of groups ((?R), (?1), \g<1>), verbs but for (*FAIL),
//     conditions about recursion, branch reset ((?|) beside references.
//   - Taken, where PCRE refuses: what is looked behind at may have any length.
package pattern
