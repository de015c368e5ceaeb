package main

import (
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/configs"
)

func TestEffectiveConfigurationHasNoSecrets(t *testing.T) {
	config := configs.Default()
	config.Users = []configs.User{{Name: "app", Password: "hunter2", Tags: []string{"administrator"}}}
	text := string(effective(config))
	require.Contains(t, text, "http-max-body: 20000000\n")
	require.Contains(t, text, "heartbeat: \"1m0s\"\n")
	require.Contains(t, text, `"app"`)
	require.NotContains(t, text, "hunter2")
}

func TestCertificatesOfFilesThatCannotBeRead(t *testing.T) {
	config := configs.Default()
	junk := filepath.Join(t.TempDir(), "junk.pem")
	require.NoError(t, os.WriteFile(junk, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("x")}), 0o600))
	config.TLSCertificates = []string{junk, "/nowhere"}
	require.Empty(t, certificates(config))
}
