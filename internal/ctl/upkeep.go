package ctl

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"
)

// upkeepCommands are those of rabbitmqctl that keep a broker going.
func upkeepCommands() []command {
	return []command{
		{"set_vm_memory_high_watermark", "<fraction> | absolute <value>", 1, 2, "Sets how much memory may be used before publishers are blocked, until the next start", func(c *call) string {
			return fmt.Sprintf("Setting memory threshold on %s to %s ...", c.node(), amount(c.args, "absolute", "%s bytes"))
		}, setMemoryWatermark},
		{"set_disk_free_limit", "<disk_limit> | mem_relative <fraction>", 1, 2, "Sets how much of the disk has to be free, until the next start", func(c *call) string {
			if c.args[0] == relativeWord {
				return fmt.Sprintf("Setting disk free limit on %s to %s times the total RAM ...", c.node(), c.arg(1))
			}
			return fmt.Sprintf("Setting disk free limit on %s to %s bytes ...", c.node(), c.args[0])
		}, setDiskFreeLimit},
		{"activate_free_disk_space_monitoring", "[--timeout <timeout>]", 0, 0, "Does nothing: the disk is always watched", ofNode("Reactivating free disk space monitoring on node %s ..."), nothing},
		{"deactivate_free_disk_space_monitoring", "[--timeout <timeout>]", 0, 0, "Says that the disk is always watched", nil, func(*call) error {
			return &failure{usageError, "the disk is always watched: a full one would end the broker; set disk-free-limit to less instead"}
		}},
		{"reconcile_vhosts", "", 0, 0, "Does nothing: virtual hosts run as long as the broker does", announce("Will try to initiate virtual host reconciliation on all reachable cluster nodes..."), nothing},
		{"restart_vhost", "[--vhost <vhost>] [--timeout <timeout>]", 0, 0, "Says that the virtual host runs", func(c *call) string {
			return fmt.Sprintf("Trying to restart vhost '%s' on node '%s' ...", c.options.vhost, c.node())
		}, func(c *call) error {
			err := c.vhostOr(&failure{software, fmt.Sprintf("Failed to start vhost '%s' on node '%s'Reason: {:no_such_vhost, %q}", c.options.vhost, c.node(), c.options.vhost)})
			if err != nil {
				return err
			}
			c.say("Vhost '%s' is already running on node '%s'", c.options.vhost, c.node())
			return nil
		}},
		{"reset_stats_db", "[--all]", 0, 0, "Does nothing: there is no database of statistics", ofNode("Resetting statistics database on node %s"), nothing},
		{"remove_classic_queue_mirroring_from_policies", "", 0, 0, "Does nothing: keys of mirroring have no effect here",
			announce("Will remove keys that enable classic queue mirroring from all regular and operator policies"), nothing},
		{"hipe_compile", "<directory>", 1, 1, "Does nothing (as in RabbitMQ)", nil, nothing},
		{"list_unresponsive_queues", "[--local] [--queue-timeout <milliseconds>] [<column> ...] [--no-table-headers] [--timeout <timeout>]", 0, without, "Lists no queues: all of them answer", within("Listing unresponsive queues for vhost %s ..."), func(c *call) error {
			return c.chosen(nil, "name")
		}},
		{"list_node_auth_attempt_stats", "y-source]", 0, 0, "Tells how many logins there were", ofNode("Listing authentication\n attempts for node \"%s\" ..."), listLogins},
		{"list_deprecated_features", "[--used] [<column> ...]", 0, without, "Lists no features: none is deprecated", announce("Listing deprecated features ..."), func(c *call) error {
			path := at("deprecated-features")
			if c.options.used {
				path = at("deprecated-features", "used")
			}
			return c.columns(path, "name", "deprecation_phase")
		}},
		{"check_if_any_deprecated_features_are_used", "[--timeout <timeout>]", 0, 0, "Never fails: no feature is deprecated", announce("Checking if any deprecated features are used ..."), func(c *call) error {
			var used []object
			if err := c.get(at("deprecated-features", "used"), &used); err != nil {
				return err
			}
			c.say("Cluster reported no deprecated features in use")
			return nil
		}},
		{"suspend_listeners", "", 0, 0, "Lets no new clients in", ofNode("Will suspend client connection listeners on node %s. The node will no longer accept client connections!"), func(c *call) error {
			return c.maintain(object{"suspended": true})
		}},
		{"resume_listeners", "", 0, 0, "Lets clients in again", ofNode("Will resume client connection listeners on node %s. The node will now accept client connections"), func(c *call) error {
			return c.maintain(object{"suspended": false})
		}},
	}
}

