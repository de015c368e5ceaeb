package definitions

// The components whose parameters mean something to the broker. Those of others are
// kept for who reads them.
const (
	// ComponentPolicy has the policies, whose names are those of the parameters.
	ComponentPolicy = "policy"
	// ComponentOperatorPolicy has the operator policies.
	ComponentOperatorPolicy = "operator_policy"
)

// Parameter is a value that an operator has set at run time, by RabbitMQ's rules: a
// policy is a parameter of its virtual host, and so is what a plugin is told there.
type Parameter struct {
	// VHost and Component are empty for a global parameter.
	VHost, Component string
	// Name is unique within the component and the virtual host.
	Name string
	// Value is JSON without needless spaces.
	Value string
}

// Global says that the parameter belongs to no virtual host.
func (p Parameter) Global() bool { return p.Component == "" }
