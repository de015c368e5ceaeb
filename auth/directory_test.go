package auth_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/auth"
	"github.com/leveretmq/leveret/definitions"
)

func newDirectory(t testing.TB, options auth.DirectoryOptions, set definitions.Set) *auth.Directory {
	t.Helper()
	d, err := auth.NewDirectory(options, set)
	require.NoError(t, err)
	return d
}

// shop is a directory with two virtual hosts and two users.
func shop(t testing.TB) *auth.Directory {
	t.Helper()
	return newDirectory(t, auth.DirectoryOptions{}, definitions.Set{
		VHosts: []definitions.VHost{{Name: "/"}, {Name: "shop"}},
		Users:  []definitions.User{{Name: "app"}, {Name: "other"}},
		Permissions: []definitions.Permission{
			{User: "app", VHost: "/", Configure: "c", Write: "w", Read: "r"},
			{User: "app", VHost: "shop", Configure: ".*", Write: ".*", Read: ".*"},
			{User: "other", VHost: "shop", Configure: ".*", Write: ".*", Read: ".*"},
		},
		TopicPermissions: []definitions.TopicPermission{
			{User: "app", VHost: "shop", Exchange: "amq.topic", Write: "^a", Read: "^b"},
			{User: "app", VHost: "shop", Exchange: "t", Write: "^a", Read: "^b"},
			{User: "other", VHost: "shop", Exchange: "t", Write: "^a", Read: "^b"},
		},
	})
}

func TestDeletingAUserDeletesItsPermissions(t *testing.T) {
	d := shop(t)
	change, err := d.DeleteUser("app")
	require.NoError(t, err)
	require.True(t, change.Put.Empty())
	require.Equal(t, []definitions.User{{Name: "app"}}, change.Delete.Users)
	require.Len(t, change.Delete.Permissions, 2)
	require.Len(t, change.Delete.TopicPermissions, 2)
	left := d.Definitions()
	require.Len(t, left.Users, 1)
	require.Len(t, left.Permissions, 1)
	require.Len(t, left.TopicPermissions, 1)

	// Who comes back under the name has nothing.
	_, err = d.AddUser(definitions.User{Name: "app"}, "x")
	require.NoError(t, err)
	require.ErrorIs(t, d.Enter(auth.User{Name: "app"}, "shop"), auth.ErrRefused)
}

func TestDeletingAVirtualHostDeletesThePermissionsInIt(t *testing.T) {
	d := shop(t)
	change, err := d.DeleteVHost("shop")
	require.NoError(t, err)
	require.Equal(t, []definitions.VHost{{Name: "shop"}}, change.Delete.VHosts)
	require.Len(t, change.Delete.Permissions, 2)
	require.Len(t, change.Delete.TopicPermissions, 3)
	left := d.Definitions()
	require.Len(t, left.Permissions, 1)
	require.Empty(t, left.TopicPermissions)
	require.Len(t, left.Users, 2)
	require.NoError(t, d.Enter(auth.User{Name: "app"}, "/"))
}

func TestProtectedVirtualHostsStay(t *testing.T) {
	d := shop(t)
	_, err := d.UpdateVHost("shop", func(v *definitions.VHost) { v.ProtectedFromDeletion = true })
	require.NoError(t, err)
	change, err := d.DeleteVHost("shop")
	require.ErrorIs(t, err, auth.ErrProtected)
	require.True(t, change.Empty())
	require.NoError(t, d.Enter(auth.User{Name: "app"}, "shop"))
	_, err = d.UpdateVHost("shop", func(v *definitions.VHost) { v.ProtectedFromDeletion = false })
	require.NoError(t, err)
	_, err = d.DeleteVHost("shop")
	require.NoError(t, err)
}

// refusal is a change that has to be refused.
type refusal struct {
	change func(d *auth.Directory) (definitions.Change, error)
	want   error
}

