package ctl

import (
	"net/url"
	"strconv"
)

// traceMessages shows the messages of a virtual host as they are published and
// delivered, until it is interrupted or has shown as many as were asked for.
func traceMessages(c *call) error {
	if format := c.options.formatter; format == formatCSV || format == formatPretty {
		return &failure{usageError, "trace shows text or json"}
	}
	o := &c.options.own
	query := url.Values{}
	for key, value := range map[string]string{"queue": o.queue, "exchange": o.exchange.value, "user": o.user} {
		if value != "" {
			query.Set(key, value)
		}
	}
	if o.body > 0 {
		query.Set("body", strconv.Itoa(o.body))
	}
	if c.options.formatter != formatJSON {
		query.Set("format", "text")
	}
	ctx, stop := c.interruptible()
	defer stop()
	shown := 0
	return c.stream(ctx, at("watch", "trace", c.options.vhost)+"?"+query.Encode(), func(line []byte) error {
		if _, err := c.Stdout.Write(append(line, '\n')); err != nil {
			return err
		}
		if shown++; shown == o.count {
			return errEnough
		}
		return nil
	})
}
