package management

// pluginRoutes are what watchers ask of RabbitMQ's plugins for shovels and federation,
// of which there are none here: empty lists keep them quiet.
func pluginRoutes() []route {
	var routes []route
	for _, path := range []string{"/api/shovels", "/api/federation-links", "/api/federation-links/state/down"} {
		routes = append(routes, route{method: get, pattern: path, tag: monitoring, handle: (*API).listNone, summary: "none"})
	}
	for _, path := range []string{
		"/api/shovels/{vhost}", "/api/federation-links/{vhost}", "/api/federation-links/{vhost}/state/down",
	} {
		routes = append(routes, route{method: get, pattern: path, tag: monitoring, rule: exists, handle: (*API).listNone, summary: "none"})
	}
	return routes
}

func (a *API) listNone(*request) (reply, error) { return list([]struct{}{}), nil }
