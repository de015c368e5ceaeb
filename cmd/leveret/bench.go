package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/leveretmq/leveret/internal/bench"
)

// newBenchCommand is the load generator.
func newBenchCommand(stdout io.Writer) *cobra.Command {
	flags := newBenchFlags()
	command := &cobra.Command{
		Use:   "bench",
		Short: "Make load for a broker and measure it",
		Long: `Make load for a broker and measure it, with the flags and the output of RabbitMQ's
PerfTest. All of PerfTest's spellings are understood: --queue-pattern,
-queue-pattern and -qp.

Without limits it runs until it is interrupted. If the broker runs on this
machine, what it costs is measured, too. For ready-made tests see
leveret bench run --help.`,
		Args: noArguments,
		RunE: func(*cobra.Command, []string) error {
			o, err := flags.parsed()
			if err != nil {
				return fail(statusUsage, err)
			}
			o.ID = flags.id(o.ID)
			return flags.output.run(stdout, []bench.Case{{Options: o}})
		},
	}
	flags.register(command.Flags())
	command.AddCommand(newBenchRunCommand(stdout))
	return command
}

// newBenchRunCommand is the load generator's ready-made tests.
func newBenchRunCommand(stdout io.Writer) *cobra.Command {
	flags := newScaleFlags()
	var about strings.Builder
	var names []string
	for _, s := range bench.Scenarios() {
		names = append(names, s.Name)
		fmt.Fprintf(&about, "  %-12s %s\n", s.Name, s.About)
	}
	command := &cobra.Command{
		Use:       "run SCENARIO",
		Short:     "Run ready-made tests",
		Long:      "Run one of these series of ready-made tests:\n\n" + about.String() + "\nQueues and exchanges have names that begin with bench-.",
		ValidArgs: names,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return fail(statusUsage, fmt.Errorf("one scenario is needed: %s", strings.Join(names, ", ")))
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			for _, s := range bench.Scenarios() {
				if s.Name == args[0] {
					return flags.output.run(stdout, flags.apply(s.Cases(flags.scale)))
				}
			}
			return fail(statusUsage, fmt.Errorf("no scenario %q: there are %s", args[0], strings.Join(names, ", ")))
		},
	}
	flags.register(command.Flags())
	return command
}

// benchOutput is the files that results are written to.
type benchOutput struct{ json, csv string }

// run runs tests one after the other, and writes their results.
func (b benchOutput) run(stdout io.Writer, cases []bench.Case) error {
	ctx, stop := untilSignal(context.Background())
	defer stop()
	var reports []*bench.Report
	for _, c := range cases {
		if ctx.Err() != nil {
			break
		}
		if c.About != "" {
			fmt.Fprintf(stdout, "%s: %s\n", c.Name, c.About)
		}
		report := &bench.Report{ID: c.Options.ID, Name: c.Name}
		text := &bench.Text{Out: stdout, Options: c.Options, Live: terminal(stdout)}
		_, err := bench.Run(ctx, c.Options, bench.All{text, report})
		if errors.Is(err, bench.ErrOptions) {
			return fail(statusUsage, err)
		}
		if err != nil {
			return err
		}
		reports = append(reports, report)
	}
	return errors.Join(
		writeReports(b.json, reports, bench.WriteJSON),
		writeReports(b.csv, reports, bench.WriteCSV),
	)
}

func writeReports(path string, reports []*bench.Report, write func(io.Writer, []*bench.Report) error) error {
	if path == "" {
		return nil
	}
	file, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("the results: %w", err)
	}
	return errors.Join(write(file, reports), file.Close())
}

// terminal says whether somebody watches the output.
func terminal(out io.Writer) bool {
	file, ok := out.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
