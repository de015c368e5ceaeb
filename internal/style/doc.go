// Package style turns the project's rules into failing tests: which package
// may import which, how long and how deep code may get, what a package may
// keep in variables, what needs a comment, what tests must not do.
//
// The rules with their reasons are in CONTRIBUTING.md, the package graph is in
// ARCHITECTURE.md. Exceptions are tables in the tests, each entry with its
// reason; a new entry is a decision and not a way out.
//
// Every rule is a function from a parsed file to the violations in it, and has
// a test of its own that shows it something to find. The same functions then
// run over the whole repository in TestRepository.
package style
