// Package chart draws line charts as SVG, for pages that tell how a cost grows:
//
//	svg, err := chart.Chart{
//		Title: "Resident memory",
//		X:     chart.Axis{Label: "number of things", Scale: chart.Logarithmic},
//		Y:     chart.Axis{Label: "memory (MB)", Scale: chart.Logarithmic},
//		Lines: []chart.Line{{Name: "queues", Points: []chart.Point{{X: 1000, Y: 1.2}, {X: 10_000, Y: 11.8}}}},
//	}.SVG()
//
// The same chart gives the same octets, so that a file changes only when its
// figures do. The picture needs nothing besides itself: no script, no font of
// its own. It brings its own background, and turns dark where the reader's
// system is.
//
// # Model
//
// An axis spans its values, widened to the next round number at both ends; a
// linear one begins at zero, since a chart of costs that does not exaggerates
// (axis). Ticks are powers of ten, or 1, 2 and 5 times those where there would
// be too few. Lines are told apart by colour, by the shape of their marks, and
// by the legend at the right, whose order is that of the lines.
package chart
