package admin

import (
	"errors"
	"fmt"

	"github.com/leveretmq/leveret/definitions"
)

// PutVHost makes a virtual host or replaces the record of one; limits that are not
// given stay. The user who makes one may do everything there (RabbitMQ behaviour).
func (a *Admin) PutVHost(by Actor, v definitions.VHost) (created bool, err error) {
	d := &Deed{Action: "vhost.put", Object: v.Name, VHost: v.Name}
	err = a.perform(by, d, func() (definitions.Change, error) {
		old, exists := a.directory.VHost(v.Name)
		created = !exists
		change, err := a.directory.PutVHost(v)
		if err != nil {
			return change, err
		}
		now, _ := a.directory.VHost(v.Name)
		d.Changed = differences(exists, fieldsOfVHost(old), fieldsOfVHost(now))
		if err := a.serve(by, v.Name); err != nil || exists {
			return change, err
		}
		return a.welcome(by, v.Name, change)
	})
	return created, err
}

// serve has the broker serve the virtual host as its record says.
func (a *Admin) serve(by Actor, name string) error {
	record, _ := a.directory.VHost(name)
	_, err := a.broker.CreateVHost(record, by.User)
	return err
}

// welcome lets the user who has made the virtual host do everything there.
func (a *Admin) welcome(by Actor, vhost string, change definitions.Change) (definitions.Change, error) {
	if _, exists := a.directory.User(by.User); !exists {
		return change, nil
	}
	granted, err := a.directory.SetPermission(full(by.User, vhost))
	if err == nil {
		a.tellPermission(by, full(by.User, vhost))
	}
	change.Put.Permissions = append(change.Put.Permissions, granted.Put.Permissions...)
	return change, err
}

// UpdateVHost changes the record of a virtual host, but for its name: see
// auth.Directory.UpdateVHost. Limits that are lowered take nothing away.
func (a *Admin) UpdateVHost(by Actor, name string, do func(*definitions.VHost)) error {
	d := &Deed{Action: "vhost.update", Object: name, VHost: name}
	return a.perform(by, d, func() (definitions.Change, error) {
		old, _ := a.directory.VHost(name)
		change, err := a.directory.UpdateVHost(name, do)
		if err != nil {
			return change, err
		}
		now, _ := a.directory.VHost(name)
		d.Changed = differences(true, fieldsOfVHost(old), fieldsOfVHost(now))
		if old.MaxConnections != now.MaxConnections || old.MaxQueues != now.MaxQueues {
			a.tell("vhost.limits.set", by, "name", name)
		}
		return change, a.serve(by, name)
	})
}

// DeleteVHost deletes a virtual host with everything in it and closes the connections
// to it, unless it is protected.
func (a *Admin) DeleteVHost(by Actor, name string) error {
	return a.perform(by, &Deed{Action: "vhost.delete", Object: name, VHost: name}, func() (definitions.Change, error) {
		change, err := a.directory.DeleteVHost(name)
		if err != nil {
			return change, err
		}
		for key, p := range a.parameters {
			if key.vhost == name && key.component != "" {
				delete(a.parameters, key)
				change.Delete.Parameters = append(change.Delete.Parameters, p)
			}
		}
		a.connections.CloseConnections("", name, fmt.Sprintf("vhost '%s' is deleted", name))
		// The content goes to the store first: objects of a virtual host that
		// is not known would keep the broker from starting.
		return change, errors.Join(a.broker.DeleteVHost(name, by.User))
	})
}
