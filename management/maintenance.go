package management

// drainReason is what clients are told when the node is drained (RabbitMQ's words).
const drainReason = "Node was put into maintenance mode"

// maintenance is whether clients are served.
type maintenance struct {
	// Suspended is that no new connections are let in, Drained that there are none at
	// all, either.
	Suspended bool `json:"suspended"`
	Drained   bool `json:"drained"`
}

func maintenanceRoutes() []route {
	return []route{
		{method: get, pattern: "/api/maintenance", tag: monitoring, handle: (*API).showMaintenance,
			summary: "whether AMQP clients are served"},
		{method: set, pattern: "/api/maintenance", deed: "maintenance", tag: administrator, handle: (*API).putMaintenance,
			summary: "let no new AMQP clients in until the next start ({\"suspended\"}), and close all connections ({\"drained\"})"},
	}
}

func (a *API) showMaintenance(*request) (reply, error) {
	return value(maintenance{Suspended: a.server.Suspended(), Drained: a.drained.Load()}), nil
}

func (a *API) putMaintenance(r *request) (reply, error) {
	b, err := r.body()
	if err != nil {
		return reply{}, err
	}
	drained, err := b.flagOr("drained", a.drained.Load())
	if err != nil {
		return reply{}, err
	}
	suspended, err := b.flagOr("suspended", drained)
	if err != nil {
		return reply{}, err
	}
	drained = drained && suspended
	r.note("suspended", suspended)
	r.note("drained", drained)
	a.server.Suspend(suspended)
	a.drained.Store(drained)
	if drained {
		a.server.CloseConnections("", "", drainReason)
	}
	return done(), nil
}

// checkService says whether clients can work.
func (a *API) checkService(*request) (reply, error) {
	if a.server == nil || !a.server.Suspended() {
		return healthy(), nil
	}
	return unhealthy(struct {
		Status string `json:"status"`
		Reason string `json:"reason"`
	}{"failed", "this node does not let clients in: it is suspended or under maintenance"}), nil
}
