package ctl

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTable_FitsTheTerminal(t *testing.T) {
	list := table{columns: []string{"name", "messages", "policy"}, rows: []object{
		{"name": "a-queue-with-a-long-name", "messages": 1234567.0, "policy": "p"},
		{"name": "q\x1b[2J", "messages": 1.0, "policy": "a policy"},
	}}
	for columns, want := range map[int]string{
		80: "name                      messages  policy\n" +
			"a-queue-with-a-long-name   1234567  p\n" +
			"q·[2J                            1  a policy\n",
		30: "name        messages  policy\n" +
			"a-queue-w…   1234567  p\n" +
			"q·[2J              1  a policy\n",
		22: "name   messag…  policy\n" +
			"a-qu…  1234567  p\n" +
			"q·[2J        1  a pol…\n",
		10: "name   me…\na-qu…  12…\nq·[2J    …\n",
	} {
		var out bytes.Buffer
		require.NoError(t, list.writeFitted(&out, columns, true))
		for line := range strings.Lines(out.String()) {
			require.LessOrEqual(t, len([]rune(line)), columns+1, line)
		}
		require.Equal(t, want, out.String())
	}
	var out bytes.Buffer
	require.NoError(t, table{columns: []string{"name"}}.writeFitted(&out, 10, true))
	require.Empty(t, out.String())
}
