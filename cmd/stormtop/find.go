package main

import (
	"slices"
	"strings"

	"github.com/stormtop/stormtop/nimbusclient"
)

// findTopology finds the topology of a name, an id, or a beginning of either that
// only one has.
func findTopology(s *nimbusclient.Session, wanted string) (nimbusclient.TopologySummary, error) {
	list, err := s.Topologies()
	if err != nil {
		return nimbusclient.TopologySummary{}, err
	}
	return matchTopology(list, wanted)
}

func matchTopology(list []nimbusclient.TopologySummary, wanted string) (nimbusclient.TopologySummary, error) {
	for _, t := range list {
		if t.ID == wanted || t.Name == wanted {
			return t, nil
		}
	}
	var found []nimbusclient.TopologySummary
	for _, t := range list {
		if wanted != "" && (strings.HasPrefix(t.Name, wanted) || strings.HasPrefix(t.ID, wanted)) {
			found = append(found, t)
		}
	}
	var names []string
	for _, t := range list {
		names = append(names, t.Name)
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return nimbusclient.TopologySummary{}, &failure{
			code: exitNotFound, text: "There is no topology " + quote(wanted) + ".",
			hint: didYouMean(wanted, names, running(names)),
		}
	}
	candidates := make([]string, len(found))
	for i, t := range found {
		candidates[i] = t.Name
	}
	slices.Sort(candidates)
	return nimbusclient.TopologySummary{}, usage("Write more of the name, or the id.", "%s may be %s.", quote(wanted), strings.Join(candidates, " or "))
}

// running words the names that there are.
func running(names []string) string {
	const most = 8
	slices.Sort(names)
	switch {
	case len(names) == 0:
		return "No topology is running."
	case len(names) > most:
		return "stormtop list -o name lists them."
	}
	return "There are " + strings.Join(names, ", ") + "."
}

func quote(s string) string { return `"` + s + `"` }

// findComponent checks that a topology has a component, or finds the only one
// whose name begins so. Nimbus itself must not be asked: 1.x closes the
// connection and 2.x fails inside.
func findComponent(structure *nimbusclient.Structure, topology, wanted string) (string, error) {
	var names, found []string
	for _, c := range structure.Components {
		if c.ID == wanted {
			return c.ID, nil
		}
		if wanted != "" && strings.HasPrefix(c.ID, wanted) {
			found = append(found, c.ID)
		}
		if !strings.HasPrefix(c.ID, "__") {
			names = append(names, c.ID)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return "", &failure{
			code: exitNotFound, text: topology + " has no component " + quote(wanted) + ".",
			hint: didYouMean(wanted, names, "It has "+strings.Join(names, ", ")+"."),
		}
	}
	return "", usage("Write more of the name.", "%s may be %s.", quote(wanted), strings.Join(found, " or "))
}
