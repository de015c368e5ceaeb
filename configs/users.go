package configs

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// userKeys are the keys of an entry of users.
const (
	userName     = "name"
	userPassword = "password"
	userTags     = "tags"
)

// asUsers takes a list of maps, or a text that is one in YAML's brackets. No
// error shows a value: it could be a password.
func asUsers(raw any) ([]User, error) {
	switch list := raw.(type) {
	case string:
		if bracketed(list) {
			return viaYAML(list, asUsers)
		}
	case []any:
		users := make([]User, 0, len(list))
		for i, entry := range list {
			user, err := asUser(entry)
			if err != nil {
				return nil, fmt.Errorf("user %d: %w", i+1, err)
			}
			users = append(users, user)
		}
		return users, nil
	}
	return nil, errors.New("it must be a list such as [{name: app, password: secret, tags: [administrator]}]")
}

func asUser(raw any) (User, error) {
	fields, ok := raw.(map[string]any)
	if !ok {
		return User{}, errors.New("it must have a name and a password")
	}
	var user User
	for key, entry := range fields {
		if err := user.set(key, entry); err != nil {
			return User{}, err
		}
	}
	switch {
	case user.Name == "":
		return User{}, errors.New("it has no name")
	case user.Password == "":
		return User{}, fmt.Errorf("%q has no password, and a blank one is never accepted", user.Name)
	case strings.Contains(user.Name+string(user.Password), "\x00"):
		return User{}, fmt.Errorf("%q has a NUL in its name or password, which no client can send", user.Name)
	}
	return user, nil
}

func (u *User) set(key string, raw any) error {
	switch key {
	case userName, userPassword:
		text, err := asText(raw)
		if err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		if key == userName {
			u.Name = text
		} else {
			u.Password = Secret(text)
		}
		return nil
	case userTags:
		tags, err := asTexts(raw)
		if err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		u.Tags = slices.Clone(tags)
		return nil
	default:
		known := []string{userName, userPassword, userTags}
		return fmt.Errorf("unknown key %q, did you mean %q?", key, nearest(key, known))
	}
}
