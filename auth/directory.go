package auth

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/leveretmq/leveret/definitions"
	"github.com/leveretmq/leveret/internal/pattern"
)

// DirectoryOptions is what a Directory needs. The zero value is usable.
type DirectoryOptions struct {
	// Logger hears of patterns that cannot be used. Nil is silence.
	Logger *slog.Logger
	// Hashing is the algorithm of new passwords, HashingSHA256 if empty.
	Hashing string
	// MaxVHosts bounds the number of virtual hosts; zero does not.
	MaxVHosts int
}

// Directory is the internal back end: users, virtual hosts and permissions in
// memory. See the package comment for how changes are made.
type Directory struct {
	log       *slog.Logger
	hashing   string
	maxVHosts int
	verifier  *verifier
	current   atomic.Pointer[snapshot]

	mu       sync.Mutex                  // serializes changes; readers never take it
	patterns map[string]*pattern.Pattern // guarded by mu; what is compiled
}

var _ Backend = (*Directory)(nil)

// snapshot is all that the directory knows at one time. It is never modified,
// and neither is anything that it refers to.
type snapshot struct {
	generation uint64
	accounts   map[string]*account
	vhosts     map[string]definitions.VHost
	// stranger stands in for a user that does not exist or has no password, so
	// that an unknown name costs what a known one does. Nothing matches it.
	stranger secret
}

// account is a user with what it may do.
type account struct {
	record definitions.User
	secret secret
	grants map[string]*grant // by virtual host
}

// grant is what a user may do in one virtual host.
type grant struct {
	row    *permission                 // nil: the user may not enter
	topics map[string]*topicPermission // by exchange
}

// NewDirectory knows the users, virtual hosts and permissions of the set, which
// it trusts: what could not be set, like a pattern that does not compile, stays
// and permits nothing. It refuses an unknown hashing algorithm.
func NewDirectory(options DirectoryOptions, stored definitions.Set) (*Directory, error) {
	d := &Directory{
		log:       options.Logger,
		hashing:   cmp.Or(options.Hashing, HashingSHA256),
		maxVHosts: options.MaxVHosts,
		verifier:  newVerifier(),
		patterns:  make(map[string]*pattern.Pattern),
	}
	if d.log == nil {
		d.log = slog.New(slog.DiscardHandler)
	}
	if _, sum := sizes(d.hashing); sum == 0 {
		return nil, fmt.Errorf("unknown hashing algorithm '%s'", d.hashing)
	}
	d.current.Store(&snapshot{stranger: unmatchable(d.hashing)})
	_, err := d.change(func(e *edit) error {
		e.load(stored)
		return nil
	})
	return d, err
}

// Name is "internal".
func (*Directory) Name() string { return "internal" }

// Generation is the number of changes that were made. Who reads it before it
// asks, and keeps the answer no longer than it stays the same, is never wrong.
func (d *Directory) Generation() uint64 { return d.current.Load().generation }

// Authenticate checks name and password, or the name alone if something else
// vouches for it. A blank password is never right (RabbitMQ behaviour).
func (d *Directory) Authenticate(attempt Attempt) (User, error) {
	s := d.current.Load()
	a := s.accounts[attempt.Name]
	if attempt.Vouched {
		if a == nil {
			return User{}, ErrRefused
		}
		return a.login(), nil
	}
	// The check comes first, whatever else is wrong: see the package comment.
	known := a != nil && a.secret.usable()
	checked := s.stranger
	if known {
		checked = a.secret
	}
	matches := d.verifier.matches(checked, attempt.Password)
	if !matches && s.stranger.strong() && !checked.strong() {
		d.verifier.matches(s.stranger, attempt.Password)
	}
	switch {
	case attempt.Password == "":
		return User{}, &RefusalError{Reason: "attempted to log in with a blank password, which is prohibited; " +
			"to use TLS certificates choose the EXTERNAL mechanism"}
	case !known || !matches:
		return User{}, ErrRefused
	default:
		return a.login(), nil
	}
}

func (a *account) login() User { return User{Name: a.record.Name, Tags: a.record.Tags} }

// Enter answers nil if the user has a permission in the virtual host.
func (d *Directory) Enter(user User, vhost string) error {
	s := d.current.Load()
	if _, exists := s.vhosts[vhost]; !exists || s.permission(user.Name, vhost) == nil {
		return ErrRefused
	}
	return nil
}

// May answers from the patterns of the user's permission.
func (d *Directory) May(user User, vhost string, op Operation, r Resource) error {
	row := d.current.Load().permission(user.Name, vhost)
	if row == nil {
		return ErrRefused
	}
	return d.search(row.pattern(op), r.Name)
}

// MayTopic answers from the patterns of the user's topic permission for the
// exchange, and yes where there is none (RabbitMQ behaviour).
func (d *Directory) MayTopic(user User, vhost, exchange string, op Operation, key string) error {
	g := d.current.Load().grant(user.Name, vhost)
	if g == nil || g.row == nil {
		return ErrRefused
	}
	row := g.topics[exchange]
	if row == nil {
		return nil
	}
	return d.search(row.pattern(op, user.ClientID), key)
}

