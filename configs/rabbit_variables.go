package configs

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

const (
	rabbitPrefix = "RABBITMQ_"
	// rabbitFile and rabbitFurther name the files that RabbitMQ reads.
	rabbitFile    = "RABBITMQ_CONFIG_FILE"
	rabbitFurther = "RABBITMQ_CONFIG_FILES"
)

// sameMeaning are variables that stand for a key of rabbitmq.conf.
func sameMeaning() map[string]string {
	return map[string]string{
		"RABBITMQ_DEFAULT_USER":  "default_user",
		"RABBITMQ_DEFAULT_PASS":  "default_pass",
		"RABBITMQ_DEFAULT_VHOST": "default_vhost",
	}
}

// secretSuffix names a variable whose value is the name of a file with the value.
const secretSuffix = "_FILE"

// variableRules are the variables that have a meaning of their own.
func variableRules() []rule {
	return []rule{
		{"RABBITMQ_NODENAME", keyNode, takeNodeName},
		{"RABBITMQ_NODE_PORT", keyListen, addressPort(func(t *translation) *listenAddress { return &t.node })},
		{"RABBITMQ_NODE_IP_ADDRESS", keyListen, func(t *translation, g given) (string, error) {
			if t.node.from = g; g.value != "auto" {
				t.node.ip = strings.Trim(g.value, "[]")
			}
			return "", nil
		}},
		{"RABBITMQ_LOGS", keyLogFile, takeLogs},
		{"RABBITMQ_LOG", keyLogLevel, takeLog},
		{"RABBITMQ_LOG_BASE", keyLogFile, takeLogFolder},
		{"RABBITMQ_MNESIA_DIR", keyDataDir, takeDataDir},
		{"RABBITMQ_MNESIA_BASE", keyDataDir, takeDataDir},
	}
}

// takeDataDir keeps away from the files of a RabbitMQ that has run there.
func takeDataDir(t *translation, g given) (string, error) {
	if _, given := t.values[keyDataDir]; given && g.from == "RABBITMQ_MNESIA_BASE" {
		return "", ignore("RABBITMQ_MNESIA_DIR goes before it")
	}
	t.set(keyDataDir, filepath.Join(g.value, "leveret"), g)
	return "in the folder leveret there, beside the files of RabbitMQ", nil
}

// ignoredVariables are the other variables of RabbitMQ, of its image and of its
// scripts, by the reason.
func ignoredVariables() []ignoredRule {
	return []ignoredRule{
		{why: "there is no Erlang machine", patterns: []string{
			"RABBITMQ_ERLANG_COOKIE", "RABBITMQ_USE_LONGNAME", "RABBITMQ_DIST_PORT", "RABBITMQ_CTL_ERL_ARGS", "RABBITMQ_SERVER_ERL_ARGS",
			"RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", "RABBITMQ_SERVER_START_ARGS", "RABBITMQ_IO_THREAD_POOL_SIZE",
			"RABBITMQ_CTL_DIST_PORT_MIN", "RABBITMQ_CTL_DIST_PORT_MAX", "RABBITMQ_MAX_NUMBER_OF_PROCESSES",
			"RABBITMQ_MAX_NUMBER_OF_ATOMS", "RABBITMQ_DISTRIBUTION_BUFFER_SIZE", "RABBITMQ_MAX_OPEN_FILES",
			"RABBITMQ_SCHEDULER_BIND_TYPE", "RABBITMQ_HIPE_COMPILE", "RABBITMQ_DEFAULT_ALLOC_ARGS",
		}},
		{why: "Erlang terms and shell scripts are not read", matters: true, patterns: []string{"RABBITMQ_ADVANCED_CONFIG_FILE", "RABBITMQ_CONF_ENV_FILE"}},
		{why: "what plugins do is built in or not there at all", patterns: []string{
			"RABBITMQ_ENABLED_PLUGINS", "RABBITMQ_ENABLED_PLUGINS_FILE", "RABBITMQ_PLUGINS_DIR", "RABBITMQ_PLUGINS_EXPAND_DIR", "RABBITMQ_PLUGINS",
		}},
		{why: "all data is in data-dir", patterns: []string{
			"RABBITMQ_QUORUM_DIR", "RABBITMQ_STREAM_DIR", "RABBITMQ_FEATURE_FLAGS_FILE", "RABBITMQ_DATA_DIR", "RABBITMQ_HOME",
		}},
		{why: "there are no feature flags to choose from", patterns: []string{"RABBITMQ_FEATURE_FLAGS"}},
		{why: "the service manager knows the process", patterns: []string{
			"RABBITMQ_PID_FILE", "RABBITMQ_KEEP_PID_FILE_ON_EXIT", "RABBITMQ_ALLOW_INPUT", "RABBITMQ_SERVICENAME",
			"RABBITMQ_CONSOLE_LOG", "RABBITMQ_LOCK_FILE",
		}},
		{why: "the product has its own name", patterns: []string{
			"RABBITMQ_PRODUCT_NAME", "RABBITMQ_PRODUCT_VERSION", "RABBITMQ_MOTD_FILE", "RABBITMQ_VERSION", "RABBITMQ_PGP_KEY_ID",
		}},
		{why: "there are no feature flags to choose from", patterns: []string{"RABBITMQ_LOG_FF_REGISTRY"}},
		{why: "RABBITMQ_CONFIG_FILES names further files", patterns: []string{"RABBITMQ_GENERATED_CONFIG_DIR", "RABBITMQ_SCHEMA_DIR"}},
		{why: "RabbitMQ does not read this variable any more, either: write the key into rabbitmq.conf", matters: true, patterns: []string{
			"RABBITMQ_VM_MEMORY_HIGH_WATERMARK", "RABBITMQ_SSL_CACERTFILE", "RABBITMQ_SSL_CERTFILE", "RABBITMQ_SSL_KEYFILE",
			"RABBITMQ_SSL_DEPTH", "RABBITMQ_SSL_FAIL_IF_NO_PEER_CERT", "RABBITMQ_SSL_VERIFY", "RABBITMQ_MANAGEMENT_SSL_CACERTFILE",
			"RABBITMQ_MANAGEMENT_SSL_CERTFILE", "RABBITMQ_MANAGEMENT_SSL_KEYFILE", "RABBITMQ_MANAGEMENT_SSL_DEPTH",
			"RABBITMQ_MANAGEMENT_SSL_FAIL_IF_NO_PEER_CERT", "RABBITMQ_MANAGEMENT_SSL_VERIFY",
		}},
	}
}

