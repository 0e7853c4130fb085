package kit_test

import (
	"fmt"
	"time"

	"github.com/charmbracelet/x/ansi"

	"github.com/stormtop/stormtop/internal/human"
	"github.com/stormtop/stormtop/ui/kit"
	"github.com/stormtop/stormtop/ui/theme"
)

type bolt struct {
	name     string
	in       float64
	capacity float64
}

func level(b bolt) kit.Level {
	switch {
	case b.capacity >= 1:
		return kit.LevelCrit
	case b.capacity >= 0.8:
		return kit.LevelWarn
	default:
		return kit.LevelNone
	}
}

func boltTable(th *theme.Theme) *kit.Table[bolt] {
	g := th.Glyphs
	return kit.NewTable(func(b bolt) string { return b.name },
		kit.Column[bolt]{
			Title: "COMPONENT", Min: 12, Max: 24,
			Cell: func(b bolt) kit.Line { return kit.T(b.name) },
			Less: kit.ByText(func(b bolt) string { return b.name }),
		},
		kit.Column[bolt]{
			Title: "~IN/S", Min: 8, Align: kit.Right, Priority: 4, Desc: true,
			Cell: func(b bolt) kit.Line { return kit.T(human.Rate(b.in)) },
			Less: kit.ByNumber(func(b bolt) float64 { return b.in }),
		},
		kit.Column[bolt]{
			Title: "CAPACITY", Min: 11, Priority: 1, Desc: true,
			Cell: func(b bolt) kit.Line { return kit.Capacity(g, b.capacity, level(b)) },
			Less: kit.ByNumber(func(b bolt) float64 { return b.capacity }),
		},
	)
}

func bolts() []bolt {
	return []bolt{{"decode", 3420, 0.41}, {"score", 3420, 1.04}, {"join", 4020, 0.55}}
}

func print(rows []string) {
	for _, row := range rows {
		fmt.Printf("|%s|\n", ansi.Strip(row))
	}
}

func ExampleTable() {
	th := theme.New("dark", true)
	table := boltTable(th)
	table.Level = level
	table.SetRows(bolts(), time.Now())
	table.SortBy("CAPACITY", false)
	table.Select("join")
	print(table.Draw(kit.Paint{Theme: th, W: 44, H: 4}))
	// Output:
	// |    COMPONENT              ~IN/S CAPACITY   |
	// |  ✕ score                3.42k/s █████! 1.04|
	// |▸   join                 4.02k/s ███▎·· 0.55|
	// |    decode               3.42k/s ██▌··· 0.41|
}

func ExampleSections() {
	th := theme.New("dark", true)
	table := boltTable(th)
	table.Level = level
	table.SetRows(bolts(), time.Now())
	body := kit.NewSections(
		&kit.Section{Body: kit.NewText(kit.S(theme.Dim, " up ").Text("3d07h")), Gap: true},
		&kit.Section{Title: "bolts", Right: kit.T("S shows 2 more"), Body: table},
	)
	body.Update(kit.Press("j"))
	print(body.Draw(kit.Paint{Theme: th, W: 44, H: 8}))
	// Output:
	// | up 3d07h                                   |
	// |                                            |
	// |─ bolts (3) ─────────────── S shows 2 more ─|
	// |    COMPONENT              ~IN/S CAPACITY   |
	// |    decode               3.42k/s ██▌··· 0.41|
	// |▸ ✕ score                3.42k/s █████! 1.04|
	// |    join                 4.02k/s ███▎·· 0.55|
	// |                                            |
}

func ExampleDialog() {
	th := theme.New("dark", true)
	opened := time.Now()
	d := kit.NewDialog(opened, "quit stormtop", []kit.Line{kit.T("An action is still running.")}, "Stay", "Quit")
	d.Width = 36
	print(d.Box(kit.Paint{Theme: th, W: 80, H: 24}))
	d.Update(kit.Press("tab"), opened.Add(time.Second))
	fmt.Println(d.Update(kit.Press("enter"), opened.Add(time.Second)) == kit.DialogChosen, d.Button())
	// Output:
	// |┌─ quit stormtop ──────────────────┐|
	// |│  An action is still running.     │|
	// |├──────────────────────────────────┤|
	// |│        [ Stay ]    Quit          │|
	// |└──────────────────────────────────┘|
	// true 1
}
