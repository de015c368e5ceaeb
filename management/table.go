package management

import (
	"net/http"
	"slices"
)

// The methods, short for the table.
const (
	get  = http.MethodGet
	post = http.MethodPost
	del  = http.MethodDelete
	set  = http.MethodPut
)

// table is everything that can be called.
func table() []route {
	return slices.Concat(sessionRoutes(), viewRoutes())
}

// sessionRoutes are about who asks.
func sessionRoutes() []route {
	return []route{
		{method: get, pattern: "/api/whoami", tag: anyone, handle: (*API).whoami,
			summary: "the user that is logged in"},
		{method: get, pattern: "/api/version", tag: public, handle: (*API).version,
			summary: "the version of RabbitMQ that the API follows"},
	}
}
