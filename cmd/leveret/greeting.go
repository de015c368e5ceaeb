package main

import (
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/leveretmq/leveret/configs"
)

// startupLine tells people and programs that clients can connect.
const startupLine = "Server startup complete"

// greet writes what is served and what to do next.
func greet(to io.Writer, config configs.Config, listeners []net.Listener, others endpoints) {
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
	line("users", "%s", userList(config))
	line("connect with", "%s", clientURL(config, listeners[0].Addr()))
	if advice := publicAdvice(config, listeners); advice != "" {
		line("other machines", "%s", advice)
	}
	fmt.Fprintln(&out, startupLine)
	// The output may be closed, as in a pipe to head; the broker serves all
	// the same.
	_, _ = io.WriteString(to, out.String())
}

// publicAdvice says what to do when other machines can reach the broker, and nobody can
// log in from there: the only user of a new data directory is the one whose password
// everybody knows.
func publicAdvice(config configs.Config, listeners []net.Listener) string {
	if !reflect.DeepEqual(config.Users, configs.Default().Users) || config.LoadDefinitions != "" {
		return ""
	}
	if !slices.Contains(config.LoopbackUsers, config.Users[0].Name) || !slices.ContainsFunc(listeners, public) {
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

func userList(config configs.Config) string {
	local := make(map[string]bool, len(config.LoopbackUsers))
	for _, name := range config.LoopbackUsers {
		local[name] = true
	}
	var names []string
	for _, user := range config.Users {
		if local[user.Name] {
			names = append(names, user.Name+" (from this machine only)")
		} else {
			names = append(names, user.Name)
		}
	}
	return strings.Join(names, ", ")
}

// clientURL is what a client on this machine connects to as the first user.
// Only the password that everybody knows is shown.
func clientURL(config configs.Config, address net.Addr) string {
	host, port, err := net.SplitHostPort(address.String())
	if err != nil {
		return address.String()
	}
	if ip := net.ParseIP(host); ip == nil || ip.IsUnspecified() {
		host = "localhost"
	}
	user, password := config.Users[0].Name, "PASSWORD"
	if known := configs.Default().Users[0]; known.Name == user && known.Password == config.Users[0].Password {
		password = string(known.Password)
	}
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
