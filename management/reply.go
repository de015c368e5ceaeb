package management

import (
	"net/http"
	"reflect"
)

// reply is what a handler answers. The zero reply is 204 without a body.
type reply struct {
	status int
	body   any
	header http.Header // on top of the frame's; may be nil
	shape  bodyShape
}

// bodyShape says what the frame may do to a body.
type bodyShape int

const (
	// empty is no body at all.
	empty bodyShape = iota
	// one is an object: columns apply.
	one
	// many is a slice of structs: sorting, paging and columns apply.
	many
	// plain is a JSON value that goes out as it is.
	plain
	// raw is a []byte, not JSON, whose Content-Type is in the header.
	raw
	// file is a *program.
	file
	// endless is a feed, which ends when the client has enough.
	endless
)

// show answers with an object.
func show(v any) reply { return reply{status: http.StatusOK, body: v, shape: one} }

// list answers with a list, which the frame sorts, pages and thins out as the query
// wants. Items are in the order that they have without a query: by virtual host and
// name. The items must not be shared: they are reordered.
func list[T any](items []T) reply {
	return reply{status: http.StatusOK, body: orEmpty(items), shape: many}
}

// value answers with JSON that the query does not change.
func value(v any) reply { return reply{status: http.StatusOK, body: v, shape: plain} }

// text answers with octets of a type.
func text(contentType string, octets []byte) reply {
	return reply{status: http.StatusOK, body: octets, shape: raw,
		header: http.Header{"Content-Type": {contentType}}}
}

// done is 204.
func done() reply { return reply{status: http.StatusNoContent} }

// created is 201 without a body.
func created() reply { return reply{status: http.StatusCreated} }

// put is created or done.
func put(isNew bool) reply {
	if isNew {
		return created()
	}
	return done()
}

// unhealthy is a health check that has failed, with 503.
func unhealthy(v any) reply {
	return reply{status: http.StatusServiceUnavailable, body: v, shape: plain}
}

// with adds a header.
func (r reply) with(key, value string) reply {
	if r.header == nil {
		r.header = make(http.Header)
	}
	r.header.Set(key, value)
	return r
}

// items is the list of a reply of the shape many.
func (r reply) items() reflect.Value { return reflect.ValueOf(r.body) }

// orEmpty makes a list that is missing an empty one, which JSON has as [] and not as
// null.
func orEmpty[T any](items []T) []T {
	if items == nil {
		return []T{}
	}
	return items
}
