package zkview

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"unicode"
	"unicode/utf8"
)

// growth is how much larger than a node its decompressed payload may be.
const growth = 4

// packing is how a payload is wrapped.
type packing string

// The wrappings Storm can be configured to use.
const (
	packedNot  packing = ""
	packedGzip packing = "gzip"
	packedZstd packing = "zstd" // recognised, not unpacked
)

var (
	magicGzip = []byte{0x1f, 0x8b}
	magicZstd = []byte{0x28, 0xb5, 0x2f, 0xfd}
	magicJava = []byte{0xac, 0xed, 0x00, 0x05}
)

// errZstd says that a payload is compressed in a way that is not read here.
var errZstd = errors.New("zstd-compressed, not decoded")

// unpack takes a payload out of its wrapping; what it wraps may grow to limit
// bytes.
func unpack(data []byte, limit int) ([]byte, packing, error) {
	switch {
	case bytes.HasPrefix(data, magicZstd):
		return nil, packedZstd, errZstd
	case !bytes.HasPrefix(data, magicGzip):
		return data, packedNot, nil
	}
	from, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, packedGzip, fmt.Errorf("its gzip header is damaged: %w", err)
	}
	inner, err := io.ReadAll(io.LimitReader(from, int64(limit)+1))
	switch {
	case err != nil:
		return nil, packedGzip, fmt.Errorf("its gzip stream is damaged: %w", err)
	case len(inner) > limit:
		return nil, packedGzip, fmt.Errorf("unpacks to more than %d bytes: %w", limit, ErrTooLarge)
	}
	return inner, packedGzip, nil
}

// isText reports whether data reads as text: valid UTF-8 without control
// characters other than white space.
func isText(data []byte) bool {
	if len(data) == 0 || !utf8.Valid(data) {
		return false
	}
	for _, r := range string(data) {
		if unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t' {
			return false
		}
	}
	return true
}
