package management

// Watermark is an amount of octets, as a text with or without a unit, or else a part of
// the memory.
type Watermark struct {
	Absolute string
	Relative float64 // from 0 to 1; counts if Absolute is empty
}

// Watermarks are the amounts of memory and disk at which publishers are blocked. They can
// be changed while the broker runs, until it ends.
type Watermarks interface {
	SetMemoryWatermark(limit Watermark) error
	SetDiskFreeLimit(limit Watermark) error
}

func watermarkRoutes() []route {
	return []route{
		{method: set, pattern: "/api/watermarks/memory", deed: "watermark.memory", tag: administrator, handle: (*API).putMemoryWatermark,
			summary: "change the memory above which publishers are blocked until the next start: {\"absolute\"} or {\"relative\"}"},
		{method: set, pattern: "/api/watermarks/disk-free", deed: "watermark.disk", tag: administrator, handle: (*API).putDiskFreeLimit,
			summary: "change the free space below which publishers are blocked until the next start: {\"absolute\"} or {\"relative\"} to the memory"},
	}
}

func (a *API) putMemoryWatermark(r *request) (reply, error) {
	return a.setWatermark(r, Watermarks.SetMemoryWatermark)
}

func (a *API) putDiskFreeLimit(r *request) (reply, error) {
	return a.setWatermark(r, Watermarks.SetDiskFreeLimit)
}

func (a *API) setWatermark(r *request, change func(Watermarks, Watermark) error) (reply, error) {
	if a.options.Watermarks == nil {
		return reply{}, notFound()
	}
	b, err := r.body()
	if err != nil {
		return reply{}, err
	}
	limit, err := b.watermark()
	if err != nil {
		return reply{}, err
	}
	if limit.Absolute != "" {
		r.note("limit", limit.Absolute)
	} else {
		r.note("limit", limit.Relative)
	}
	if err := change(a.options.Watermarks, limit); err != nil {
		return reply{}, badRequest("%v", err)
	}
	return done(), nil
}

func (b body) watermark() (w Watermark, err error) {
	if b.gives("absolute") {
		w.Absolute, err = b.text("absolute")
		if err == nil && w.Absolute == "" {
			err = badRequest("absolute: it must not be empty")
		}
		return w, err
	}
	if err := b.require("relative"); err != nil {
		return w, err
	}
	if err := b.read("relative", &w.Relative); err != nil || w.Relative < 0 || w.Relative > 1 {
		return w, badRequest("relative: it must be a number from 0 to 1")
	}
	return w, nil
}
