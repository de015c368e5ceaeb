package auth

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/leveretmq/leveret/definitions"
)

// Limits of names and tags, in octets and number. Longer names could not be used
// on the wire, but for names of users, which may come from certificates.
const (
	maxUserName = 4096
	maxName     = 255
	maxTags     = 32
	maxText     = 4096
)

// edit is the next snapshot while it is being made. What it shares with the
// current one is copied before it is modified.
type edit struct {
	d       *Directory
	next    snapshot
	own     map[*account]bool // accounts that no snapshot has yet
	touched bool
	change  definitions.Change // what has to be stored
}

func newEdit(d *Directory) *edit {
	current := d.current.Load()
	e := &edit{d: d, next: *current, own: make(map[*account]bool)}
	return e
}

// touch makes the maps of the snapshot the edit's own.
func (e *edit) touch() {
	if e.touched {
		return
	}
	e.touched = true
	e.next.generation++
	e.next.accounts, e.next.vhosts = maps.Clone(e.next.accounts), maps.Clone(e.next.vhosts)
	if e.next.accounts == nil {
		e.next.accounts = make(map[string]*account)
	}
	if e.next.vhosts == nil {
		e.next.vhosts = make(map[string]definitions.VHost)
	}
}

// finish seals the snapshot. The stranger costs what the most expensive user
// does, or the next new one.
func (e *edit) finish() *snapshot {
	algorithm := e.d.hashing
	for _, a := range e.next.accounts {
		if a.secret.strong() {
			algorithm = a.secret.algorithm
			break
		}
	}
	if e.next.stranger.algorithm != algorithm {
		e.next.stranger = unmatchable(algorithm)
	}
	return &e.next
}

// account is the user's account, to be modified.
func (e *edit) account(name string) (*account, error) {
	a := e.next.accounts[name]
	if a == nil {
		return nil, fmt.Errorf("%w: '%s'", ErrNoSuchUser, name)
	}
	e.touch()
	if !e.own[a] {
		a = &account{record: a.record, secret: a.secret, grants: maps.Clone(a.grants)}
		e.own[a] = true
		e.next.accounts[name] = a
	}
	return a, nil
}

// grant is what the user may do in the virtual host, to be modified; both have
// to exist.
func (e *edit) grant(user, vhost string) (*grant, error) {
	a, err := e.account(user)
	if err != nil {
		return nil, err
	}
	if _, ok := e.next.vhosts[vhost]; !ok {
		return nil, fmt.Errorf("%w: '%s'", ErrNoSuchVHost, vhost)
	}
	g := &grant{topics: make(map[string]*topicPermission)}
	if old := a.grants[vhost]; old != nil {
		g = &grant{row: old.row, topics: maps.Clone(old.topics)}
	}
	a.grants[vhost] = g
	return g, nil
}

// putUser adds or replaces the record of a user.
func (e *edit) putUser(u definitions.User) error {
	if err := checkUser(u); err != nil {
		return err
	}
	s, err := decodeSecret(u.PasswordHash, u.HashingAlgorithm)
	if err != nil {
		return err
	}
	u.Tags = slices.Clone(u.Tags)
	e.touch()
	grants := make(map[string]*grant)
	if old := e.next.accounts[u.Name]; old != nil {
		grants = maps.Clone(old.grants)
	}
	a := &account{record: u, secret: s, grants: grants}
	e.own[a] = true
	e.next.accounts[u.Name] = a
	e.change.Put.Users = append(e.change.Put.Users, u)
	return nil
}

// deleteUser takes the user's permissions with it.
func (e *edit) deleteUser(name string) error {
	a, err := e.account(name)
	if err != nil {
		return err
	}
	for vhost := range a.grants {
		e.dropGrant(a, vhost)
	}
	delete(e.next.accounts, name)
	e.change.Delete.Users = append(e.change.Delete.Users, definitions.User{Name: name})
	return nil
}

// dropGrant takes from an account all that it may do in a virtual host.
func (e *edit) dropGrant(a *account, vhost string) {
	g := a.grants[vhost]
	if g.row != nil {
		e.change.Delete.Permissions = append(e.change.Delete.Permissions, g.row.record)
	}
	for _, t := range g.topics {
		e.change.Delete.TopicPermissions = append(e.change.Delete.TopicPermissions, t.record)
	}
	delete(a.grants, vhost)
}

// putVHost adds or replaces the record of a virtual host.
func (e *edit) putVHost(v definitions.VHost) error {
	if err := checkVHost(v); err != nil {
		return err
	}
	v.Tags = slices.Clone(v.Tags)
	e.touch()
	e.next.vhosts[v.Name] = v
	e.change.Put.VHosts = append(e.change.Put.VHosts, v)
	return nil
}

