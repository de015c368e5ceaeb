package ctl

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/pflag"
)

// ownOptions are those that only Leveret's own commands have.
type ownOptions struct {
	count, body                   int
	queue, user, by               string
	once                          bool
	interval                      time.Duration
	toVHost, exchange, routingKey optional
}

// optional is the value of an option that may be missing.
type optional struct {
	value string
	set   bool
}

var _ pflag.Value = (*optional)(nil)

// String implements pflag.Value.
func (o *optional) String() string { return o.value }

// Set implements pflag.Value.
func (o *optional) Set(value string) error {
	o.value, o.set = value, true
	return nil
}

// Type implements pflag.Value.
func (o *optional) Type() string { return "string" }

func (o *ownOptions) add(f *pflag.FlagSet) {
	f.IntVar(&o.count, "count", 0, "how many messages or rows at most")
	f.IntVar(&o.body, "body", 0, "how many octets of each body are shown")
	f.StringVar(&o.by, "by", "", "what top sorts by: "+strings.Join(orderNames(), ", "))
	f.BoolVar(&o.once, "once", false, "show top once, for scripts")
	f.DurationVar(&o.interval, "interval", usualInterval, "how often top looks")
	f.StringVar(&o.queue, "queue", "", "expression for the names of queues")
	f.Var(&o.toVHost, "to-vhost", "virtual host of the destination")
	f.Var(&o.exchange, "exchange", "exchange that messages go to, or that they come from")
	f.Var(&o.routingKey, "routing-key", "routing key that messages get")
}

// ownHelp tells of the options that a command names, and of those of all commands.
func ownHelp(to io.Writer, arguments string) {
	var o options
	flags := o.flags()
	o.own.add(flags)
	fmt.Fprint(to, "\nOptions\n\n")
	flags.VisitAll(func(f *pflag.Flag) {
		if slices.Contains(sharedOptions(), f.Name) || strings.Contains(arguments, "--"+f.Name+" ") || strings.Contains(arguments, "--"+f.Name+"]") {
			fmt.Fprintf(to, "   --%-12s %s\n", f.Name, f.Usage)
		}
	})
}

// sharedOptions are those that each of Leveret's own commands takes.
func sharedOptions() []string {
	return strings.Fields("vhost format quiet silent timeout data-dir socket url username password")
}

// usualInterval is how often top looks: rates are counted anew as often.
const usualInterval = 5 * time.Second

// interrupted is the exit status of a command that was, as shells have it.
const interrupted = 130

// interruptible is a context that ends when the user has had enough. Who says so twice
// ends the process.
func (c *call) interruptible() (context.Context, context.CancelFunc) {
	if c.Context != nil {
		return context.WithCancel(c.Context)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	return ctx, stop
}

// size is that of the terminal that is written to, zero if there is none.
func (c *call) size(to io.Writer) (columns, rows int) {
	if c.Size == nil {
		return 0, 0
	}
	return c.Size(to)
}
