package exchange

import (
	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/binding"
)

// checkHeadersBinding refuses an x-match that is not one of the known words.
func checkHeadersBinding(_ Spec, b Binding) error {
	v, ok := b.Arguments.Lookup(binding.MatchArgument)
	if !ok {
		return nil
	}
	switch word, text := v.(string); {
	case !text:
		return amqp.Errorf(amqp.CodePreconditionFailed,
			"Invalid x-match field type %s (value %s); expected longstr", amqp.TypeName(v), amqp.Term(v))
	case word == binding.MatchAll, word == binding.MatchAny,
		word == binding.MatchAllWithX, word == binding.MatchAnyWithX:
		return nil
	default:
		return amqp.Errorf(amqp.CodePreconditionFailed,
			"Invalid x-match field value %s; expected all, any, all-with-x, or any-with-x", amqp.Term(word))
	}
}
