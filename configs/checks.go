package configs

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The functions of this file check one decoded value. Their errors complete
// the sentence "key: value is not allowed: ...".

// shortTextMax is the room of a shortstr in octets.
const shortTextMax = 255

func notBlank(text string) error {
	if strings.TrimSpace(text) == "" {
		return errors.New("it must not be empty")
	}
	return nil
}

func shortText(text string) error {
	if text == "" || len(text) > shortTextMax {
		return fmt.Errorf("it must have 1 to %d octets", shortTextMax)
	}
	return nil
}

func oneOf(allowed ...string) func(string) error {
	return func(text string) error {
		if slices.Contains(allowed, text) {
			return nil
		}
		last := len(allowed) - 1
		return fmt.Errorf("it must be %s or %s", strings.Join(allowed[:last], ", "), allowed[last])
	}
}

// each applies a check to all entries of a list.
func each(check func(string) error) func([]string) error {
	return func(list []string) error {
		for _, entry := range list {
			if err := check(entry); err != nil {
				return fmt.Errorf("each entry of the list: %w", err)
			}
		}
		return nil
	}
}

func between[T cmp.Ordered](low, high T) func(T) error {
	return func(v T) error {
		if v < low || v > high {
			return fmt.Errorf("it must be between %v and %v", low, high)
		}
		return nil
	}
}

func zeroOrBetween[T cmp.Ordered](low, high T) func(T) error {
	within := between(low, high)
	return func(v T) error {
		var zero T
		if v == zero || within(v) == nil {
			return nil
		}
		return fmt.Errorf("it must be 0 (no limit) or between %v and %v", low, high)
	}
}

// atLeast names the bound in words, too.
func atLeast(low int64, words string) func(int64) error {
	return func(n int64) error {
		if n < low {
			return fmt.Errorf("it must be %d (%s) or more", low, words)
		}
		return nil
	}
}

func zeroOrAtLeast(low int64, words string) func(int64) error {
	return func(n int64) error {
		if n == 0 || n >= low {
			return nil
		}
		return fmt.Errorf("it must be 0 (none) or %d (%s) or more", low, words)
	}
}

func wholeSeconds(d time.Duration) error {
	if d%time.Second != 0 {
		return errors.New("it must be a whole number of seconds")
	}
	return nil
}

var errAddress = errors.New("it must be host:port with a port of 0 to 65535, such as :5672, 127.0.0.1:5672 or [::1]:5672")

func address(text string) error {
	_, port, err := net.SplitHostPort(text)
	if err != nil {
		return errAddress
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return errAddress
	}
	return nil
}

// The bounds of http-max-body, in octets.
const (
	leastBody = 1 << 10
	mostBody  = 1 << 30
)

// pathPrefix accepts an empty text, and what paths can begin with.
func pathPrefix(text string) error {
	if text == "" || strings.HasPrefix(text, "/") && !strings.HasSuffix(text, "/") && !strings.ContainsAny(text, "?#% ") {
		return nil
	}
	return errors.New("it must begin with a slash and not end in one")
}

// addressOrSocket accepts the path of a Unix socket, too.
func addressOrSocket(text string) error {
	path, socket := strings.CutPrefix(text, SocketPrefix)
	if !socket {
		return address(text)
	}
	return notBlank(path)
}

func addressOrNone(text string) error {
	if text == ListenNone {
		return nil
	}
	if err := address(text); err != nil {
		return fmt.Errorf("%w, or %s", err, ListenNone)
	}
	return nil
}

// thisMachine allows what nobody else can reach.
func thisMachine(text string) error {
	if text == ListenNone {
		return nil
	}
	if path, socket := strings.CutPrefix(text, SocketPrefix); socket {
		return notBlank(path)
	}
	if err := address(text); err != nil {
		return fmt.Errorf("%w, unix:PATH, or %s", err, ListenNone)
	}
	host, _, _ := net.SplitHostPort(text)
	if ip, err := netip.ParseAddr(host); host == "localhost" || err == nil && ip.IsLoopback() {
		return nil
	}
	return errors.New("it must be an address of this machine only, such as 127.0.0.1:6060 or [::1]:6060, or unix:PATH")
}

// addresses allows port 0 more than once, because each is another port.
func addresses(list []string) error {
	seen := make(map[string]struct{}, len(list))
	for _, a := range list {
		if err := addressOrSocket(a); err != nil {
			return err
		}
		if _, twice := seen[a]; twice && !strings.HasSuffix(a, ":0") {
			return fmt.Errorf("it must not have %s twice", a)
		}
		seen[a] = struct{}{}
	}
	return nil
}

func someOf(list []string) error {
	if len(list) == 0 {
		return errors.New("it must not be empty")
	}
	return nil
}

func distinctUsers(users []User) error {
	if len(users) == 0 {
		return errors.New("it must have at least one user, or nobody can log in")
	}
	seen := make(map[string]struct{}, len(users))
	for _, u := range users {
		if _, twice := seen[u.Name]; twice {
			return fmt.Errorf("it must not have the user %q twice", u.Name)
		}
		seen[u.Name] = struct{}{}
	}
	return nil
}

// checkTogether looks at settings that depend on each other.
func checkTogether(c Config) (problems []string) {
	if len(c.AMQPListen) == 0 && len(c.TLSListen) == 0 {
		problems = append(problems, "amqp-listen and tls-listen are empty: there must be at least one address")
	}
	return problems
}
