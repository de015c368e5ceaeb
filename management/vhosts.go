package management

import (
	"net/http"
	"time"

	"github.com/leveretmq/leveret/definitions"
)

// vhostRoutes are about virtual hosts.
func vhostRoutes() []route {
	return []route{
		{method: get, pattern: "/api/vhosts", paged: true, tag: anyone, handle: (*API).listVHosts, summary: "virtual hosts"},
		{method: get, pattern: "/api/vhosts/{vhost}", tag: anyone, rule: visible, handle: (*API).showVHost,
			summary: "one virtual host"},
		{method: set, pattern: "/api/vhosts/{vhost}", deed: "vhost.put", tag: administrator, handle: (*API).putVHost,
			summary: "make or change a virtual host: {\"description\", \"tags\", \"default_queue_type\", \"tracing\"}, none of which is needed"},
		{method: del, pattern: "/api/vhosts/{vhost}", deed: "vhost.delete", tag: administrator, rule: exists, handle: (*API).deleteVHost,
			summary: "delete a virtual host with everything in it"},
		{method: get, pattern: "/api/vhosts/{vhost}/permissions", tag: administrator, rule: exists,
			handle: (*API).listPermissionsOfVHost, summary: "what users may do in the virtual host"},
		{method: get, pattern: "/api/vhosts/{vhost}/topic-permissions", tag: administrator, rule: exists,
			handle: (*API).listTopicPermissionsOfVHost, summary: "which routing keys users may use in the virtual host"},
		{method: get, pattern: "/api/vhosts/{vhost}/deletion/protection", tag: administrator, rule: exists,
			handle: (*API).showProtection, summary: "whether the virtual host is protected from deletion"},
		{method: post, pattern: "/api/vhosts/{vhost}/deletion/protection", deed: "vhost.update", tag: administrator, rule: exists,
			handle: (*API).protectVHost, summary: "protect the virtual host from deletion"},
		{method: del, pattern: "/api/vhosts/{vhost}/deletion/protection", deed: "vhost.update", tag: administrator, rule: exists,
			handle: (*API).unprotectVHost, summary: "let the virtual host be deleted again"},
		{method: post, pattern: "/api/vhosts/{vhost}/start/{node}", deed: "vhost.start", tag: administrator, handle: (*API).startVHost,
			summary: "does nothing: virtual hosts run as long as the broker does"},
	}
}

// vhostView is a virtual host with how many messages it has.
type vhostView struct {
	Name             string               `json:"name"`
	Description      string               `json:"description"`
	Tags             definitions.Tags     `json:"tags"`
	DefaultQueueType string               `json:"default_queue_type"`
	Metadata         definitions.Metadata `json:"metadata"`
	Tracing          bool                 `json:"tracing"`
	Protected        bool                 `json:"protected_from_deletion"`
	ClusterState     map[string]string    `json:"cluster_state"`
	vhostCounts
}

func (a *API) vhostView(v definitions.VHost, asked windows) vhostView {
	entry := definitions.VHostEntryOf(v)
	if entry.Metadata.DefaultQueueType == "" {
		entry.Metadata.DefaultQueueType = "classic"
	}
	view := vhostView{
		Name: v.Name, Description: v.Description, Tags: entry.Tags, DefaultQueueType: entry.Metadata.DefaultQueueType,
		Metadata: entry.Metadata, Tracing: v.Tracing, Protected: v.ProtectedFromDeletion,
		ClusterState: map[string]string{a.options.NodeName: "running"},
	}
	if served, ok := a.broker.VHost(v.Name); ok {
		view.Tracing = served.Firehose()
		view.vhostCounts = a.vhostCounts(v.Name, asked)
	}
	return view
}

func (a *API) listVHosts(r *request) (reply, error) {
	asked, err := parseWindows(r.query, time.Now())
	if err != nil {
		return reply{}, err
	}
	var all []vhostView
	for _, v := range a.directory.Definitions().VHosts {
		if a.sees(r.caller, v.Name) {
			all = append(all, a.vhostView(v, asked))
		}
	}
	return list(all), nil
}

func (a *API) showVHost(r *request) (reply, error) {
	v, ok := a.directory.VHost(r.vhost())
	if !ok {
		return reply{}, notFound()
	}
	asked, err := parseWindows(r.query, time.Now())
	return show(a.vhostView(v, asked)), err
}

// putVHost clears the description and the tags where they are not given, and keeps the
// rest (RabbitMQ behaviour).
func (a *API) putVHost(r *request) (reply, error) {
	b, err := r.body()
	if err != nil {
		return reply{}, err
	}
	v, _ := a.directory.VHost(r.vhost())
	v.Name = r.vhost()
	v.Description = ""
	if b.gives("description") {
		if v.Description, err = b.text("description"); err != nil {
			return reply{}, err
		}
	}
	var tags definitions.Tags
	if err := b.read("tags", &tags); err != nil {
		return reply{}, badRequest("tags should be a list or a string, actually was %s", termOf(b["tags"]))
	}
	v.Tags = tags
	if b.gives("default_queue_type") {
		if v.DefaultQueueType, err = b.text("default_queue_type"); err != nil {
			return reply{}, err
		}
		if v.DefaultQueueType == "undefined" { // Erlang's word for nothing
			v.DefaultQueueType = ""
		}
	}
	if v.Tracing, err = b.flagOr("tracing", v.Tracing); err != nil {
		return reply{}, err
	}
	if v.ProtectedFromDeletion, err = b.flagOr("protected_from_deletion", v.ProtectedFromDeletion); err != nil {
		return reply{}, err
	}
	isNew, err := a.admin.PutVHost(r.actor, v)
	return put(isNew), err
}

func (a *API) deleteVHost(r *request) (reply, error) {
	if v, ok := a.directory.VHost(r.vhost()); ok && v.ProtectedFromDeletion {
		return reply{}, &problem{status: http.StatusPreconditionFailed, kind: "precondition_failed",
			reason: "Cannot delete virtual host '" + v.Name + "' because it is protected from deletion"}
	}
	return done(), a.admin.DeleteVHost(r.actor, r.vhost())
}

func (a *API) showProtection(r *request) (reply, error) {
	v, _ := a.directory.VHost(r.vhost())
	return show(struct {
		Protected bool `json:"protected_from_deletion"`
	}{v.ProtectedFromDeletion}), nil
}

func (a *API) protectVHost(r *request) (reply, error) {
	return done(), a.admin.UpdateVHost(r.actor, r.vhost(), func(v *definitions.VHost) { v.ProtectedFromDeletion = true })
}

func (a *API) unprotectVHost(r *request) (reply, error) {
	return done(), a.admin.UpdateVHost(r.actor, r.vhost(), func(v *definitions.VHost) { v.ProtectedFromDeletion = false })
}

func (a *API) startVHost(r *request) (reply, error) {
	var problem string
	switch {
	case r.param("node") != a.options.NodeName:
		problem = "nodedown"
	case !a.exists(r.vhost()):
		problem = "{no_such_vhost,<<\"" + r.vhost() + "\">>}"
	default:
		return done(), nil
	}
	return reply{}, badRequest("Request to node %s failed with %s", r.param("node"), problem)
}
