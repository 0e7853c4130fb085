package kit

import (
	"math"
	"slices"
)

// align finds the rows: each item as near as possible to the middle of what it
// is joined with, without changing the order of boxes.
func align(layers [][]*item) {
	for n, layer := range layers {
		settleLayer(layer, func(it *item) []*item { return it.prev })
		layers[n] = mingle(layer)
		settleLayer(layers[n], func(it *item) []*item { return it.prev })
	}
	for n := len(layers) - 2; n >= 0; n-- {
		settleLayer(layers[n], func(it *item) []*item { return it.next })
	}
	for _, layer := range layers[1:] {
		settleLayer(layer, func(it *item) []*item { return it.prev })
	}
	top := math.MaxInt
	for _, layer := range layers {
		for _, it := range layer {
			top = min(top, it.y)
		}
	}
	for _, layer := range layers {
		for _, it := range layer {
			it.y -= top
		}
	}
}

// mingle puts the lanes of a layer between its boxes, where they want to pass.
func mingle(layer []*item) []*item {
	var boxes, lanes []*item
	for _, it := range layer {
		if it.node < 0 {
			lanes = append(lanes, it)
		} else {
			boxes = append(boxes, it)
		}
	}
	slices.SortStableFunc(lanes, func(a, b *item) int { return int(math.Round(a.want - b.want)) })
	mixed := make([]*item, 0, len(layer))
	for _, box := range boxes {
		for len(lanes) > 0 && lanes[0].want < float64(box.y)+1 {
			mixed = append(mixed, lanes[0])
			lanes = lanes[1:]
		}
		mixed = append(mixed, box)
	}
	return append(mixed, lanes...)
}

// settleLayer places the items of a layer, in their order and without overlap,
// as near as possible to the middle of their neighbours. It is the least-squares
// solution (pool adjacent violators), so it does not depend on where the items
// were, but for those without neighbours, which stay.
func settleLayer(layer []*item, neighbours func(*item) []*item) {
	type pool struct {
		sum, weight float64
		count       int
	}
	mean := func(p pool) float64 { return p.sum / p.weight }
	var pools []pool
	offset := 0
	for _, it := range layer {
		want := float64(it.y)
		if near := neighbours(it); len(near) > 0 {
			want = 0
			for _, other := range near {
				want += float64(other.port())
			}
			want /= float64(len(near))
			if it.node >= 0 {
				want--
			}
		}
		it.want = want
		weight := 1.0
		if it.node < 0 && slices.ContainsFunc(neighbours(it), func(o *item) bool { return o.node < 0 }) {
			weight = straightLane
		}
		pools = append(pools, pool{weight * (want - float64(offset)), weight, 1})
		offset += it.height()
		for n := len(pools); n > 1 && mean(pools[n-1]) < mean(pools[n-2]); n = len(pools) {
			pools[n-2].sum += pools[n-1].sum
			pools[n-2].weight += pools[n-1].weight
			pools[n-2].count += pools[n-1].count
			pools = pools[:n-1]
		}
	}
	offset = 0
	i := 0
	for _, p := range pools {
		at := int(math.Floor(mean(p) + 1e-9))
		for range p.count {
			layer[i].y = at + offset
			offset += layer[i].height()
			i++
		}
	}
}