// addUpkeep adds the options of these commands, and of those of rabbitmq-diagnostics.
func (o *options) addUpkeep(f *pflag.FlagSet) {
	f.BoolVar(&o.bySource, "by-source", false, "logins by address and user")
	f.BoolVar(&o.used, "used", false, "only what is used")
	f.BoolVar(&o.details, "details", false, "kept for scripts")
	f.BoolVar(&o.all, "all", false, "kept for scripts")
	f.IntVarP(&o.pid, "pid", "P", 0, "number of a process to wait for")
	f.IntVar(&o.within, "within", 4, "how far ahead to look")
	f.StringVar(&o.unit, "unit", "", "weeks and the like, or mb and the like")
	f.IntVarP(&o.number, "number", "N", 50, "number of lines")
	f.IntVarP(&o.duration, "duration", "d", 0, "for how many seconds; zero is for ever")
	f.StringVar(&o.pattern, "pattern", "", "text that events have in them")
	f.BoolVarP(&o.minimal, "minimal", "m", false, "only names")
	f.BoolVarP(&o.details, "verbose", "v", false, "kept for scripts")
	f.BoolVarP(&o.all, "enabled", "E", false, "kept for scripts")
	f.BoolVar(&o.all, "implicitly-enabled", false, "kept for scripts")
	f.StringVar(&o.ignored, "vhost-pattern", "", "kept for scripts")
	f.StringVar(&o.ignored, "queue-pattern", "", "kept for scripts")
	f.StringVar(&o.ignored, "address", "", "kept for scripts")
	f.StringVar(&o.ignored, "sample-interval", "", "kept for scripts")
}

func nothing(*call) error { return nil }

// ofNode announces something that happens on the node.
func ofNode(format string) func(*call) string {
	return func(c *call) string { return fmt.Sprintf(format, c.node()) }
}

// The words before an amount that is not the usual kind.
const (
	absoluteWord = "absolute"
	relativeWord = "mem_relative"
)

// amount is the amount in arguments as the announcement has it: in a form of its own
// behind the word.
func amount(args []string, word, form string) string {
	if args[0] == word {
		return fmt.Sprintf(form, strings.Join(args[1:], " "))
	}
	return args[0]
}

// badArgument is RabbitMQ's refusal of what is no amount.
func badArgument(why string) error { return &invalid{failure{dataError, "Bad argument" + why}} }

// An amount is octets with or without their unit.
var amountForm = regexp.MustCompile(`^[0-9]+(\.[0-9]+)?([kKmMgGtT]?[iI]?[bB]?)$`)

func setMemoryWatermark(c *call) error {
	limit, err := c.memoryWatermark()
	if err != nil {
		return err
	}
	return c.do(http.MethodPut, at("watermarks", "memory"), limit, nil)
}

// memoryWatermark reads a part of the memory, from 0 (which blocks publishers at once) to
// 1, or an amount.
func (c *call) memoryWatermark() (object, error) {
	part, err := strconv.ParseFloat(c.args[0], 64)
	switch {
	case c.args[0] == absoluteWord && amountForm.MatchString(c.arg(1)):
		return object{"absolute": c.args[1]}, nil
	case err != nil || len(c.args) > 1:
		return nil, badArgument(".")
	case part < 0 || part > 1:
		return nil, badArgument(": The threshold should be a fraction between 0.0 and 1.0")
	}
	return object{"relative": part}, nil
}

