package nimbusclient

import (
	"errors"

	"github.com/apache/thrift/lib/go/thrift"

	"github.com/stormtop/stormtop/internal/stormthrift/gen/storm"
)

// introduced says which Storm first had a call, for the error of one without.
var introduced = map[string]string{
	"getLeader":                         "1.1",
	"getTopologySummaries":              "2.3",
	"getTopologySummary":                "2.3",
	"getTopologySummaryByName":          "2.3",
	"getTopologyInfoByNameWithOpts":     "2.3",
	"getTopologyInfoWithOpts":           "0.10",
	"getTopologyPageInfo":               "1.0",
	"getComponentPageInfo":              "1.0",
	"getSupervisorPageInfo":             "1.1",
	"getOwnerResourceSummaries":         "2.0",
	"getTopologyHistory":                "1.0",
	"getLogConfig":                      "1.0",
	"getComponentPendingProfileActions": "1.0",
	"isTopologyNameAllowed":             "1.1",
	"setLogConfig":                      "1.0",
	"debug":                             "1.0",
	"setWorkerProfiler":                 "1.0",
}

// wrap words what a call of the generated client returned.
func (s *Session) wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	var e *Error
	if errors.As(err, &e) {
		if errors.Is(e, ErrUnsupported) {
			e.need, e.runs = introduced[e.Op], s.conn.server.runs()
		}
		return e
	}
	e = &Error{Op: s.conn.op, Addr: s.conn.addr, About: what, Cause: err, user: s.conn.cfg.User}
	var notAlive *storm.NotAliveException
	var unauthorized *storm.AuthorizationException
	var invalid *storm.InvalidTopologyException
	switch {
	case errors.As(err, &notAlive):
		e.Err = ErrNotAlive
	case errors.As(err, &unauthorized):
		e.Err = ErrUnauthorized
	case errors.As(err, &invalid):
		e.Err, e.says = ErrInvalid, invalid.GetMsg()
	default: // a reply without a result
		e.Err = ErrInternal
	}
	return e
}

// isMissingResult recognises an empty reply, which the generated client takes
// for an error.
func isMissingResult(err error) bool {
	var exception thrift.TApplicationException
	return errors.As(err, &exception) && exception.TypeId() == thrift.MISSING_RESULT
}

func supervisorPageError(r *storm.NimbusGetSupervisorPageInfoResult, err error) error {
	switch {
	case err != nil:
		return err
	case r.E != nil:
		return r.E
	case r.Aze != nil:
		return r.Aze
	case r.Success == nil:
		return errNoResult
	}
	return nil
}

func ownersError(r *storm.NimbusGetOwnerResourceSummariesResult, err error) error {
	switch {
	case err != nil:
		return err
	case r.Aze != nil:
		return r.Aze
	case r.Success == nil:
		return errNoResult
	}
	return nil
}

var errNoResult = errors.New("a reply without a result")

func errorsWanted(wanted Errors) *storm.GetInfoOptions {
	choice := map[Errors]storm.NumErrorsChoice{
		ErrorsAll: storm.NumErrorsChoice_ALL, ErrorsOne: storm.NumErrorsChoice_ONE, ErrorsNone: storm.NumErrorsChoice_NONE,
	}[wanted]
	return &storm.GetInfoOptions{NumErrChoice: &choice}
}