func refusals() map[string]refusal {
	type change = definitions.Change
	put := func(u definitions.User) func(d *auth.Directory) (change, error) {
		return func(d *auth.Directory) (change, error) { return d.PutUser(u, "") }
	}
	host := func(v definitions.VHost) func(d *auth.Directory) (change, error) {
		return func(d *auth.Directory) (change, error) { return d.PutVHost(v) }
	}
	permit := func(p definitions.Permission) func(d *auth.Directory) (change, error) {
		return func(d *auth.Directory) (change, error) { return d.SetPermission(p) }
	}
	topic := func(p definitions.TopicPermission) func(d *auth.Directory) (change, error) {
		return func(d *auth.Directory) (change, error) { return d.SetTopicPermission(p) }
	}
	return map[string]refusal{
		"user without name": {put(definitions.User{}), auth.ErrInvalidName},
		"user not UTF-8":    {put(definitions.User{Name: "\xff"}), auth.ErrInvalidName},
		"long user":         {put(definitions.User{Name: strings.Repeat("u", 5000)}), auth.ErrInvalidName},
		"many tags":         {put(definitions.User{Name: "u", Tags: make([]string, 33)}), auth.ErrTooMany},
		"hash not base64":   {put(definitions.User{Name: "u", PasswordHash: "A!A"}), auth.ErrNotBase64},
		"two passwords": {func(d *auth.Directory) (change, error) {
			return d.PutUser(definitions.User{Name: "u", PasswordHash: "AAAA"}, "x")
		}, auth.ErrTwoPasswords},
		"user exists":       {func(d *auth.Directory) (change, error) { return d.AddUser(definitions.User{Name: "app"}, "x") }, auth.ErrUserExists},
		"delete nobody":     {func(d *auth.Directory) (change, error) { return d.DeleteUser("nobody") }, auth.ErrNoSuchUser},
		"password: nobody":  {func(d *auth.Directory) (change, error) { return d.SetPassword("nobody", "x") }, auth.ErrNoSuchUser},
		"update of nobody":  {func(d *auth.Directory) (change, error) { return d.UpdateUser("nobody", nil) }, auth.ErrNoSuchUser},
		"update of nowhere": {func(d *auth.Directory) (change, error) { return d.UpdateVHost("nowhere", nil) }, auth.ErrNoSuchVHost},
		"delete nowhere":    {func(d *auth.Directory) (change, error) { return d.DeleteVHost("nowhere") }, auth.ErrNoSuchVHost},
		"long vhost":        {host(definitions.VHost{Name: strings.Repeat("v", 256)}), auth.ErrInvalidName},
		"vhost not UTF-8":   {host(definitions.VHost{Name: "\xff"}), auth.ErrInvalidName},
		"queue type":        {host(definitions.VHost{Name: "v", DefaultQueueType: "foo"}), auth.ErrQueueType},
		"one too many":      {host(definitions.VHost{Name: "v"}), auth.ErrTooMany},
		"permit nobody":     {permit(definitions.Permission{User: "nobody", VHost: "/"}), auth.ErrNoSuchUser},
		"permit nowhere":    {permit(definitions.Permission{User: "app", VHost: "nowhere"}), auth.ErrNoSuchVHost},
		"configure pattern": {permit(definitions.Permission{User: "app", VHost: "/", Configure: "("}), auth.ErrInvalidPattern},
		"write pattern":     {permit(definitions.Permission{User: "app", VHost: "/", Write: "["}), auth.ErrInvalidPattern},
		"read pattern":      {permit(definitions.Permission{User: "app", VHost: "/", Read: `\u12`}), auth.ErrInvalidPattern},
		"topic of nobody":   {topic(definitions.TopicPermission{User: "nobody", VHost: "/"}), auth.ErrNoSuchUser},
		"topic nowhere":     {topic(definitions.TopicPermission{User: "app", VHost: "nowhere"}), auth.ErrNoSuchVHost},
		"topic pattern":     {topic(definitions.TopicPermission{User: "app", VHost: "/", Read: "("}), auth.ErrInvalidPattern},
		"clear of nobody":   {func(d *auth.Directory) (change, error) { return d.ClearPermission("nobody", "/") }, auth.ErrNoSuchUser},
		"clear nowhere":     {func(d *auth.Directory) (change, error) { return d.ClearPermission("app", "nowhere") }, auth.ErrNoSuchVHost},
		"clear topics":      {func(d *auth.Directory) (change, error) { return d.ClearTopicPermissions("nobody", "/") }, auth.ErrNoSuchUser},
		"import": {func(d *auth.Directory) (change, error) {
			return d.Import(definitions.Set{
				Users:       []definitions.User{{Name: "new"}},
				Permissions: []definitions.Permission{{User: "new", VHost: "nowhere"}},
			})
		}, auth.ErrNoSuchVHost},
	}
}

