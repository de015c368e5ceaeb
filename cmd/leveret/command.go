package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/leveretmq/leveret/configs"
)

// newCommand is the command line: leveret alone is leveret serve.
func newCommand(stdout, stderr io.Writer) *cobra.Command {
	serve := func(command *cobra.Command, _ []string) error {
		return serveCommand(command, stdout, stderr)
	}
	root := &cobra.Command{
		Use:   "leveret",
		Short: "An AMQP 0-9-1 message broker",
		Long: `Leveret is an AMQP 0-9-1 message broker that RabbitMQ's clients use unchanged.
Without a command it serves, as leveret serve does.`,
		Version: version(),
		RunE:    serve,
	}
	served := &cobra.Command{
		Use:   "serve",
		Short: "Run the broker (the default)",
		Long: `Run the broker until SIGTERM or SIGINT.

Each flag is also a variable of the environment (--log-level: LEVERET_LOG_LEVEL)
and a key of the file that --config names (log-level). The file has more keys
than there are flags: configs/leveret.yaml shows all of them.`,
		RunE: serve,
	}
	shown := &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Run: func(*cobra.Command, []string) {
			fmt.Fprintln(stdout, banner())
		},
	}
	check := newCheckCommand(stdout)
	root.SetVersionTemplate(banner() + "\n")
	configs.AddFlags(root.Flags())
	configs.AddFlags(served.Flags())
	root.AddCommand(served, shown, newBenchCommand(stdout), check)
	root.AddCommand(programCommands()...)
	for _, command := range []*cobra.Command{root, served, shown, check} {
		command.Args = noArguments
	}
	root.SetFlagErrorFunc(func(command *cobra.Command, err error) error {
		return fail(statusUsage, fmt.Errorf("%w; %s --help lists the flags", err, command.CommandPath()))
	})
	// Errors are printed once, by run, and in one line.
	root.SilenceErrors, root.SilenceUsage, root.DisableSuggestions = true, true, true
	root.SetOut(stdout)
	root.SetErr(stderr)
	return root
}

func noArguments(command *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return fail(statusUsage, fmt.Errorf("unknown command or argument %q; %s --help lists what there is", args[0], command.CommandPath()))
}

func serveCommand(command *cobra.Command, stdout, stderr io.Writer) error {
	config, report, err := configs.LoadReport(command.Flags())
	if err != nil {
		return err
	}
	if config.CheckConfig {
		fmt.Fprintln(stdout, "The configuration is valid.")
		return nil
	}
	ctx, stop := untilSignal(context.Background())
	defer stop()
	log, err := openLog(config, stderr)
	if err != nil {
		return err
	}
	followReopening(ctx, log)
	tellIgnored(report, log.Logger)
	memory := memoryWatermark(config, log.Logger)
	err = serve(ctx, process{
		config: config, memory: memory,
		open: func(config configs.Config, _ *slog.Logger, progress func(recovery), fatal func(error)) (service, error) {
			return openBroker(config, memory, log, progress, fatal)
		},
		log:     log.Logger,
		manager: newNotifier(log.Logger),
		stdout:  stdout,
	})
	return errors.Join(err, log.outputs.Close())
}
