package configs

import (
	"errors"
	"fmt"
	"os"
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

// Load makes the configuration of the defaults, the file, the environment and
// the flags, which may be nil and otherwise are those of AddFlags, parsed.
// Every error wraps ErrInvalid and has one line.
func Load(flags *pflag.FlagSet) (Config, error) {
	c, err := load(flags)
	if err != nil {
		return Config{}, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return c, nil
}

func load(flags *pflag.FlagSet) (Config, error) {
	if err := checkEnvironment(os.Environ()); err != nil {
		return Config{}, err
	}
	v, err := sources(flags)
	if err != nil {
		return Config{}, err
	}
	config := Default()
	config.File = v.GetString(keyConfig)
	from, err := readFile(config.File)
	if err != nil {
		return Config{}, err
	}
	if err := v.MergeConfigMap(from.values); err != nil {
		return Config{}, fmt.Errorf("%s: %w", config.File, err)
	}
	var problems []string
	for _, s := range settings() {
		if !v.IsSet(s.key) {
			continue
		}
		raw := v.Get(s.key)
		if err := s.set(&config, raw); err != nil {
			problems = append(problems, problem(s.key, raw, origin(s.key, flags, from), err))
		}
	}
	return config, join(problems)
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

// origin tells where the value that won came from.
func origin(key string, flags *pflag.FlagSet, from file) string {
	if flags != nil && flags.Changed(key) {
		return "--" + key
	}
	if os.Getenv(variable(key)) != "" {
		return variable(key)
	}
	return from.position(key)
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
