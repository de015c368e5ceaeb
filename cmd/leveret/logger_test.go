package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/configs"
	"github.com/leveretmq/leveret/internal/logs"
)

func TestEveryCategoryCanBeConfigured(t *testing.T) {
	t.Setenv("LEVERET_LOG_LEVELS", strings.Join(logs.Categories(), "=error,")+"=none")
	config, err := configs.Load(nil)
	require.NoError(t, err)
	var out bytes.Buffer
	log, err := openLog(config, &out)
	require.NoError(t, err)
	for _, level := range log.outputs.Levels() {
		require.NotEqual(t, "info", level)
	}
	require.Equal(t, "none", log.outputs.Levels()[logs.Auditing])
}

func TestAtom(t *testing.T) {
	for name, want := range map[string]string{"rabbit@box": "rabbit@box", "leveret@my-box.lan": "'leveret@my-box.lan'"} {
		require.Equal(t, want, atom(name))
	}
}