// What is refused changes nothing at all.
func TestRefusedChanges(t *testing.T) {
	for name, c := range refusals() {
		t.Run(name, func(t *testing.T) {
			options := auth.DirectoryOptions{}
			if c.want == auth.ErrTooMany {
				options.MaxVHosts = 2
			}
			d := newDirectory(t, options, shop(t).Definitions())
			before, generation := d.Definitions(), d.Generation()
			change, err := c.change(d)
			require.ErrorIs(t, err, c.want)
			require.True(t, change.Empty())
			require.Equal(t, before, d.Definitions())
			require.Equal(t, generation, d.Generation())
		})
	}
}

// What is stored of all changes is what the directory knows.
func TestChangesAddUp(t *testing.T) {
	d := newDirectory(t, auth.DirectoryOptions{}, definitions.Set{})
	stored := &store{}
	keep := func(change definitions.Change, err error) {
		t.Helper()
		require.NoError(t, err)
		stored.apply(change)
		again := newDirectory(t, auth.DirectoryOptions{}, stored.set())
		require.Equal(t, d.Definitions(), again.Definitions())
	}
	keep(d.PutVHost(definitions.VHost{Name: "/", MaxQueues: definitions.LimitOf(3)}))
	keep(d.PutVHost(definitions.VHost{Name: "/", Description: "x", MaxConnections: definitions.LimitOf(1)}))
	keep(d.AddUser(definitions.User{Name: "a", Tags: []string{"t"}, MaxChannels: definitions.LimitOf(5)}, "pw"))
	keep(d.PutUser(definitions.User{Name: "a", MaxConnections: definitions.LimitOf(7)}, "pw2"))
	keep(d.SetPermission(definitions.Permission{User: "a", VHost: "/", Write: ".*"}))
	keep(d.SetPermission(definitions.Permission{User: "a", VHost: "/", Read: ".*"}))
	for _, exchange := range []string{"", "t", "u"} {
		keep(d.SetTopicPermission(definitions.TopicPermission{User: "a", VHost: "/", Exchange: exchange, Write: "{username}"}))
	}
	keep(d.ClearTopicPermissions("a", "/", "t", "unknown"))
	keep(d.ClearPermission("a", "/"))
	keep(d.ClearPermission("a", "/"))
	keep(d.ClearTopicPermissions("a", "/"))
	keep(d.SetPassword("a", ""))
	keep(d.UpdateUser("a", func(u *definitions.User) { u.MaxChannels, u.Name = definitions.Limit{}, "b" }))
	a, ok := d.User("a")
	require.True(t, ok)
	require.Equal(t, definitions.User{Name: "a", HashingAlgorithm: auth.HashingSHA256, MaxConnections: definitions.LimitOf(7)}, a)
	v, ok := d.VHost("/")
	require.True(t, ok)
	require.Equal(t, definitions.VHost{
		Name: "/", Description: "x", MaxConnections: definitions.LimitOf(1), MaxQueues: definitions.LimitOf(3),
	}, v)
	keep(d.Import(shop(t).Definitions()))
	keep(d.DeleteVHost("shop"))
	keep(d.DeleteUser("a"))
}

