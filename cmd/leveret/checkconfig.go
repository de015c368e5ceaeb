package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/spf13/cobra"

	"github.com/leveretmq/leveret/configs"
)

// newCheckCommand makes leveret check-config, which has the flags of serve.
func newCheckCommand(stdout io.Writer) *cobra.Command {
	command := &cobra.Command{
		Use:   "check-config",
		Short: "Check the configuration and say what it means",
		Long: `Check the configuration and say what it means: which keys of a rabbitmq.conf and
which variables of RabbitMQ are honoured, which are ignored and why, and which are
unknown; then every setting that is not the default, and where it comes from.

The status is 0 if the broker would start with it, and 2 if not.`,
		Example: "  leveret check-config --rabbitmq-conf /etc/rabbitmq/rabbitmq.conf",
		RunE: func(command *cobra.Command, _ []string) error {
			_, report, err := configs.LoadReport(command.Flags())
			writeReport(stdout, report)
			if err == nil {
				fmt.Fprintln(stdout, "The configuration is valid.")
			}
			return err
		},
	}
	configs.AddFlags(command.Flags())
	return command
}

// writeReport writes what was found out, one line for each setting.
func writeReport(to io.Writer, report configs.Report) {
	for _, section := range []struct {
		title string
		of    configs.Outcome
	}{{"Honoured", configs.Honoured}, {"Ignored", configs.Ignored}, {"Unknown", configs.Unknown}} {
		found := report.Of(section.of)
		if len(found) > 0 {
			fmt.Fprintln(to, section.title)
		}
		for _, f := range found {
			fmt.Fprintln(to, strings.TrimRight(fmt.Sprintf("  %s  %s  %s", f.From, f.Name, meaning(f)), " "))
		}
	}
	if len(report.Values) > 0 {
		fmt.Fprintln(to, "Settings that are not the default")
	}
	for _, v := range report.Values {
		fmt.Fprintf(to, "  %s = %s  (%s)\n", v.Key, v.Text, v.From)
	}
}

// meaning is what became of a setting.
func meaning(f configs.Finding) string {
	switch {
	case f.Ours == "":
		return f.Note
	case f.Note == "":
		return f.Ours
	}
	return fmt.Sprintf("%s (%s)", f.Ours, f.Note)
}

// tellIgnored logs what is ignored of what was given in RabbitMQ's terms: one line
// for each reason.
func tellIgnored(report configs.Report, log *slog.Logger) {
	if len(report.Files) > 0 {
		log.Info("configuration was read in RabbitMQ's form", "files", strings.Join(report.Files, ", "),
			"honoured", len(report.Of(configs.Honoured)), "ignored", len(report.Of(configs.Ignored)))
	}
	for _, g := range report.Ignored() {
		level := slog.LevelInfo
		if g.Matters {
			level = slog.LevelWarn
		}
		log.Log(context.Background(), level, "settings of RabbitMQ are ignored: "+g.Note, "settings", abridged(g.Names))
	}
}

// abridged lists a few names, and the number of the others.
func abridged(names []string) string {
	const most = 5
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}
