// Package stormthrift is Storm's Thrift interface: our trimmed storm.thrift,
// the code generated from it (package gen/storm), and by hand what the
// generator cannot make.
//
// Start with storm.thrift, then [Unmarshal] and [Marshal] for a struct that
// ZooKeeper stores, [ReadAssignment] for the one struct the generator refuses,
// and [NewReader] for a reply of Nimbus.
//
// # Guarantees
//
//   - What is read may come from anybody: a reader allocates at most about
//     twelve times the bytes it was given, whatever they claim, and nesting is
//     limited. Malformed bytes are an error, never a panic.
//   - Fields this version does not know are skipped; fields that are absent stay
//     nil.
//   - Nothing here does I/O or keeps state.
package stormthrift

//go:generate thrift --gen go:package_prefix=github.com/stormtop/stormtop/internal/stormthrift/gen/,skip_remote -out gen storm.thrift
//go:generate gofmt -w gen
