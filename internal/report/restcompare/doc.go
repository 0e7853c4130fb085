// Package restcompare holds stormtop's JSON answers against those of the Storm
// UI's REST API.
//
// Start with [Endpoints], the list of what is compared: every key of a REST
// answer stands there either with the rule it is compared by or as left out with
// the reason. [Compare] applies it to one pair of answers, and [Same] says
// whether two REST answers agree, so that a round REST – stormtop – REST is
// known to be about one moment.
//
// # Guarantees
//
//   - A key of REST that is not listed is a difference, so that nothing new
//     escapes.
//   - Numbers are compared at the precision REST writes: "26.331" has three
//     decimals, a JSON number all of them.
//   - A null of ours stands for a zero or an empty text of REST only where the
//     list says that the UI writes one for what Nimbus did not send.
//   - The package is pure.
package restcompare
