package configs

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/pflag"
	"github.com/spf13/viper"
)

// ErrInvalid is wrapped by every error of Load.
var ErrInvalid = errors.New("invalid configuration")

// keyDelimiter is a text that no key contains, so that viper does not take a
// dot in a key for a level.
const keyDelimiter = "\x00"

// AddFlags declares --config and a flag for every key that has one.
func AddFlags(flags *pflag.FlagSet) {
	defaults := Default()
	flags.String(keyConfig, "", "configuration file (YAML)")
	for _, s := range settings() {
		if s.usage == "" {
			continue
		}
		switch current := s.field(&defaults).(type) {
		case *string:
			flags.String(s.key, *current, s.usage)
		case *[]string:
			flags.StringSlice(s.key, *current, s.usage)
		case *bool:
			flags.Bool(s.key, *current, s.usage)
		case *int64:
			size := sizeFlag(strconv.FormatInt(*current, 10))
			flags.Var(&size, s.key, s.usage)
		}
	}
}

// Load makes the configuration of the defaults, the files, the environment and
// the flags, which may be nil and otherwise are those of AddFlags, parsed.
// Every error wraps ErrInvalid and has one line.
func Load(flags *pflag.FlagSet) (Config, error) {
	c, _, err := LoadReport(flags)
	return c, err
}

// LoadReport is Load, and tells what the configuration was made of. The report
// has what was found out even if there is an error.
func LoadReport(flags *pflag.FlagSet) (Config, Report, error) {
	l := loader{flags: flags}
	c, err := l.load()
	if err != nil {
		return Config{}, l.report, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return c, l.report, nil
}

// loader is one run of Load.
type loader struct {
	flags  *pflag.FlagSet
	file   file
	rabbit *translation
	report Report
}

func (l *loader) load() (Config, error) {
	if err := checkEnvironment(os.Environ()); err != nil {
		return Config{}, err
	}
	v, err := sources(l.flags)
	if err != nil {
		return Config{}, err
	}
	config := Default()
	config.File = v.GetString(keyConfig)
	if l.file, err = readFile(config.File); err != nil {
		return Config{}, err
	}
	problems, err := l.merge(v)
	if err != nil {
		return Config{}, err
	}
	for _, s := range settings() {
		if !v.IsSet(s.key) {
			continue
		}
		raw := v.Get(s.key)
		if err := s.set(&config, raw); err != nil {
			problems = append(problems, problem(s.key, raw, l.origin(s.key), err))
		}
	}
	if len(problems) == 0 {
		problems = checkTogether(config)
	}
	l.tell(config)
	return config, join(problems)
}

// merge puts the files together, and what the environment says in RabbitMQ's terms.
// What is wrong in these terms is returned as a list.
func (l *loader) merge(v *viper.Viper) (problems []string, err error) {
	if err := v.MergeConfigMap(l.file.values); err != nil {
		return nil, fmt.Errorf("%s: %w", l.file.name, err)
	}
	name := cmp.Or(v.GetString(keyRabbit), os.Getenv(rabbitFile))
	read := readRabbitMQ(name, os.Getenv(rabbitFurther))
	variables, others, badVariables := rabbitVariables(os.Environ())
	l.rabbit = translate(slices.Concat(read.all, variables))
	l.report.Files = read.names
	l.report.Findings = slices.Concat(l.rabbit.findings, others)
	for _, layer := range []map[string]any{l.rabbit.layer(ofFiles), l.file.values, l.rabbit.layer(ofVariables)} {
		if err := v.MergeConfigMap(layer); err != nil {
			return nil, err
		}
	}
	return slices.Concat(read.problems, badVariables, l.rabbit.problems), nil
}

// tell completes the report: what has lost against another source, and what is not
// as by default.
func (l *loader) tell(config Config) {
	for i, f := range l.report.Findings {
		if f.Outcome != Honoured || f.Ours == "" {
			continue
		}
		if _, used := l.rabbit.values[f.Ours]; used && !l.isRabbit(f.Ours) {
			l.report.Findings[i].Outcome, l.report.Findings[i].Note = Ignored, l.origin(f.Ours)+" goes before it"
		}
	}
	defaults := Default()
	for _, s := range settings() {
		if !reflect.DeepEqual(s.field(&config), s.field(&defaults)) {
			l.report.Values = append(l.report.Values, Value{Key: s.key, Text: shown(s, &config), From: l.origin(s.key)})
		}
	}
}

// sources binds flags and environment to the keys.
func sources(flags *pflag.FlagSet) (*viper.Viper, error) {
	v := viper.NewWithOptions(viper.KeyDelimiter(keyDelimiter))
	for _, key := range append(keys(), keyConfig) {
		if err := v.BindEnv(key, variable(key)); err != nil {
			return nil, err
		}
		if flags == nil || flags.Lookup(key) == nil {
			continue
		}
		if err := v.BindPFlag(key, flags.Lookup(key)); err != nil {
			return nil, err
		}
	}
	return v, nil
}

func keys() []string {
	var names []string
	for _, s := range settings() {
		names = append(names, s.key)
	}
	return names
}

// own is where a value in our own terms stands, flag or variable; empty if there is
// none.
func (l *loader) own(key string) string {
	if l.flags != nil && l.flags.Changed(key) {
		return "--" + key
	}
	if os.Getenv(variable(key)) != "" {
		return variable(key)
	}
	return ""
}

// isRabbit says that the value that won was given in RabbitMQ's terms.
func (l *loader) isRabbit(key string) bool {
	value, found := l.rabbit.values[key]
	_, filed := l.file.lines[key]
	return found && l.own(key) == "" && (value.variable || !filed)
}

// origin tells where the value that won came from.
func (l *loader) origin(key string) string {
	if own := l.own(key); own != "" {
		return own
	}
	if l.isRabbit(key) {
		return l.rabbit.values[key].from
	}
	return l.file.position(key)
}

// problem is one line about one value. The value of users stays out of it.
func problem(key string, raw any, origin string, err error) string {
	if key == keyUsers {
		return fmt.Sprintf("%s: %s is not allowed: %v", origin, key, err)
	}
	return fmt.Sprintf("%s: %s = %q is not allowed: %v", origin, key, fmt.Sprint(raw), err)
}

func join(problems []string) error {
	if len(problems) == 0 {
		return nil
	}
	return errors.New(strings.Join(problems, "; "))
}
