package chart

import (
	"fmt"
	"html"
	"strings"
)

// The measures of the picture, in pixels.
const (
	width, height = 780, 440
	left, right   = 78, 570 // of the plot
	top, bottom   = 46, 376 // of the plot
	legendLeft    = right + 22
	legendStep    = 22
	markSize      = 4.0
)

// look is the style sheet. The colours of lines stand out on white and on
// black, also for most who confuse red and green (after Okabe and Ito).
const look = `<style>
svg { color-scheme: light dark; }
text { font: 13px system-ui, sans-serif; fill: #24292f; }
.title { font-size: 15px; font-weight: 600; }
.back { fill: #ffffff; }
.grid { stroke: #d0d7de; stroke-width: 1; }
.frame { stroke: #6e7781; stroke-width: 1; fill: none; }
.line { fill: none; stroke-width: 2; stroke-linejoin: round; }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3; }
.back { fill: #0d1117; }
.grid { stroke: #30363d; }
.frame { stroke: #8b949e; }
}
</style>
`

// colours are those of the lines, in turns.
func colours() []string {
	return []string{"#1f83c9", "#d55e00", "#009e73", "#cc79a7", "#b58900", "#56b4e9", "#8a63d2", "#7f7f7f"}
}

// drawing is a picture in the making.
type drawing struct {
	chart Chart
	x, y  ruler
	out   strings.Builder
}

// SVG draws the chart. The error is ErrChart.
func (c Chart) SVG() (string, error) {
	if err := c.check(); err != nil {
		return "", err
	}
	d := &drawing{
		chart: c,
		x:     newRuler(c.X.Scale, c.values(func(p Point) float64 { return p.X })),
		y:     newRuler(c.Y.Scale, c.values(func(p Point) float64 { return p.Y })),
	}
	d.add(`<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" role="img">`, width, height, width, height)
	d.add("<title>%s</title>", html.EscapeString(c.Title))
	d.out.WriteString(look)
	d.add(`<rect class="back" width="%d" height="%d"/>`, width, height)
	d.text("title", (left+right)/2, top-20, "middle", c.Title)
	d.axes()
	for i, l := range c.Lines {
		d.line(i, l)
	}
	d.add("</svg>")
	return d.out.String(), nil
}

// add appends a line of text.
func (d *drawing) add(format string, args ...any) { fmt.Fprintf(&d.out, format+"\n", args...) }

// text writes at a place; the anchor is what part of the text lies there.
func (d *drawing) text(class string, x, y float64, anchor, text string) {
	d.add(`<text class="%s" x="%.1f" y="%.1f" text-anchor="%s">%s</text>`, class, x, y, anchor, html.EscapeString(text))
}

// axes draws the grid, the ticks and what the axes are called.
func (d *drawing) axes() {
	for _, tick := range d.x.ticks {
		x := d.across(tick)
		d.add(`<line class="grid" x1="%.1f" y1="%d" x2="%.1f" y2="%d"/>`, x, top, x, bottom)
		d.text("tick", x, bottom+18, "middle", label(tick))
	}
	for _, tick := range d.y.ticks {
		y := d.up(tick)
		d.add(`<line class="grid" x1="%d" y1="%.1f" x2="%d" y2="%.1f"/>`, left, y, right, y)
		d.text("tick", left-8, y+4, "end", label(tick))
	}
	d.add(`<rect class="frame" x="%d" y="%d" width="%d" height="%d"/>`, left, top, right-left, bottom-top)
	d.text("label", (left+right)/2, height-20, "middle", d.chart.X.Label)
	d.add(`<text class="label" transform="translate(20 %d) rotate(-90)" text-anchor="middle">%s</text>`,
		(top+bottom)/2, html.EscapeString(d.chart.Y.Label))
}

func (d *drawing) across(v float64) float64 { return left + d.x.place(v)*(right-left) }

func (d *drawing) up(v float64) float64 { return bottom - d.y.place(v)*(bottom-top) }

// line draws one series, and its entry in the legend.
func (d *drawing) line(number int, l Line) {
	colour := colours()[number%len(colours())]
	places := make([]string, len(l.Points))
	for i, p := range l.Points {
		places[i] = fmt.Sprintf("%.1f,%.1f", d.across(p.X), d.up(p.Y))
	}
	d.add(`<polyline class="line" stroke="%s" points="%s"/>`, colour, strings.Join(places, " "))
	for _, p := range l.Points {
		d.mark(number, colour, d.across(p.X), d.up(p.Y))
	}
	y := float64(top + 10 + number*legendStep)
	d.add(`<line class="line" stroke="%s" x1="%d" y1="%.1f" x2="%d" y2="%.1f"/>`, colour, legendLeft, y, legendLeft+26, y)
	d.mark(number, colour, legendLeft+13, y)
	d.text("name", legendLeft+34, y+4, "start", l.Name)
}

// mark draws the sign of a series at a place: its shape goes with the number.
func (d *drawing) mark(number int, colour string, x, y float64) {
	const s = markSize
	shape := func(points ...float64) {
		var list []string
		for i := 0; i < len(points); i += 2 {
			list = append(list, fmt.Sprintf("%.1f,%.1f", x+points[i], y+points[i+1]))
		}
		d.add(`<polygon fill="%s" points="%s"/>`, colour, strings.Join(list, " "))
	}
	switch number % 4 {
	case 0:
		d.add(`<circle fill="%s" cx="%.1f" cy="%.1f" r="%.1f"/>`, colour, x, y, s)
	case 1:
		shape(-s, -s, s, -s, s, s, -s, s)
	case 2:
		shape(0, -s-1, s+1, s, -s-1, s)
	default:
		shape(0, -s-1, s+1, 0, 0, s+1, -s-1, 0)
	}
}