// search turns a match into an answer.
func (d *Directory) search(p *pattern.Pattern, text string) error {
	found, err := p.Matches(text)
	if err != nil {
		d.log.Error("a pattern of a permission takes too long, which refuses", "pattern", p.Source(), "text", text)
	}
	if !found {
		return ErrRefused
	}
	return nil
}

func (s *snapshot) grant(user, vhost string) *grant {
	a := s.accounts[user]
	if a == nil {
		return nil
	}
	return a.grants[vhost]
}

func (s *snapshot) permission(user, vhost string) *permission {
	g := s.grant(user, vhost)
	if g == nil {
		return nil
	}
	return g.row
}

// User is the user of that name.
func (d *Directory) User(name string) (definitions.User, bool) {
	a := d.current.Load().accounts[name]
	if a == nil {
		return definitions.User{}, false
	}
	u := a.record
	u.Tags = slices.Clone(u.Tags)
	return u, true
}

// VHost is the virtual host of that name.
func (d *Directory) VHost(name string) (definitions.VHost, bool) {
	v, ok := d.current.Load().vhosts[name]
	v.Tags = slices.Clone(v.Tags)
	return v, ok
}

// Permission is what the user may do in the virtual host.
func (d *Directory) Permission(user, vhost string) (definitions.Permission, bool) {
	row := d.current.Load().permission(user, vhost)
	if row == nil {
		return definitions.Permission{}, false
	}
	return row.record, true
}

// TopicPermission is the user's for the exchange.
func (d *Directory) TopicPermission(user, vhost, exchange string) (definitions.TopicPermission, bool) {
	g := d.current.Load().grant(user, vhost)
	if g == nil || g.topics[exchange] == nil {
		return definitions.TopicPermission{}, false
	}
	return g.topics[exchange].record, true
}

// Definitions is everything that the directory knows, sorted by name.
func (d *Directory) Definitions() definitions.Set {
	s := d.current.Load()
	var set definitions.Set
	for _, name := range slices.Sorted(maps.Keys(s.vhosts)) {
		v := s.vhosts[name]
		v.Tags = slices.Clone(v.Tags)
		set.VHosts = append(set.VHosts, v)
	}
	for _, name := range slices.Sorted(maps.Keys(s.accounts)) {
		a := s.accounts[name]
		u := a.record
		u.Tags = slices.Clone(u.Tags)
		set.Users = append(set.Users, u)
		for _, vhost := range slices.Sorted(maps.Keys(a.grants)) {
			g := a.grants[vhost]
			if g.row != nil {
				set.Permissions = append(set.Permissions, g.row.record)
			}
			for _, exchange := range slices.Sorted(maps.Keys(g.topics)) {
				set.TopicPermissions = append(set.TopicPermissions, g.topics[exchange].record)
			}
		}
	}
	return set
}

// change makes the next snapshot. It takes effect if do returns nil and has
// changed something.
func (d *Directory) change(do func(e *edit) error) (definitions.Change, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	e := newEdit(d)
	if err := do(e); err != nil {
		return definitions.Change{}, err
	}
	if e.touched {
		d.current.Store(e.finish())
		d.trimPatterns()
	}
	return e.change, nil
}

// compile returns the pattern, which is shared by all who have it.
func (d *Directory) compile(source string) (*pattern.Pattern, error) {
	if p, ok := d.patterns[source]; ok {
		return p, nil
	}
	p, err := pattern.Compile(source)
	if err != nil {
		return p, &invalidPatternError{err}
	}
	d.patterns[source] = p
	return p, nil
}

// invalidPatternError says why a pattern cannot be used. It is an ErrInvalidPattern.
type invalidPatternError struct{ cause error }

func (e *invalidPatternError) Error() string   { return e.cause.Error() }
func (e *invalidPatternError) Unwrap() []error { return []error{ErrInvalidPattern, e.cause} }

// trimPatterns forgets all patterns once there are far more than are in use, so
// that their number stays in proportion.
func (d *Directory) trimPatterns() {
	const slack = 1000
	rows := 0
	if len(d.patterns) <= slack {
		return
	}
	for _, a := range d.current.Load().accounts {
		for _, g := range a.grants {
			rows += 1 + len(g.topics)
		}
	}
	if len(d.patterns) > slack+6*rows {
		clear(d.patterns)
	}
}

// The reasons why a change is refused, for errors.Is.
var (
	// ErrInvalidPattern means a regular expression that cannot be used.
	ErrInvalidPattern = errors.New("invalid regular expression")

	ErrNoSuchUser   = errors.New("user does not exist")
	ErrNoSuchVHost  = errors.New("virtual host does not exist")
	ErrUserExists   = errors.New("user already exists")
	ErrInvalidName  = errors.New("invalid name")
	ErrTwoPasswords = errors.New("both a password and a password hash are given")
	ErrQueueType    = errors.New("invalid queue type")
	ErrProtected    = errors.New("protected from deletion")
	// ErrTooMany means a limit on the number of something.
	ErrTooMany = errors.New("is reached")
)
