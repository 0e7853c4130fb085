package logs

import (
	"bytes"
	"errors"
	"html"
	"strconv"
	"strings"
)

// A page is what a logviewer answers: a piece of a file in HTML.
type page struct {
	// text is the piece as it stands in the page, escaped.
	text string
	// next is where its "Next" link leads.
	next int64
	// doubly says that it is escaped twice: what escaping makes is itself
	// escaped, and nothing else would be.
	doubly bool
}

var errNoPage = errors.New("the logviewer's answer holds no log")

// parsePage finds the log and the pager in the HTML of 0.9 to 2.x. In the log
// itself every "<" is escaped, so the first end of its element is the end.
func parsePage(body []byte) (page, error) {
	var p page
	rest := body
	for {
		i := bytes.Index(rest, []byte("<pre"))
		if i < 0 {
			return page{}, errNoPage
		}
		tag, after, ok := bytes.Cut(rest[i:], []byte(">"))
		if !ok {
			return page{}, errNoPage
		}
		rest = after
		if bytes.Contains(tag, []byte("logContent")) {
			break
		}
	}
	text, _, ok := bytes.Cut(rest, []byte("</pre>"))
	if !ok {
		return page{}, errNoPage
	}
	p.text = string(text)
	p.doubly = strings.Contains(p.text, "&amp;quot;") || strings.Contains(p.text, "&amp;lt;") || strings.Contains(p.text, "&amp;gt;") || strings.Contains(p.text, "&amp;amp;")
	// The links stand before and after it: Prev, First, Last, Next.
	links := rest[len(text):]
	if i := bytes.Index(body, []byte(">Next<")); i >= 0 && i < len(body)-len(rest) {
		links = body[:i]
		links = links[max(0, bytes.LastIndex(links, []byte("<a"))):]
	} else if i := bytes.Index(links, []byte(">Next<")); i >= 0 {
		links = links[:i]
		links = links[max(0, bytes.LastIndex(links, []byte("<a"))):]
	} else {
		return p, nil
	}
	_, number, ok := strings.Cut(string(links), "start=")
	if !ok {
		return p, nil
	}
	end := 0
	for end < len(number) && number[end] >= '0' && number[end] <= '9' {
		end++
	}
	if n, err := strconv.ParseInt(number[:end], 10, 64); err == nil {
		p.next = n
	}
	return p, nil
}

// bytes are those of the file, of which length were asked for and are there.
// Some releases escape twice and some once; the length tells which. A byte that
// is no text came as a replacement character and becomes "?".
func (p page) bytes(length int) []byte {
	once := html.UnescapeString(p.text)
	twice := html.UnescapeString(once)
	for _, text := range []string{once, twice} {
		if len(text) == length {
			return []byte(text)
		}
	}
	text := once
	if p.doubly {
		text = twice
	}
	b := bytes.ReplaceAll([]byte(text), []byte("\uFFFD"), []byte("?"))
	return b[:min(len(b), length)]
}
