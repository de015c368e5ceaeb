package management

import (
	"errors"

	"github.com/leveretmq/leveret/auth"
	"github.com/leveretmq/leveret/definitions"
)

// permissionRoutes are about what users may do in virtual hosts.
func permissionRoutes() []route {
	return []route{
		{method: get, pattern: "/api/permissions", tag: administrator, handle: (*API).listPermissions,
			summary: "all permissions"},
		{method: get, pattern: "/api/permissions/{vhost}/{user}", tag: administrator, rule: exists, handle: (*API).showPermission,
			summary: "what a user may do in a virtual host"},
		{method: set, pattern: "/api/permissions/{vhost}/{user}", deed: "permission.set", tag: administrator, handle: (*API).putPermission,
			summary: "set three regular expressions: {\"configure\", \"write\", \"read\"}"},
		{method: del, pattern: "/api/permissions/{vhost}/{user}", deed: "permission.clear", tag: administrator, rule: exists, handle: (*API).deletePermission,
			summary: "take the permission away"},
		{method: get, pattern: "/api/topic-permissions", tag: administrator, handle: (*API).listTopicPermissions,
			summary: "all topic permissions"},
		{method: get, pattern: "/api/topic-permissions/{vhost}/{user}", tag: administrator, rule: exists,
			handle: (*API).showTopicPermissions, summary: "which routing keys a user may use, by exchange"},
		{method: set, pattern: "/api/topic-permissions/{vhost}/{user}", deed: "topic.permission.set", tag: administrator, handle: (*API).putTopicPermission,
			summary: "set two regular expressions: {\"exchange\", \"write\", \"read\"}"},
		{method: del, pattern: "/api/topic-permissions/{vhost}/{user}", deed: "topic.permission.clear", tag: administrator, rule: exists,
			handle: (*API).deleteTopicPermissions, summary: "take all topic permissions of a user in a virtual host away"},
		{method: get, pattern: "/api/topic-permissions/{vhost}/{user}/{exchange}", tag: administrator, rule: exists,
			handle: (*API).showTopicPermissions, summary: "which routing keys a user may use at an exchange, as a list"},
		{method: del, pattern: "/api/topic-permissions/{vhost}/{user}/{exchange}", deed: "topic.permission.clear", tag: administrator, rule: exists,
			handle: (*API).deleteTopicPermissions, summary: "take the topic permission for an exchange away"},
	}
}

func (a *API) permissionsThat(belong func(definitions.Permission) bool) (reply, error) {
	var all []definitions.PermissionEntry
	for _, p := range a.directory.Definitions().Permissions {
		if belong(p) {
			all = append(all, definitions.PermissionEntry(p))
		}
	}
	return list(all), nil
}

func (a *API) topicPermissionsThat(belong func(definitions.TopicPermission) bool) []definitions.TopicPermissionEntry {
	var all []definitions.TopicPermissionEntry
	for _, p := range a.directory.Definitions().TopicPermissions {
		if belong(p) {
			all = append(all, definitions.TopicPermissionEntry(p))
		}
	}
	return all
}

func (a *API) listPermissions(*request) (reply, error) {
	return a.permissionsThat(func(definitions.Permission) bool { return true })
}

func (a *API) listPermissionsOfUser(r *request) (reply, error) {
	if _, err := a.user(r); err != nil {
		return reply{}, err
	}
	return a.permissionsThat(func(p definitions.Permission) bool { return p.User == r.param("user") })
}

func (a *API) listPermissionsOfVHost(r *request) (reply, error) {
	return a.permissionsThat(func(p definitions.Permission) bool { return p.VHost == r.vhost() })
}

func (a *API) showPermission(r *request) (reply, error) {
	p, ok := a.directory.Permission(r.param("user"), r.vhost())
	if !ok {
		return reply{}, notFound()
	}
	return show(definitions.PermissionEntry(p)), nil
}

func (a *API) putPermission(r *request) (reply, error) {
	b, err := r.body("configure", "write", "read")
	if err != nil {
		return reply{}, err
	}
	p := definitions.Permission{User: r.param("user"), VHost: r.vhost()}
	if err := b.texts(map[string]*string{"configure": &p.Configure, "write": &p.Write, "read": &p.Read}); err != nil {
		return reply{}, err
	}
	isNew, err := a.admin.SetPermission(r.actor, p)
	return put(isNew), permissionProblem(err)
}

// permissionProblem is RabbitMQ's text for a user or virtual host that does not exist.
func permissionProblem(err error) error {
	if errors.Is(err, auth.ErrNoSuchUser) || errors.Is(err, auth.ErrNoSuchVHost) {
		return badRequest("vhost_or_user_not_found")
	}
	if errors.Is(err, auth.ErrInvalidPattern) {
		return badRequest("{invalid_regexp,%q}", err.Error())
	}
	return err
}

func (a *API) deletePermission(r *request) (reply, error) {
	existed, err := a.admin.ClearPermission(r.actor, r.param("user"), r.vhost())
	if err == nil && !existed {
		err = notFound()
	}
	return done(), err
}

func (a *API) listTopicPermissions(*request) (reply, error) {
	return list(a.topicPermissionsThat(func(definitions.TopicPermission) bool { return true })), nil
}

func (a *API) listTopicPermissionsOfUser(r *request) (reply, error) {
	_, err := a.user(r)
	return list(a.topicPermissionsThat(func(p definitions.TopicPermission) bool { return p.User == r.param("user") })), err
}

func (a *API) listTopicPermissionsOfVHost(r *request) (reply, error) {
	return list(a.topicPermissionsThat(func(p definitions.TopicPermission) bool { return p.VHost == r.vhost() })), nil
}

// ofPath are the topic permissions that a path means. There is no empty list of them.
func (a *API) topicPermissionsOf(r *request) ([]definitions.TopicPermissionEntry, error) {
	exchange := r.param("exchange")
	found := a.topicPermissionsThat(func(p definitions.TopicPermission) bool {
		return p.VHost == r.vhost() && p.User == r.param("user") && (exchange == "" || p.Exchange == exchange)
	})
	if len(found) == 0 {
		return nil, notFound()
	}
	return found, nil
}

func (a *API) showTopicPermissions(r *request) (reply, error) {
	found, err := a.topicPermissionsOf(r)
	return list(found), err
}

func (a *API) putTopicPermission(r *request) (reply, error) {
	b, err := r.body("exchange", "write", "read")
	if err != nil {
		return reply{}, err
	}
	p := definitions.TopicPermission{User: r.param("user"), VHost: r.vhost()}
	if err := b.texts(map[string]*string{"exchange": &p.Exchange, "write": &p.Write, "read": &p.Read}); err != nil {
		return reply{}, err
	}
	// It is new if the user has none in the virtual host yet (RabbitMQ behaviour).
	_, none := a.topicPermissionsOf(r)
	_, err = a.admin.SetTopicPermission(r.actor, p)
	return put(none != nil), permissionProblem(err)
}

func (a *API) deleteTopicPermissions(r *request) (reply, error) {
	found, err := a.topicPermissionsOf(r)
	if err != nil {
		return reply{}, err
	}
	exchanges := make([]string, 0, len(found))
	for _, p := range found {
		exchanges = append(exchanges, p.Exchange)
	}
	return done(), a.admin.ClearTopicPermissions(r.actor, r.param("user"), r.vhost(), exchanges...)
}
