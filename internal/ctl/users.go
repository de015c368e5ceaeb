package ctl

import (
	"bufio"
	"fmt"
	"net/http"
	"strings"
)

// announce makes a banner of a format, whose verbs get the arguments in order.
func announce(format string) func(*call) string {
	return func(c *call) string {
		args := make([]any, strings.Count(format, "%"))
		for i := range args {
			args[i] = c.arg(i)
		}
		return fmt.Sprintf(format, args...)
	}
}

// within is announce with the virtual host as the last verb.
func within(format string) func(*call) string {
	return func(c *call) string {
		args := make([]any, strings.Count(format, "%"))
		for i := range args {
			args[i] = c.arg(i)
		}
		args[len(args)-1] = c.options.vhost
		return fmt.Sprintf(format, args...)
	}
}

// arg is an argument, or empty.
func (c *call) arg(i int) string {
	if i < len(c.args) {
		return c.args[i]
	}
	return ""
}

func userCommands() []command {
	return []command{
		{"add_user", "<username> [<password>] [<password_hash> --pre-hashed-password]", 1, 2, "Adds a user; the password may come from standard input", announce("Adding user \"%s\" ..."), addUser},
		{"authenticate_user", "<username> <password>", 1, 2, "Says whether the password is right", announce("Authenticating user \"%s\" ..."), authenticate},
		{"change_password", "<username> <password>", 1, 2, "Changes a password", announce("Changing password for user \"%s\" ..."), changePassword},
		{"clear_password", "<username>", 1, 1, "Takes a password away: the user cannot log in with one", announce("Clearing password for user \"%s\" ..."), clearPassword},
		{"delete_user", "<username>", 1, 1, "Deletes a user and closes its connections", announce("Deleting user \"%s\" ..."), deleteUser},
		{"hash_password", "<cleartext_password>", 0, 1, "Prints the hash of a password", func(c *call) string {
			if len(c.args) == 0 {
				return "Will hash provided password"
			}
			return "Will hash password " + c.args[0]
		}, hashPassword},
		{"list_users", "[--no-table-headers] [--timeout <timeout>]", 0, 0, "Lists users and their tags", announce("Listing users ..."), listUsers},
		{"set_user_tags", "<username> <tag> [...]", 1, without, "Sets the tags of a user", func(c *call) string {
			return fmt.Sprintf("Setting tags for user \"%s\" to [%s] ...", c.args[0], strings.Join(c.args[1:], ", "))
		}, setUserTags},
		{"set_user_limits", "<username> <definition>", 2, 2, "Sets limits of a user, like {\"max-connections\": 5}", announce("Setting user limits to \"%[2]s\" for user \"%[1]s\" ..."), setUserLimits},
		{"clear_user_limits", "<username> <limit_type> | all", 2, 2, "Clears a limit of a user", func(c *call) string {
			if c.args[1] == "all" {
				return fmt.Sprintf("Clearing all limits for user \"%s\" ...", c.args[0])
			}
			return fmt.Sprintf("Clearing \"%s\" limit for user \"%s\" ...", c.args[1], c.args[0])
		}, clearUserLimits},
		{"list_user_limits", "[--user <username>] [--global]", 0, 0, "Lists limits of users", func(c *call) string {
			if c.options.global {
				return "Listing limits for all users ..."
			}
			return fmt.Sprintf("Listing limits for user \"%s\" ...", c.limitedUser())
		}, listUserLimits},
	}
}

// password is the second argument, or a line of the input.
func (c *call) secret(i int) (string, error) {
	if i < len(c.args) {
		return c.args[i], nil
	}
	line, err := bufio.NewReader(c.Stdin).ReadString('\n')
	if line = strings.TrimRight(line, "\r\n"); line != "" {
		return line, nil
	}
	return "", &failure{usageError, fmt.Sprintf("no password was given: %v", err)}
}

// user finds a user.
func (c *call) user(name string) (object, error) {
	return c.userOr(name, &failure{noUser, fmt.Sprintf("User \"%s\" does not exist", name)})
}

// userOr finds a user, and is the other error if it is not there.
func (c *call) userOr(name string, otherwise error) (object, error) {
	var u object
	err := c.get(at("users", name), &u)
	if missing(err) {
		return nil, otherwise
	}
	return u, err
}

func addUser(c *call) error {
	if _, err := c.user(c.args[0]); err == nil {
		return &failure{software, fmt.Sprintf("User \"%s\" already exists", c.args[0])}
	}
	password, err := c.secret(1)
	if err != nil {
		return err
	}
	if err := c.do(http.MethodPut, at("users", c.args[0]), object{"password": password, "tags": ""}, nil); err != nil {
		return err
	}
	if c.announces() {
		c.say("Done. Don't forget to grant the user permissions to some virtual hosts! See 'rabbitmqctl help set_permissions' to learn more.")
	}
	return nil
}

// keep changes a user and leaves the rest as it is.
func (c *call) keep(name string, change func(u object)) error {
	u, err := c.user(name)
	if err != nil {
		return err
	}
	change(u)
	return c.do(http.MethodPut, at("users", name), u, nil)
}

func changePassword(c *call) error {
	password, err := c.secret(1)
	if err != nil {
		return err
	}
	return c.keep(c.args[0], func(u object) {
		delete(u, "password_hash")
		delete(u, "hashing_algorithm")
		u["password"] = password
	})
}

func clearPassword(c *call) error {
	if _, err := c.userOr(c.args[0], noSuchUser(c.args[0])); err != nil {
		return err
	}
	return c.keep(c.args[0], func(u object) { u["password_hash"] = "" })
}

func setUserTags(c *call) error {
	return c.keep(c.args[0], func(u object) { u["tags"] = append([]string{}, c.args[1:]...) })
}

// deleteUser does not mind if the user has gone (RabbitMQ behaviour).
func deleteUser(c *call) error { return c.dropIfThere(at("users", c.args[0])) }

// authenticate asks the broker whether it would let the user in.
func authenticate(c *call) error {
	password, err := c.secret(1)
	if err != nil {
		return err
	}
	login := object{"username": c.args[0], "password": password}
	if err := c.do(http.MethodPost, at("auth", "check"), login, nil); err != nil {
		return &failure{dataError, fmt.Sprintf("Error: failed to authenticate user \"%s\"\n%v", c.args[0], err)}
	}
	c.say("Success")
	return nil
}

func hashPassword(c *call) error {
	password, err := c.secret(0)
	if err != nil {
		return err
	}
	var answer object
	if err := c.get(at("auth", "hash_password", password), &answer); err != nil {
		return err
	}
	c.say("%s", term(answer["ok"]))
	return nil
}

func listUsers(c *call) error {
	var users []object
	if err := c.get(at("users"), &users); err != nil {
		return err
	}
	for _, u := range users {
		u["user"] = u["name"]
	}
	return c.show([]string{"user", "tags"}, users)
}
