package management

import (
	"net/http"
	"slices"
)

// The methods, short for the table.
const (
	get  = http.MethodGet
	post = http.MethodPost
	del  = http.MethodDelete
	set  = http.MethodPut
)

// table is everything that can be called.
func table() []route {
	return slices.Concat(
		pageRoutes(), sessionRoutes(), userRoutes(), permissionRoutes(), vhostRoutes(), limitRoutes(),
		parameterRoutes(), policyRoutes(), definitionRoutes(), clusterRoutes(), logRoutes(), watermarkRoutes(), maintenanceRoutes(), programRoutes(), healthRoutes(),
		pluginRoutes(), viewRoutes(), watchRoutes(),
	)
}