// deleteVHost takes all permissions in the virtual host with it.
func (e *edit) deleteVHost(name string) error {
	v, ok := e.next.vhosts[name]
	if !ok {
		return fmt.Errorf("%w: '%s'", ErrNoSuchVHost, name)
	}
	if v.ProtectedFromDeletion {
		return fmt.Errorf("refusing to delete virtual host '%s': it is %w", name, ErrProtected)
	}
	e.touch()
	for user, a := range e.next.accounts {
		if a.grants[name] == nil {
			continue
		}
		own, err := e.account(user)
		if err != nil {
			return err
		}
		e.dropGrant(own, name)
	}
	delete(e.next.vhosts, name)
	e.change.Delete.VHosts = append(e.change.Delete.VHosts, definitions.VHost{Name: name})
	return nil
}

// setPermission adds or replaces what a user may do. The error tells a pattern
// that does not compile; the permission is there all the same.
func (e *edit) setPermission(p definitions.Permission) error {
	g, err := e.grant(p.User, p.VHost)
	if err != nil {
		return err
	}
	row := &permission{record: p}
	for op, source := range []string{p.Configure, p.Write, p.Read} {
		compiled, invalid := e.d.compile(source)
		row.patterns[op] = compiled
		err = cmp.Or(err, invalid)
	}
	g.row = row
	e.change.Put.Permissions = append(e.change.Put.Permissions, p)
	return err
}

// setTopicPermission is the same for a topic exchange, which need not exist.
func (e *edit) setTopicPermission(p definitions.TopicPermission) error {
	if err := checkText("exchange", p.Exchange, maxName); err != nil {
		return err
	}
	g, err := e.grant(p.User, p.VHost)
	if err != nil {
		return err
	}
	row := &topicPermission{record: p}
	write, invalid := e.d.compile(fill(p.Write, p.User, p.VHost))
	read, alsoInvalid := e.d.compile(fill(p.Read, p.User, p.VHost))
	row.write, row.read = newTopicPattern(write), newTopicPattern(read)
	g.topics[p.Exchange] = row
	e.change.Put.TopicPermissions = append(e.change.Put.TopicPermissions, p)
	return cmp.Or(invalid, alsoInvalid)
}

// load takes over what was stored.
func (e *edit) load(stored definitions.Set) {
	for _, v := range stored.VHosts {
		e.note(e.putVHost(v))
	}
	for _, u := range stored.Users {
		e.note(e.putUser(u))
	}
	for _, p := range stored.Permissions {
		e.note(e.setPermission(p))
	}
	for _, p := range stored.TopicPermissions {
		e.note(e.setTopicPermission(p))
	}
}

// note logs what of the stored definitions cannot be used.
func (e *edit) note(err error) {
	if err != nil {
		e.d.log.Warn("a stored definition cannot be used", "reason", err)
	}
}

func checkUser(u definitions.User) error {
	if u.Name == "" {
		return fmt.Errorf("%w: user cannot be an empty string", ErrInvalidName)
	}
	if err := checkText("user", u.Name, maxUserName); err != nil {
		return err
	}
	if len(u.Tags) > maxTags {
		return fmt.Errorf("user '%s' has %d tags: the limit of %d %w", u.Name, len(u.Tags), maxTags, ErrTooMany)
	}
	return checkTags(u.Tags)
}

func checkVHost(v definitions.VHost) error {
	if err := checkText("virtual host", v.Name, maxName); err != nil {
		return err
	}
	if err := checkText("description", v.Description, maxText); err != nil {
		return err
	}
	if !slices.Contains([]string{"", "classic", "quorum", "stream"}, v.DefaultQueueType) {
		return fmt.Errorf("%w: '%s'", ErrQueueType, v.DefaultQueueType)
	}
	if len(v.Tags) > maxTags {
		return fmt.Errorf("virtual host '%s' has %d tags: the limit of %d %w", v.Name, len(v.Tags), maxTags, ErrTooMany)
	}
	return checkTags(v.Tags)
}

func checkTags(tags []string) error {
	for _, tag := range tags {
		if err := checkText("tag", tag, maxName); err != nil {
			return err
		}
	}
	return nil
}

// checkText refuses what cannot be written as JSON or is too long.
func checkText(what, text string, limit int) error {
	if !utf8.ValidString(text) {
		return fmt.Errorf("%w: %s is not UTF-8", ErrInvalidName, what)
	}
	if len(text) > limit {
		return fmt.Errorf("%w: %s '%s...' has %d octets, more than %d",
			ErrInvalidName, what, strings.ToValidUTF8(text[:32], ""), len(text), limit)
	}
	return nil
}
