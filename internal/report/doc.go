// Package report says what a command answers, once for every output format.
//
// Start with [Answer] and the constructors that make one: [Status], [List],
// [Topology], [Component], [Supervisors] and so on. Each takes values that were
// read elsewhere and gives an answer; [Answer.Write] prints it as a table, JSON,
// JSON lines, CSV or bare names. What a key is, how it is shown and whether it
// has a column stands in one place: the field lists of each answer.
//
// # Guarantees
//
//   - JSON keys are those of the Storm UI's REST API for the same quantity, and
//     derived as the UI derives them; restcompare lists which are compared and
//     which are left out, each with its reason.
//   - A number is a JSON number in full precision, and what the cluster did not
//     give is null.
//   - The order of keys is fixed and arrays are sorted by a documented key, so
//     two answers can be diffed.
//   - Remote text reaches tables, CSV and names through safetext only, and JSON
//     with every control and format character escaped.
//   - The package is pure: no clock, no network, no terminal.
package report
