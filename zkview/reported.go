package zkview

import (
	"cmp"
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"
)

const lastError = "-last-error"

// Errors reads what the components of a topology reported, newest first. Storm
// keeps the last ten of each component, on 2.x only while the worker's session
// lasts; the node Error.Last stays. A topology without errors has none.
func (c *Client) Errors(ctx context.Context, topologyID string) ([]Error, error) {
	if topologyID == "" || strings.ContainsRune(topologyID, '/') {
		return nil, &ReadError{Op: "reading errors", Text: "not a topology id", Err: ErrNoNode}
	}
	top, err := c.children(ctx, c.join("errors", topologyID), false)
	if errors.Is(err, ErrNoNode) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var found []Error
	for _, name := range top.names {
		read, err := c.componentErrors(ctx, topologyID, name)
		if err != nil && !errors.Is(err, ErrNoNode) {
			return nil, err
		}
		found = append(found, read...)
	}
	slices.SortStableFunc(found, func(a, b Error) int {
		return cmp.Or(cmp.Compare(b.Time, a.Time), cmp.Compare(a.Component, b.Component))
	})
	return found, nil
}

// componentErrors reads one child of /errors/<id>: the last error of a
// component, or the node that holds its errors. A component can be called
// "x-last-error" too, so the payload decides.
func (c *Client) componentErrors(ctx context.Context, topologyID, name string) ([]Error, error) {
	path := c.join("errors", topologyID, name)
	if component, ok := strings.CutSuffix(name, lastError); ok {
		got, err := c.get(ctx, path, false)
		if err != nil {
			return nil, err
		}
		if found, err := c.openError(got.data, component, true); err == nil {
			return []Error{found}, nil
		}
	}
	list, err := c.children(ctx, path, false)
	if err != nil {
		return nil, err
	}
	var found []Error
	for _, child := range list.names {
		got, err := c.get(ctx, path+"/"+child, false)
		if errors.Is(err, ErrNoNode) {
			continue // Storm dropped it meanwhile
		}
		if err != nil {
			return nil, err
		}
		one, err := c.openError(got.data, name, false)
		if err != nil {
			// An error that cannot be read still happened.
			one = Error{Component: componentName(name), Text: err.Error(), Time: got.stat.Ctime.Unix()}
		}
		found = append(found, one)
	}
	return found, nil
}

func (c *Client) openError(data []byte, component string, last bool) (Error, error) {
	opened, err := c.openRecord(data)
	if err != nil {
		return Error{}, err
	}
	return toError(componentName(component), opened, last)
}

// componentName undoes the URL encoding of a component's name.
func componentName(encoded string) string {
	name, err := url.QueryUnescape(encoded)
	if err != nil {
		return encoded
	}
	return name
}
