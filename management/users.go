package management

import (
	"encoding/base64"
	"errors"
	"slices"

	"github.com/leveretmq/leveret/auth"
	"github.com/leveretmq/leveret/definitions"
)

// userRoutes are about users and what they may do.
func userRoutes() []route {
	return []route{
		{method: get, pattern: "/api/users", paged: true, tag: administrator, handle: (*API).listUsers, summary: "all users"},
		{method: get, pattern: "/api/users/without-permissions", paged: true, tag: administrator, handle: (*API).listIdleUsers,
			summary: "users who may enter no virtual host"},
		{method: post, pattern: "/api/users/bulk-delete", deed: "user.delete", tag: administrator, handle: (*API).deleteUsers,
			summary: "delete users: {\"users\": [names]}"},
		{method: get, pattern: "/api/users/{user}", tag: administrator, handle: (*API).showUser, summary: "one user"},
		{method: set, pattern: "/api/users/{user}", deed: "user.put", tag: administrator, handle: (*API).putUser,
			summary: "make or change a user: {\"password\" or \"password_hash\", \"tags\", \"limits\"}"},
		{method: del, pattern: "/api/users/{user}", deed: "user.delete", tag: administrator, handle: (*API).deleteUser,
			summary: "delete a user and close its connections"},
		{method: get, pattern: "/api/users/{user}/permissions", tag: administrator, handle: (*API).listPermissionsOfUser,
			summary: "what the user may do, by virtual host"},
		{method: get, pattern: "/api/users/{user}/topic-permissions", tag: administrator, handle: (*API).listTopicPermissionsOfUser,
			summary: "which routing keys the user may use"},
	}
}

func (a *API) listUsers(*request) (reply, error) {
	return a.usersThat(func(definitions.User, definitions.Set) bool { return true })
}

func (a *API) listIdleUsers(*request) (reply, error) {
	return a.usersThat(func(u definitions.User, all definitions.Set) bool {
		return !slices.ContainsFunc(all.Permissions, func(p definitions.Permission) bool { return p.User == u.Name })
	})
}

func (a *API) usersThat(belong func(definitions.User, definitions.Set) bool) (reply, error) {
	all := a.directory.Definitions()
	var users []definitions.UserEntry
	for _, u := range all.Users {
		if belong(u, all) {
			users = append(users, definitions.UserEntryOf(u))
		}
	}
	return list(users), nil
}

// user is the one of the path.
func (a *API) user(r *request) (definitions.User, error) {
	u, ok := a.directory.User(r.param("user"))
	if !ok {
		return u, notFound()
	}
	return u, nil
}

func (a *API) showUser(r *request) (reply, error) {
	u, err := a.user(r)
	return show(definitions.UserEntryOf(u)), err
}

func (a *API) putUser(r *request) (reply, error) {
	b, err := r.body()
	if err != nil {
		return reply{}, err
	}
	if !b.has("tags") {
		return reply{}, badRequest("tags_not_present")
	}
	u, password, err := parseUser(r.param("user"), b)
	if err != nil {
		return reply{}, err
	}
	isNew, err := a.admin.PutUser(r.actor, u, password)
	return put(isNew), err
}

// parseUser reads what a client wants a user to be.
func parseUser(name string, b body) (u definitions.User, password string, err error) {
	if b.has("password") && b.has("password_hash") {
		return u, "", badRequest("both_password_and_password_hash_are_provided")
	}
	u.Name = name
	if password, err = b.text("password"); err != nil {
		return u, "", err
	}
	if u.PasswordHash, err = b.text("password_hash"); err != nil {
		return u, "", badRequest("{not_base64,%s}", termOf(b["password_hash"]))
	}
	if b.has("password_hash") {
		if b.gives("hashing_algorithm") {
			if u.HashingAlgorithm, err = b.text("hashing_algorithm"); err != nil {
				return u, "", err
			}
		}
		if _, err := base64.StdEncoding.DecodeString(u.PasswordHash); err != nil {
			return u, "", badRequest("{not_base64,%s}", termOf(b["password_hash"]))
		}
	}
	var tags definitions.Tags
	if err := b.read("tags", &tags); err != nil {
		return u, "", badRequest("tags should be a list or a string, actually was %s", termOf(b["tags"]))
	}
	u.Tags = tags
	var limits map[string]definitions.Limit
	if limits, err = parseLimits(b, definitions.MaxConnections, definitions.MaxChannels); err != nil {
		return u, "", err
	}
	u.MaxConnections, u.MaxChannels = limits[definitions.MaxConnections], limits[definitions.MaxChannels]
	return u, password, nil
}

func (a *API) deleteUser(r *request) (reply, error) {
	if _, err := a.user(r); err != nil {
		return reply{}, err
	}
	return done(), a.admin.DeleteUser(r.actor, r.param("user"))
}

// deleteUsers takes no notice of names that do not exist, as RabbitMQ 4 does.
func (a *API) deleteUsers(r *request) (reply, error) {
	b, err := r.body("users")
	if err != nil {
		return reply{}, err
	}
	var names []string
	if err := b.read("users", &names); err != nil {
		return reply{}, badRequest("users should be a list of names, actually was %s", termOf(b["users"]))
	}
	for _, name := range names {
		if err := a.admin.DeleteUser(r.actor, name); err != nil && !errors.Is(err, auth.ErrNoSuchUser) {
			return reply{}, err
		}
	}
	return done(), nil
}