// store applies changes as a store does: what is deleted first.
type store struct {
	users       map[string]definitions.User
	vhosts      map[string]definitions.VHost
	permissions map[[2]string]definitions.Permission
	topics      map[[3]string]definitions.TopicPermission
}

func (s *store) apply(c definitions.Change) {
	if s.users == nil {
		s.users, s.vhosts = map[string]definitions.User{}, map[string]definitions.VHost{}
		s.permissions = map[[2]string]definitions.Permission{}
		s.topics = map[[3]string]definitions.TopicPermission{}
	}
	for _, u := range c.Delete.Users {
		delete(s.users, u.Name)
	}
	for _, v := range c.Delete.VHosts {
		delete(s.vhosts, v.Name)
	}
	for _, p := range c.Delete.Permissions {
		delete(s.permissions, [2]string{p.User, p.VHost})
	}
	for _, p := range c.Delete.TopicPermissions {
		delete(s.topics, [3]string{p.User, p.VHost, p.Exchange})
	}
	for _, u := range c.Put.Users {
		s.users[u.Name] = u
	}
	for _, v := range c.Put.VHosts {
		s.vhosts[v.Name] = v
	}
	for _, p := range c.Put.Permissions {
		s.permissions[[2]string{p.User, p.VHost}] = p
	}
	for _, p := range c.Put.TopicPermissions {
		s.topics[[3]string{p.User, p.VHost, p.Exchange}] = p
	}
}

func (s *store) set() (set definitions.Set) {
	for _, u := range s.users {
		set.Users = append(set.Users, u)
	}
	for _, v := range s.vhosts {
		set.VHosts = append(set.VHosts, v)
	}
	for _, p := range s.permissions {
		set.Permissions = append(set.Permissions, p)
	}
	for _, p := range s.topics {
		set.TopicPermissions = append(set.TopicPermissions, p)
	}
	return set
}

func TestEachChangeIsAGeneration(t *testing.T) {
	d := shop(t)
	generation := d.Generation()
	_, err := d.SetPermission(definitions.Permission{User: "app", VHost: "/", Write: "w"})
	require.NoError(t, err)
	require.Greater(t, d.Generation(), generation)
}

// What callers are given, and what they have given, is not the directory's.
func TestNobodyReachesIntoTheDirectory(t *testing.T) {
	d := shop(t)
	tags := []string{"a"}
	_, err := d.PutUser(definitions.User{Name: "app", Tags: tags}, "")
	require.NoError(t, err)
	_, err = d.PutVHost(definitions.VHost{Name: "shop", Tags: tags})
	require.NoError(t, err)
	tags[0] = "b"
	spoil := func(tags []string) { tags[0] = "c" }
	u, _ := d.User("app")
	spoil(u.Tags)
	v, _ := d.VHost("shop")
	spoil(v.Tags)
	spoil(d.Definitions().Users[0].Tags)
	for _, err := range []error{auth.ErrNotBase64, nil} {
		_, failure := d.UpdateUser("app", func(u *definitions.User) {
			if err != nil {
				u.PasswordHash = "!"
				spoil(u.Tags)
			}
		})
		require.ErrorIs(t, failure, err)
	}
	u, _ = d.User("app")
	v, _ = d.VHost("shop")
	require.Equal(t, []string{"a"}, u.Tags)
	require.Equal(t, []string{"a"}, v.Tags)
}

