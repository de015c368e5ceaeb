// Package pattern has RabbitMQ's regular expressions, which permissions and policies
// are made of and which RabbitMQ gives to PCRE. Here they are compiled by Go's regexp,
// whose searches take linear time; what that cannot do, such as looking around or
// references back, goes to a backtracking engine with a time limit
// (github.com/dlclark/regexp2).
//
// As in RabbitMQ a pattern is searched for, and a character is an octet. The
// differences:
//
//   - "$" matches at the end only, not before a line break at the end as well.
//   - Patterns have 1000 octets at most, and a bounded size when compiled.
//   - Refused: possessive quantifiers (a++), conditions ((?(1)a|b)), recursion,
//     branch reset, \h \K \N \R \X \C \g and the like where Go's engine does not have
//     them, classes within classes beside what takes the backtracking engine.
package pattern
