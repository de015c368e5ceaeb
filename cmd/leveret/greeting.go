package main

import (
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/leveretmq/leveret/auth"
	"github.com/leveretmq/leveret/configs"
)

// startupLine tells people and programs that clients can connect.
const startupLine = "Server startup complete"

// greet writes what is served and what to do next.
func greet(to io.Writer, config configs.Config, known *auth.Directory, listeners []net.Listener, others endpoints) {
	var out strings.Builder
	line := func(name, format string, args ...any) {
		fmt.Fprintf(&out, "  %-15s %s\n", name, fmt.Sprintf(format, args...))
	}
	fmt.Fprintln(&out, banner())
	line("configuration", "%s", orElse(strings.Trim(config.File+", "+config.RabbitMQConf, ", "), "defaults"))
	line("data directory", "%s (durability %s)", absolute(config.DataDir), config.Durability)
	for i, l := range listeners {
		name := "AMQP 0-9-1"
		if i >= len(config.AMQPListen) {
			name = "AMQP over TLS"
		}
		line(name, "%s", l.Addr())
	}
	for _, e := range others {
		line(e.name, "%s", e.listener.Addr())
	}
	line("limits", "frame %s, message %d octets, channels %s, connections %s, heartbeat %s",
		limit(config.FrameMax, " octets"), config.MaxMessageSize, limit(config.ChannelMax, " per connection"),
		limit(config.MaxConnections, ""), config.Heartbeat.Round(time.Second))
	line("users", "%s", userList(config, known))
	line("connect with", "%s", clientURL(config, known, listeners[0].Addr()))
	if advice := publicAdvice(config, known, listeners); advice != "" {
		line("other machines", "%s", advice)
	}
	fmt.Fprintln(&out, startupLine)
	// The output may be closed, as in a pipe to head; the broker serves all
	// the same.
	_, _ = io.WriteString(to, out.String())
}

// publicAdvice says what to do when other machines can reach the broker, and nobody can
// log in from there: the only user is the one whose password everybody knows.
func publicAdvice(config configs.Config, known *auth.Directory, listeners []net.Listener) string {
	users, usual := known.Definitions().Users, configs.Default().Users[0].Name
	if len(users) != 1 || users[0].Name != usual || !slices.Contains(config.LoopbackUsers, usual) || !slices.ContainsFunc(listeners, public) {
		return ""
	}
	return "cannot log in as guest: add a user with a password of its own " +
		"(leveret rabbitmqctl add_user NAME, or the key users), and delete guest"
}

// public says whether other machines may reach a listener.
func public(l net.Listener) bool {
	at, err := netip.ParseAddrPort(l.Addr().String())
	return err == nil && !at.Addr().Unmap().IsLoopback()
}

func orElse(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

// absolute is the path as seen from anywhere, if that can be told.
func absolute(path string) string {
	if full, err := filepath.Abs(path); err == nil {
		return full
	}
	return path
}

func limit[T uint16 | uint32 | int](n T, unit string) string {
	if n == 0 {
		return "no limit"
	}
	return fmt.Sprintf("%d%s", n, unit)
}

// maxUsersTold bounds the users that the greeting names.
const maxUsersTold = 8

// userList is the users that there are, wherever they come from: the configuration, a
// file of definitions, or the data directory.
func userList(config configs.Config, known *auth.Directory) string {
	var names []string
	users := known.Definitions().Users
	for _, user := range users[:min(len(users), maxUsersTold)] {
		if slices.Contains(config.LoopbackUsers, user.Name) {
			names = append(names, user.Name+" (from this machine only)")
		} else {
			names = append(names, user.Name)
		}
	}
	if more := len(users) - len(names); more > 0 {
		names = append(names, fmt.Sprintf("%d more", more))
	}
	return orElse(strings.Join(names, ", "), "none: add one (leveret rabbitmqctl add_user NAME)")
}

// clientUser is the user that an example names: the first of the configuration that there
// is, or else the first that there is. Only the password that everybody knows is told, as
// long as it is right.
func clientUser(config configs.Config, known *auth.Directory) (user, password string) {
	names := make([]string, 0, len(config.Users)+1)
	for _, u := range config.Users {
		names = append(names, u.Name)
	}
	for _, u := range known.Definitions().Users {
		names = append(names, u.Name)
	}
	i := slices.IndexFunc(names, func(name string) bool { _, there := known.User(name); return there })
	if i < 0 {
		return "USER", "PASSWORD"
	}
	usual := configs.Default().Users[0]
	if names[i] != usual.Name {
		return names[i], "PASSWORD"
	}
	if _, err := known.Authenticate(auth.Attempt{Name: usual.Name, Password: string(usual.Password)}); err != nil {
		return names[i], "PASSWORD"
	}
	return names[i], string(usual.Password)
}

// clientURL is what a client on this machine connects to.
func clientURL(config configs.Config, known *auth.Directory, address net.Addr) string {
	host, port, err := net.SplitHostPort(address.String())
	if err != nil {
		return address.String()
	}
	if ip := net.ParseIP(host); ip == nil || ip.IsUnspecified() {
		host = "localhost"
	}
	user, password := clientUser(config, known)
	scheme := "amqp"
	if len(config.AMQPListen) == 0 {
		scheme = "amqps"
	}
	u := scheme + "://" + url.UserPassword(user, password).String() + "@" + net.JoinHostPort(host, port)
	if config.VHost != configs.Default().VHost {
		u += "/" + url.PathEscape(config.VHost)
	}
	return u
}