// rabbitVariables are the settings of the environment, in the order of their names,
// and what there is to say about the other variables with RabbitMQ's prefix. A
// variable that RabbitMQ does not know is no mistake: clients have some, too.
func rabbitVariables(environ []string) (settings []given, others []Finding, problems []string) {
	environ = slices.Clone(environ)
	slices.Sort(environ)
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(name, rabbitPrefix) || value == "" || name == rabbitFile || name == rabbitFurther || linked(name, value) {
			continue
		}
		g, known, err := variableOf(name, value)
		switch {
		case err != nil:
			problems = append(problems, fmt.Sprintf("%s: %v", name, err))
		case known:
			settings = append(settings, g)
		default:
			others = append(others, otherVariable(name))
		}
	}
	slices.SortStableFunc(settings, func(a, b given) int {
		return strings.Compare(b.from, a.from) // RABBITMQ_MNESIA_DIR before _BASE
	})
	return settings, others, problems
}

// variableOf is the setting that a variable is, if it is one.
func variableOf(name, value string) (g given, known bool, err error) {
	g = given{key: []string{name}, value: value, from: name, variable: true}
	if slices.ContainsFunc(variableRules(), func(r rule) bool { return r.pattern == name }) {
		return g, true, nil
	}
	key, known := sameMeaning()[strings.TrimSuffix(name, secretSuffix)]
	if !known {
		return g, false, nil
	}
	g.key = []string{key}
	if strings.HasSuffix(name, secretSuffix) {
		g.value, err = fileContent(value)
	}
	return g, true, err
}

// linked says that a variable is one of those that Docker and Kubernetes make of a
// service with the name of RabbitMQ.
func linked(name, value string) bool {
	return injected.MatchString(variablePrefix + strings.TrimPrefix(name, rabbitPrefix) + "=" + value)
}

func otherVariable(name string) Finding {
	f := Finding{Outcome: Ignored, From: "environment", Name: name}
	known := []string{rabbitFile, rabbitFurther}
	for _, group := range ignoredVariables() {
		if slices.Contains(group.patterns, name) {
			f.Note, f.Matters = group.why, group.matters
			return f
		}
		known = append(known, group.patterns...)
	}
	for _, r := range variableRules() {
		known = append(known, r.pattern)
	}
	for v := range sameMeaning() {
		known = append(known, v)
	}
	slices.Sort(known)
	f.Outcome = Unknown
	f.Note = fmt.Sprintf("did you mean %s?", nearest(name, known))
	return f
}

// hostName is the name of this machine up to its first dot.
func hostName() string {
	name, err := os.Hostname()
	if err != nil {
		return "localhost"
	}
	short, _, _ := strings.Cut(name, ".")
	return short
}
