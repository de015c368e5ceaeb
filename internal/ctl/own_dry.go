package ctl

import (
	"encoding/json"
	"fmt"
	"slices"
)

// checkBelonging refuses a file of definitions that an import would refuse, because it has
// something in a virtual host or of a user that there would not be. The texts are those of
// the import.
func checkBelonging(wanted, current map[string]json.RawMessage) error {
	vhosts, err := namesOf("vhosts", wanted, current)
	if err != nil {
		return err
	}
	users, err := namesOf("users", wanted, current)
	if err != nil {
		return err
	}
	for _, kind := range definitionKinds() {
		list, err := listOf(kind, wanted[kind])
		if err != nil {
			return err
		}
		for _, o := range list {
			if vhost, ok := o["vhost"].(string); ok && !slices.Contains(vhosts, vhost) {
				return &failure{dataError, fmt.Sprintf("%s %s: please create virtual host %q prior to importing definitions", kind, identity(o), vhost)}
			}
			if user, ok := o["user"].(string); ok && !slices.Contains(users, user) {
				return &failure{dataError, fmt.Sprintf("%s %s: user does not exist: %q", kind, identity(o), user)}
			}
		}
	}
	return nil
}

// namesOf are the names of the objects of a kind that there would be after an import.
func namesOf(kind string, files ...map[string]json.RawMessage) (names []string, err error) {
	for _, file := range files {
		list, err := listOf(kind, file[kind])
		if err != nil {
			return nil, err
		}
		for _, o := range list {
			names = append(names, term(o["name"]))
		}
	}
	return names, nil
}
