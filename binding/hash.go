package binding

// hash spreads keys over all 64 bits. It is the same in every run: a key that
// comes back after a restart finds the place that it had.
func hash(key string) uint64 {
	// FNV-1a, and a finish for short keys, whose upper bits it hardly moves.
	const offset, prime = 14695981039346656037, 1099511628211
	h := uint64(offset)
	for i := range len(key) {
		h = (h ^ uint64(key[i])) * prime
	}
	h = (h ^ h>>32) * 0x9e3779b97f4a7c15
	return h ^ h>>29
}

// jump is Lamping's and Veach's jump consistent hash ("A Fast, Minimal Memory,
// Consistent Hash Algorithm"): it picks one of n buckets. With one bucket more at
// the end, one key in n+1 moves there and no other key moves. It takes steps in
// the order of the logarithm of n.
func jump(key uint64, n int) int {
	bucket, next := int64(-1), int64(0)
	for next < int64(n) {
		bucket = next
		key = key*2862933555777941757 + 1
		next = int64(float64(bucket+1) * (float64(1<<31) / float64(key>>33+1)))
	}
	return int(bucket)
}
