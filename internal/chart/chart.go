package chart

import (
	"errors"
	"fmt"
	"math"
)

// Chart is one picture.
type Chart struct {
	Title string
	X, Y  Axis
	Lines []Line
}

// Axis is one direction of a chart.
type Axis struct {
	Label string // what is counted, with its unit
	Scale Scale
}

// Scale is how values lie on an axis.
type Scale int

const (
	// Linear is for values from zero up: equal distances are equal differences.
	Linear Scale = iota
	// Logarithmic is for values above zero: equal distances are equal ratios.
	Logarithmic
)

// Line is one series of points, drawn in their order.
type Line struct {
	Name   string
	Points []Point
}

// Point is a value over another.
type Point struct{ X, Y float64 }

// ErrChart says that there is nothing to draw, or something that has no place
// on its axis.
var ErrChart = errors.New("this chart cannot be drawn")

// check refuses what has no place.
func (c Chart) check() error {
	drawn := 0
	for _, l := range c.Lines {
		for _, p := range l.Points {
			if !c.X.Scale.has(p.X) || !c.Y.Scale.has(p.Y) {
				return fmt.Errorf("%w: %q has the point %v, %v", ErrChart, l.Name, p.X, p.Y)
			}
			drawn++
		}
	}
	if drawn == 0 {
		return fmt.Errorf("%w: %q has no points", ErrChart, c.Title)
	}
	return nil
}

// has says whether a value has a place on the scale.
func (s Scale) has(v float64) bool {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return false
	}
	return v > 0 || s == Linear && v == 0
}

// values are those of all points in one direction.
func (c Chart) values(of func(Point) float64) (list []float64) {
	for _, l := range c.Lines {
		for _, p := range l.Points {
			list = append(list, of(p))
		}
	}
	return list
}
