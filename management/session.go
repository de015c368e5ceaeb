package management

// whoamiView is who asks.
type whoamiView struct {
	Name         string   `json:"name"`
	Tags         []string `json:"tags"`
	InternalUser bool     `json:"is_internal_user"`
}

func (a *API) whoami(r *request) (reply, error) {
	tags := r.caller.Tags
	if r.caller.local {
		tags = []string{administrator.String()}
	}
	return show(whoamiView{Name: r.caller.Name, Tags: orEmpty(tags), InternalUser: true}), nil
}

func (a *API) version(*request) (reply, error) { return value(a.options.Version), nil }
