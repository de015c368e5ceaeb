package management

// vhostCounts is what the view of a virtual host tells of its messages and of the
// traffic of its connections.
type vhostCounts struct {
	depths
	Stats           wholeStats `json:"message_stats,omitzero"`
	Received        int64      `json:"recv_oct"`
	ReceivedDetails details    `json:"recv_oct_details"`
	Sent            int64      `json:"send_oct"`
	SentDetails     details    `json:"send_oct_details"`
}

// vhostCounts reads them. The traffic is as of the last look at the counters.
func (a *API) vhostCounts(name string, asked windows) vhostCounts {
	r := a.vhostReading(name, asked)
	motion := a.samples.traffic.motion(name, asked)
	var now traffic
	a.samples.traffic.latest(name, now[:])
	return vhostCounts{
		depths: r.depths(), Stats: told(a.options.RatesMode, r.whole),
		Received: now[countReceived], ReceivedDetails: motion.details(countReceived, asked.data),
		Sent: now[countSent], SentDetails: motion.details(countSent, asked.data),
	}
}
