package configs

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// variablePrefix starts the variables that are ours.
const variablePrefix = "LEVERET_"

// injected matches the variables that Kubernetes gives to every container of a
// namespace with a Service whose name starts with "leveret". They are not
// meant for the broker and must not keep it from starting.
var injected = regexp.MustCompile(`^LEVERET_([A-Z0-9_]+_)?(SERVICE_HOST=|SERVICE_PORT(_[A-Z0-9_]+)?=|PORT=(tcp|udp|sctp)://|PORT_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?=)`)

// checkEnvironment refuses variables with our prefix that mean nothing.
func checkEnvironment(environ []string) error {
	known := []string{variable(keyConfig)}
	for _, key := range keys() {
		known = append(known, variable(key))
	}
	var problems []string
	for _, entry := range environ {
		name, _, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(name, variablePrefix) || slices.Contains(known, name) || injected.MatchString(entry) {
			continue
		}
		problems = append(problems, fmt.Sprintf("unknown environment variable %s, did you mean %s?", name, nearest(name, known)))
	}
	slices.Sort(problems)
	return join(problems)
}
