package ctl

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/pflag"
)

// validators look at the arguments of commands before the broker is asked.
func validators() map[string]func(c *call) error {
	list := map[string]func(c *call) error{
		"set_vm_memory_high_watermark": func(c *call) error { _, err := c.memoryWatermark(); return err },
		"set_disk_free_limit":          func(c *call) error { _, err := c.diskFreeLimit(); return err },
		"set_log_level":                knownLevel,
		"rebalance":                    knownKind,
		"await_online_nodes":           naturalNumber,
		"check_port_listener":          naturalNumber,
		"check_certificate_expiration": validPeriod,
		"memory_breakdown":             validMemoryUnit,
		"export_definitions":           writableFile,
		"import_definitions":           readableFile,
		"wait":                         oneProcess,
		"update_vhost_metadata":        someMetadata,
		"enable":                       somePlugin,
		"disable":                      somePlugin,
	}
	for name, columns := range knownColumns() {
		list[name] = func(c *call) error { return c.validColumns(columns) }
	}
	return list
}

// knownColumns are those of the commands that take names of columns.
func knownColumns() map[string][]string {
	return map[string][]string{
		"list_queues":              queueColumns(),
		"list_unresponsive_queues": strings.Fields("name durable auto_delete arguments pid recoverable_slaves"),
		"list_exchanges":           strings.Fields("name type durable auto_delete internal arguments policy"),
		"list_bindings":            strings.Fields("source_name source_kind destination_name destination_kind routing_key arguments"),
		"list_consumers":           strings.Fields("queue_name channel_pid consumer_tag ack_required prefetch_count active activity_status arguments"),
		"list_connections":         connectionColumns(),
		"list_channels":            channelColumns(),
		"list_vhosts":              strings.Fields("name description tags default_queue_type protected_from_deletion tracing cluster_state metadata"),
		"list_feature_flags":       strings.Fields("name state stability desc doc_url provided_by"),
		"list_deprecated_features": strings.Fields("name deprecation_phase provided_by desc doc_url"),
	}
}

// validColumns takes the names of columns apart, which commas may join, and refuses those
// that there are not.
func (c *call) validColumns(known []string) error {
	if len(c.args) > 0 {
		c.args = strings.FieldsFunc(strings.Join(c.args, ","), func(r rune) bool { return r == ',' || r == ' ' })
	}
	wrong := slices.DeleteFunc(slices.Clone(c.args), func(column string) bool { return slices.Contains(known, column) })
	if len(wrong) == 0 {
		return nil
	}
	return &invalid{failure{usageError, fmt.Sprintf("Info key(s) %s are not supported", strings.Join(wrong, ","))}}
}

func knownLevel(c *call) error {
	levels := []string{"debug", "info", "warning", "error", "critical", "none"}
	if level := c.args[len(c.args)-1]; !slices.Contains(levels, level) {
		return &failure{unavailable, fmt.Sprintf("level %s is not supported. Try one of %s", level, strings.Join(levels, ", "))}
	}
	return nil
}

// knownKind looks at which queues are meant.
func knownKind(c *call) error {
	if !slices.Contains([]string{"all", "classic", "quorum", "stream"}, c.args[0]) {
		return &failure{unavailable, fmt.Sprintf("type %s is not supported. Try one of all, quorum, stream.", c.args[0])}
	}
	return nil
}

// patience is how many seconds a command waits if nothing else is said.
func patience(name string) int {
	const usual, long, longest = 60, 120, 300
	switch name {
	case "await_startup", "await_online_nodes":
		return longest
	case "await_online_quorum_plus_one", "await_online_synchronized_mirror":
		return long
	}
	return usual
}

func naturalNumber(c *call) error {
	if n, err := strconv.Atoi(c.args[0]); err != nil || n < 1 {
		return &invalid{failure{dataError, "Bad argument: Argument must be a positive integer"}}
	}
	return nil
}

// oneOf refuses a unit that there is not.
func oneOf(unit string, units ...string) error {
	if slices.Contains(units, unit) {
		return nil
	}
	return &invalid{failure{usageError, fmt.Sprintf("\"unit '%s' is not supported. Please use one of: %s\"", unit, strings.Join(units, ", "))}}
}

func validPeriod(c *call) error {
	return oneOf(cmp.Or(strings.ToLower(c.options.unit), "weeks"), "days", "weeks", "months", "years")
}

func validMemoryUnit(c *call) error {
	return oneOf(cmp.Or(strings.ToLower(c.options.unit), "gb"), "bytes", "kb", "mb", "gb")
}

func writableFile(c *call) error {
	dir := filepath.Dir(c.args[0])
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) && c.args[0] != "-" {
		return &invalid{failure{dataError, "Bad argument: Directory " + dir + " does not exist"}}
	}
	return nil
}

func readableFile(c *call) error {
	name := cmp.Or(c.arg(0), "-")
	if _, err := os.Stat(name); errors.Is(err, fs.ErrNotExist) && name != "-" {
		return &invalid{failure{dataError, "Bad argument: File " + name + " does not exist"}}
	}
	return nil
}

func oneProcess(c *call) error {
	switch {
	case len(c.args) == 0 && c.options.pid == 0:
		return &invalid{failure{usageError, `"No pid or pidfile specified"`}}
	case len(c.args) > 0 && c.options.pid != 0:
		return &invalid{failure{usageError, `"Cannot specify both pid and pidfile"`}}
	}
	return nil
}

func someMetadata(c *call) error {
	if len(c.vhostSettings()) == 0 {
		return &invalid{failure{usageError, "not enough arguments."}}
	}
	return nil
}

func somePlugin(c *call) error {
	if len(c.args) == 0 && !c.options.all {
		return &invalid{failure{usageError, "not enough arguments."}}
	}
	return nil
}

// badOption is what RabbitMQ says of an option that it does not know, or that has no
// value that it could have.
func badOption(err error) string {
	var unknown *pflag.NotExistError
	if errors.As(err, &unknown) {
		dashes := "--"
		if unknown.GetSpecifiedShortnames() != "" {
			dashes = "-"
		}
		return fmt.Sprintf("Invalid options for this command:\n%s%s : ", dashes, unknown.GetSpecifiedName())
	}
	var wrong *pflag.InvalidValueError
	if errors.As(err, &wrong) {
		name := "--" + wrong.GetFlag().Name
		if wrong.GetFlag().Shorthand != "" {
			name = "-" + wrong.GetFlag().Shorthand
		}
		return fmt.Sprintf("Invalid options for this command:\n%s : %s", name, wrong.GetValue())
	}
	return err.Error()
}

// nearest is the name that is most like a word, or empty if none is much like it.
func nearest(word string, names []string) string {
	best, least := "", 1+len(word)/3
	for _, name := range names {
		if d := distance(word, name); d < least {
			best, least = name, d
		}
	}
	return best
}

// distance is how many characters have to be added, dropped or replaced to make one word
// of another.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := before
			if a[i] != b[j] {
				replaced++
			}
			before = row[j+1]
			row[j+1] = min(replaced, before+1, row[j]+1)
		}
	}
	return row[len(b)]
}
