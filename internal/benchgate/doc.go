// Command benchgate fails if a benchmark allocates more than it did when the
// baseline was made. Times depend on the machine and on what else it does, so
// only people can judge them (make bench); allocations hardly do.
//
//	go run ./internal/benchgate internal/benchgate/baseline.txt bin/bench.txt
//
// Both files are what "go test -bench -benchmem" prints. Of several results of
// a benchmark, the highest one of the baseline and the lowest new one count. A
// tenth more is tolerated, so that a benchmark with few allocations may not have
// a single one more. Where one operation is many messages, "/batch=N" in the
// name says how many: then lists and pools may grow now and then, which costs a
// few allocations for thousands of messages. Benchmarks that one of the files
// lacks are passed over.
package main
