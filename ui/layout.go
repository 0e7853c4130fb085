package ui

// The smallest terminal the console draws in; below it only a notice.
const (
	minW, minH = 60, 16
	// boxW and boxH are what the notice itself needs; below, one word.
	boxW, boxH = 44, 6
)

// layout says which rows belong to whom.
type layout struct {
	w, h                                       int
	header, tabs, crumb, body, status, hintRow int // first row of each
	bodyH                                      int
	tooSmall                                   bool
}

// newLayout divides a terminal of w×h cells: header, tab bar, breadcrumb, the
// body, status, hints.
func newLayout(w, h int) layout {
	return layout{
		w: w, h: h,
		header: 0, tabs: 1, crumb: 2, body: 3,
		status: h - 2, hintRow: h - 1,
		bodyH:    max(0, h-5),
		tooSmall: w < minW || h < minH,
	}
}