func setDiskFreeLimit(c *call) error {
	limit, err := c.diskFreeLimit()
	if err != nil {
		return err
	}
	return c.do(http.MethodPut, at("watermarks", "disk-free"), limit, nil)
}

// diskFreeLimit reads an amount, or a part of the memory.
func (c *call) diskFreeLimit() (object, error) {
	if c.args[0] != relativeWord {
		if len(c.args) > 1 || !amountForm.MatchString(c.args[0]) {
			return nil, badArgument(".")
		}
		return object{"absolute": c.args[0]}, nil
	}
	part, err := strconv.ParseFloat(c.arg(1), 64)
	if err != nil || part < 0 {
		return nil, badArgument(".")
	}
	return object{"relative": min(part, 1)}, nil
}

func listLogins(c *call) error {
	n, err := c.theNode()
	if err != nil {
		return err
	}
	path, columns := at("auth", "attempts", term(n["name"])), []string{"protocol", "auth_attempts", "auth_attempts_failed", "auth_attempts_succeeded"}
	if c.options.bySource {
		path, columns = path+"/source", append([]string{"remote_address", "username"}, columns...)
	}
	return c.list(path, columns...)
}

// vhostSettings are the options that describe a virtual host, those that were given.
func (c *call) vhostSettings() object {
	settings := object{}
	for key, value := range map[string]optional{
		"description": c.options.description, "tags": c.options.tags, "default_queue_type": c.options.queueType,
	} {
		if value.set {
			settings[key] = value.value
		}
	}
	return settings
}

// updateVHost changes what is said of a virtual host, and leaves the rest.
func updateVHost(c *call) error { return c.changeVHost(c.vhostSettings()) }

// changeVHost changes some of what is said of a virtual host. The API replaces all of it.
func (c *call) changeVHost(change object) error {
	var settings object
	if err := c.get(at("vhosts", c.args[0]), &settings); missing(err) {
		return noVHost(c.args[0])
	} else if err != nil {
		return err
	}
	maps.DeleteFunc(settings, func(key string, _ any) bool {
		return !slices.Contains([]string{"description", "tags", "default_queue_type"}, key)
	})
	maps.Copy(settings, change)
	return c.do(http.MethodPut, at("vhosts", c.args[0]), settings, nil)
}

// setVHostTags replaces the tags of a virtual host.
func setVHostTags(c *call) error {
	return c.changeVHost(object{"tags": strings.Join(c.args[1:], ",")})
}

// setPermissionsEverywhere sets permissions in each virtual host that there is.
func setPermissionsEverywhere(c *call) error {
	if _, err := c.user(c.args[0]); err != nil {
		return err
	}
	var vhosts []struct{ Name string }
	if err := c.get(at("vhosts"), &vhosts); err != nil {
		return err
	}
	p := object{"configure": c.args[1], "write": c.args[2], "read": c.args[3]}
	for _, v := range vhosts {
		if err := c.do(http.MethodPut, at("permissions", v.Name, c.args[0]), p, nil); err != nil {
			return err
		}
	}
	return nil
}

// awaitProcess waits for the broker whose process is named by a file, or by its number,
// or for any.
func awaitProcess(c *call) error {
	return c.until(func() error {
		n, err := c.theNode()
		if err != nil {
			return err
		}
		wanted := strconv.Itoa(c.options.pid)
		if len(c.args) > 0 {
			text, err := os.ReadFile(c.args[0])
			if errors.Is(err, fs.ErrNotExist) {
				return nil // the broker is there, whoever should have written the file
			}
			if err != nil {
				return err
			}
			wanted = strings.TrimSpace(string(text))
		}
		if term(n["os_pid"]) != wanted {
			return &failure{unavailable, fmt.Sprintf("process %s is not the broker: that is %s", wanted, term(n["os_pid"]))}
		}
		return nil
	})
}

// until tries again and again, as long as the user is patient.
func (c *call) until(try func() error) error {
	end := time.Now().Add(time.Duration(c.options.timeout) * time.Second)
	for {
		err := try()
		if err == nil || time.Now().After(end) {
			return err
		}
		<-time.After(awaitStep)
	}
}
