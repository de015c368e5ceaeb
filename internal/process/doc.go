// Package process tells what another process on this machine costs: processor
// time and memory, from /proc. Where there is no /proc, all of it is zero.
//
//	pid, err := process.Listening("localhost:5672")
//	before := process.CPU(pid)
//	...
//	fmt.Println(process.CPU(pid)-before, process.MemoryOf(pid).Resident)
package process
