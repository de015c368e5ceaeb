package ctl

import "fmt"

// What doctor wants of a machine.
const (
	fewFiles = 10_000 // open files: less is few for a broker of many clients
	nearDisk = 2      // times the limit: free disk below it will soon be an alarm
)

func doctor(c *call) error {
	n, err := c.theNode()
	if err != nil {
		return err
	}
	number := func(key string) float64 { f, _ := n[key].(float64); return f }
	var found []object
	problems := 0
	look := func(what string, well bool, advice string) {
		one := object{"check": what, "outcome": "ok", "advice": ""}
		if !well {
			one["outcome"], one["advice"] = "problem", advice
			problems++
		}
		found = append(found, one)
	}
	look("memory", n["mem_alarm"] != true, "publishers are blocked: consume what is queued, or raise memory-high-watermark")
	look("disk", n["disk_free_alarm"] != true && number("disk_free") > nearDisk*number("disk_free_limit"), "free space comes near disk-free-limit, where publishers are blocked")
	look("open files", number("fd_total") == 0 || number("fd_total") >= fewFiles, fmt.Sprintf("the limit is %.0f: raise it (ulimit -n, LimitNOFILE)", number("fd_total")))
	for _, check := range []struct{ what, path, advice string }{
		{"virtual hosts", "virtual-hosts", "one is down: see the log"},
		{"certificates", "certificate-expiration/1/months", "one ends within a month: renew it"},
	} {
		look(check.what, c.healthy(check.path) == nil, check.advice)
	}
	if err := c.showFound(found); err != nil {
		return err
	}
	if problems > 0 {
		return &failure{unavailable, fmt.Sprintf("%d problems", problems)}
	}
	return nil
}

func (c *call) showFound(found []object) error {
	if c.options.formatter != formatTable {
		return c.show([]string{"check", "outcome", "advice"}, found)
	}
	for _, one := range found {
		line := fmt.Sprintf("%-8s %s", one["outcome"], one["check"])
		if one["advice"] != "" {
			line += fmt.Sprintf(": %s", one["advice"])
		}
		c.say("%s", line)
	}
	return nil
}
