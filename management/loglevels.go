package management

// LogLevels are the levels of the log, which can be changed while the broker runs.
type LogLevels interface {
	// Levels tells the level of each category.
	Levels() map[string]string
	// SetLevel changes that of a category, or of all if it is empty. It refuses
	// categories and levels that there are not.
	SetLevel(category, level string) error
}

func logRoutes() []route {
	return []route{
		{method: get, pattern: "/api/log-levels", tag: monitoring, handle: (*API).showLogLevels,
			summary: "the level of each category of the log"},
		{method: set, pattern: "/api/log-levels", deed: "log.level", tag: administrator, handle: (*API).putLogLevel,
			summary: "change the level of all categories until the next start: {\"level\"}"},
		{method: set, pattern: "/api/log-levels/{category}", deed: "log.level", tag: administrator, handle: (*API).putLogLevel,
			summary: "change the level of a category until the next start: {\"level\"}"},
	}
}

func (a *API) showLogLevels(*request) (reply, error) {
	if a.options.LogLevels == nil {
		return reply{}, notFound()
	}
	return show(a.options.LogLevels.Levels()), nil
}

func (a *API) putLogLevel(r *request) (reply, error) {
	if a.options.LogLevels == nil {
		return reply{}, notFound()
	}
	b, err := r.body("level")
	if err != nil {
		return reply{}, err
	}
	level, err := b.text("level")
	if err != nil {
		return reply{}, err
	}
	r.note("level", level)
	category := r.param("category")
	if err := a.options.LogLevels.SetLevel(category, level); err != nil {
		return reply{}, badRequest("%v", err)
	}
	a.log.Info("the level of the log was changed by an operator", "category", category, "level", level, "by", r.caller.Name)
	return done(), nil
}
