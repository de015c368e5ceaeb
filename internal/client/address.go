package client

import (
	"fmt"
	"net"
	"net/url"
	"strings"
)

// address is what an amqp URL says.
type address struct {
	host, user, password, virtualHost string
}

// parseAddress reads amqp://user:password@host:port/virtual-host, of which all
// but the scheme may be left out: guest, localhost, 5672 and / are the defaults.
func parseAddress(text string) (address, error) {
	a := address{user: "guest", password: "guest", virtualHost: "/"}
	u, err := url.Parse(text)
	if err != nil {
		return a, fmt.Errorf("the broker's address: %w", err)
	}
	if u.Scheme != "amqp" {
		return a, fmt.Errorf("the broker's address %s is not of the form amqp://user:password@host:port/virtual-host", u.Redacted())
	}
	host, port := u.Hostname(), u.Port()
	if host == "" {
		host = "localhost"
	}
	if port == "" {
		port = "5672"
	}
	a.host = net.JoinHostPort(host, port)
	if u.User != nil {
		a.user = u.User.Username()
		a.password, _ = u.User.Password()
	}
	path, err := url.PathUnescape(strings.TrimPrefix(u.EscapedPath(), "/"))
	if err != nil {
		return a, fmt.Errorf("the virtual host in the broker's address: %w", err)
	}
	if path != "" {
		a.virtualHost = path
	}
	return a, nil
}

// Host is the host and the port of an amqp URL, in the form that net.Dial
// takes.
func Host(url string) (string, error) {
	a, err := parseAddress(url)
	return a.host, err
}
