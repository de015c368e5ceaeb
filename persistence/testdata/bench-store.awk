# Makes a table of what BenchmarkCommit prints.
BEGIN { printf "%10s %10s %14s %14s %7s\n", "octets", "a commit", "file msg/s", "store msg/s", "ratio" }
/^BenchmarkCommit\// {
	split($1, name, /[=\/-]/)
	for (i = 3; i < NF; i += 2) value[$(i + 1)] = $i
	printf "%10d %10d %14.0f %14.0f %7.2f\n", name[3], name[5], value["file-msg/s"], value["store-msg/s"], value["ratio"]
	fflush()
}
/^(---|FAIL|panic)/ { print; failed = 1 }
END { exit failed }
