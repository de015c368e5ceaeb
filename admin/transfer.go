package admin

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/leveretmq/leveret/binding"
	"github.com/leveretmq/leveret/broker"
	"github.com/leveretmq/leveret/definitions"
	"github.com/leveretmq/leveret/exchange"
	"github.com/leveretmq/leveret/queue"
)

// importers is how many declarations of an import wait for the disk at a time: they
// share its syncs.
const importers = 64

// Definitions is everything durable of this moment but the messages, in order.
func (a *Admin) Definitions() definitions.Set {
	set := a.broker.Topology()
	known := a.directory.Definitions()
	set.Users, set.VHosts = known.Users, known.VHosts
	set.Permissions, set.TopicPermissions = known.Permissions, known.TopicPermissions
	set.Parameters = a.Parameters(nil)
	return set
}

// Import brings definitions in, as RabbitMQ does: users, virtual hosts, permissions
// and parameters are added or replaced; exchanges and queues that are there stay as
// they are. Nothing is taken away. Users, virtual hosts and permissions come in
// together or not at all; an error in what follows leaves what came before.
func (a *Admin) Import(by Actor, set definitions.Set) error {
	err := checkLengths(set)
	if err == nil {
		err = a.bringIn(by, set)
	}
	a.Record(by, Deed{Action: "definitions.import", Object: summary(set), VHost: onlyVHost(set)}, err)
	return err
}

func (a *Admin) bringIn(by Actor, set definitions.Set) error {
	if err := a.importIdentities(by, set); err != nil {
		return err
	}
	for _, p := range set.Parameters {
		if _, err := a.PutParameter(by, p); err != nil {
			return err
		}
	}
	if err := a.each(len(set.Exchanges), func(i int) error { return a.importExchange(by, set.Exchanges[i]) }); err != nil {
		return err
	}
	if err := a.each(len(set.Queues), func(i int) error { return a.importQueue(set.Queues[i]) }); err != nil {
		return err
	}
	return a.each(len(set.Bindings), func(i int) error { return a.importBinding(set.Bindings[i]) })
}

// importIdentities brings in users, virtual hosts and permissions.
func (a *Admin) importIdentities(by Actor, set definitions.Set) error {
	a.mu.Lock()
	change, err := a.directory.Import(set)
	if err == nil {
		for _, v := range set.VHosts {
			err = errors.Join(err, a.serve(by, v.Name))
		}
	}
	wait := a.broker.Define(change)
	a.mu.Unlock()
	return errors.Join(err, wait())
}

// onlyVHost is the virtual host that all of the topology goes to; empty if there are
// several, or if there is none.
func onlyVHost(set definitions.Set) string {
	var names []string
	for _, e := range set.Exchanges {
		names = append(names, e.VHost)
	}
	for _, q := range set.Queues {
		names = append(names, q.VHost)
	}
	for _, p := range set.Parameters {
		names = append(names, p.VHost)
	}
	slices.Sort(names)
	if names = slices.Compact(names); len(names) != 1 {
		return ""
	}
	return names[0]
}

// summary is what the audit log learns of an import.
func summary(set definitions.Set) string {
	return fmt.Sprintf("%d users, %d virtual hosts, %d permissions, %d topic permissions, %d parameters, %d exchanges, %d queues, %d bindings",
		len(set.Users), len(set.VHosts), len(set.Permissions), len(set.TopicPermissions), len(set.Parameters),
		len(set.Exchanges), len(set.Queues), len(set.Bindings))
}

// each calls do for the numbers below n, several at a time, and gives the first error
// in their order.
func (a *Admin) each(n int, do func(i int) error) error {
	problems := make([]error, n)
	var waiting sync.WaitGroup
	room := make(chan struct{}, importers)
	for i := range n {
		room <- struct{}{}
		waiting.Go(func() {
			defer func() { <-room }()
			problems[i] = do(i)
		})
	}
	waiting.Wait()
	for _, err := range problems {
		if err != nil {
			return err
		}
	}
	return nil
}

func (a *Admin) within(vhost string) (*broker.VHost, error) {
	v, ok := a.broker.VHost(vhost)
	if !ok {
		return nil, fmt.Errorf("%w: '%s'", broker.ErrNoVHost, vhost)
	}
	return v, nil
}

func (a *Admin) importExchange(by Actor, spec exchange.Spec) error {
	v, err := a.within(spec.VHost)
	if err != nil || spec.Name == exchange.Default {
		return err
	}
	if v.FindExchange(spec.Name) == nil {
		return nil
	}
	spec.By = by.User
	return v.DeclareExchange(spec)
}

func (a *Admin) importQueue(spec queue.Spec) error {
	v, err := a.within(spec.VHost)
	if err != nil {
		return err
	}
	if _, err := v.Queue(spec.Name, nil); err == nil {
		return nil
	}
	_, err = v.DeclareQueue(spec, nil)
	return err
}

func (a *Admin) importBinding(spec binding.Spec) error {
	v, err := a.within(spec.VHost)
	if err != nil {
		return err
	}
	return v.Bind(spec, nil)
}