func TestStoredDefinitionsThatCannotBeUsedPermitNothing(t *testing.T) {
	set := definitions.Set{
		VHosts: []definitions.VHost{{Name: "/"}, {Name: "shop"}},
		Users:  []definitions.User{{Name: "app"}, {Name: "bad", PasswordHash: "!"}},
		Permissions: []definitions.Permission{
			{User: "app", VHost: "/", Configure: "a(?R)", Write: ".*"}, {User: "nobody", VHost: "/"}, {User: "app", VHost: "nowhere"},
		},
		TopicPermissions: []definitions.TopicPermission{{User: "app", VHost: "/", Exchange: "t", Write: "a(?R)", Read: ".*"}},
	}
	d := newDirectory(t, auth.DirectoryOptions{MaxVHosts: 1}, set)
	require.Len(t, d.Definitions().VHosts, 2, "a limit that came later takes nothing away")
	app, a := auth.User{Name: "app"}, auth.Resource{Kind: auth.Queue, Name: "a"}
	require.ErrorIs(t, d.May(app, "/", auth.Configure, a), auth.ErrRefused)
	require.NoError(t, d.May(app, "/", auth.Write, a))
	require.ErrorIs(t, d.MayTopic(app, "/", "t", auth.Write, "a"), auth.ErrRefused)
	require.NoError(t, d.MayTopic(app, "/", "t", auth.Read, "a"))
	require.Len(t, d.Definitions().Permissions, 1)
}

func TestUnknownHashingIsRefused(t *testing.T) {
	_, err := auth.NewDirectory(auth.DirectoryOptions{Hashing: "rot13"}, definitions.Set{})
	require.Error(t, err)
}

func TestLimits(t *testing.T) {
	d := shop(t)
	_, err := d.Import(definitions.Set{
		Users:  []definitions.User{{Name: "app", MaxConnections: definitions.LimitOf(0), MaxChannels: definitions.LimitOf(9)}},
		VHosts: []definitions.VHost{{Name: "shop", MaxConnections: definitions.LimitOf(-5), MaxQueues: definitions.LimitOf(3)}},
	})
	require.NoError(t, err)
	ofVHost, ofUser := d.Limits("shop", "app")
	require.Equal(t, auth.Limits{Connections: -1, Channels: -1, Queues: 3}, ofVHost)
	require.Equal(t, auth.Limits{Connections: 0, Channels: 9, Queues: -1}, ofUser)
	ofVHost, ofUser = d.Limits("nowhere", "nobody")
	require.Equal(t, auth.NoLimits(), ofVHost)
	require.Equal(t, auth.NoLimits(), ofUser)
}

// Readers and writers at once: for the race detector, and nobody ever sees half
// of a change.
func TestReadersNeedNoLock(t *testing.T) {
	d := shop(t)
	var all sync.WaitGroup
	stop := make(chan struct{})
	for range 4 {
		all.Go(func() {
			var last uint64
			for {
				select {
				case <-stop:
					return
				default:
				}
				if g := d.Generation(); g < last {
					t.Error("the generation went back")
				} else {
					last = g
				}
				configure := d.May(auth.User{Name: "app"}, "shop", auth.Configure, auth.Resource{Kind: auth.Queue, Name: "q"})
				if configure != nil {
					t.Error(configure)
				}
				_ = d.MayTopic(auth.User{Name: "app", ClientID: "c"}, "shop", "t", auth.Write, "a.c")
				_, _ = d.Authenticate(auth.Attempt{Name: "user1", Password: "x"})
				_ = d.Definitions()
			}
		})
	}
	var writers sync.WaitGroup
	for n := range 4 {
		writers.Go(func() {
			name := fmt.Sprint("user", n)
			for i := range 30 {
				_, err := d.PutUser(definitions.User{Name: name}, "x")
				require.NoError(t, err)
				_, err = d.SetPermission(definitions.Permission{User: name, VHost: "shop", Read: fmt.Sprint(i)})
				require.NoError(t, err)
				_, err = d.SetTopicPermission(definitions.TopicPermission{
					User: "app", VHost: "shop", Exchange: "t", Write: fmt.Sprint("{client_id}", i),
				})
				require.NoError(t, err)
				_, err = d.DeleteUser(name)
				require.NoError(t, err)
			}
		})
	}
	writers.Wait()
	close(stop)
	all.Wait()
	require.Len(t, d.Definitions().Users, 2)
}
