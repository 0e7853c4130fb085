// Package rebalance plans a rebalance of a Storm topology and says beforehand
// what Storm will make of it.
//
// Start with [Topology] and [Cluster], which say how things stand, and with
// [Plan], which says what is wanted. [Plan.Check] finds what is wrong with it,
// [Plan.Predict] and [Plan.Explain] say what will happen, [Plan.Command] writes
// the same as a line for Storm's own client and [ParseCommand] reads it back.
// [Propose] makes a plan for a goal, and [WhatIf] says who loses what when hosts
// go.
//
// Everything here is pure: no clock, no I/O, and no value given is changed. What
// is sent to Nimbus is [Plan.Sent], never more executors than a component has
// tasks: Nimbus would clamp them in silence.
package rebalance
