package sim

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"slices"

	"github.com/apache/thrift/lib/go/thrift"

	"github.com/stormtop/stormtop/internal/stormthrift"
	"github.com/stormtop/stormtop/internal/stormthrift/gen/storm"
)

// maxRequest is nimbus.thrift.max_buffer_size.
const maxRequest = 1 << 20

// talk answers framed calls on one connection until it ends. What is no frame
// ends it at once.
func (a *answers) talk(ctx context.Context, c net.Conn) {
	processors := storm.NewNimbusProcessor(a).ProcessorMap()
	for {
		request, err := readFrame(c, maxRequest)
		if err != nil || !a.w.nimbusRuns(a.self) {
			return
		}
		reply, err := a.answer(ctx, processors, request)
		if err != nil || writeFrame(c, reply) != nil {
			return
		}
	}
}

func (a *answers) answer(ctx context.Context, processors map[string]thrift.TProcessorFunction, request []byte) ([]byte, error) {
	in := stormthrift.NewReader(request)
	method, _, seq, err := in.ReadMessageBegin(ctx)
	if err != nil {
		return nil, err
	}
	buf, out := stormthrift.NewWriter()
	switch {
	case method == "getSupervisorPageInfo":
		var args stormthrift.SupervisorPageArgs
		if err := args.Read(ctx, in); err != nil {
			return nil, err
		}
		page, err := a.supervisorPage(args.ID, args.Host, args.Sys)
		if err != nil {
			return refusal(ctx, method, seq, thrift.INTERNAL_ERROR)
		}
		err = reply(ctx, out, method, seq, &storm.NimbusGetSupervisorPageInfoResult{Success: page})
		return buf.Bytes(), err
	case method == "getOwnerResourceSummaries":
		var args stormthrift.OwnerArgs
		if err := args.Read(ctx, in); err != nil {
			return nil, err
		}
		err = reply(ctx, out, method, seq, &storm.NimbusGetOwnerResourceSummariesResult{Success: a.owners(args.Owner)})
		return buf.Bytes(), err
	case method == "uploadNewCredentials":
		var args uploadArgs
		if err := args.Read(ctx, in); err != nil {
			return nil, err
		}
		// The result has the same fields as that of a rebalance.
		result := new(storm.NimbusRebalanceResult)
		if err := a.upload(&args); err != nil && !errors.As(err, &result.E) && !errors.As(err, &result.Aze) {
			return refusal(ctx, method, seq, thrift.INTERNAL_ERROR)
		}
		err = reply(ctx, out, method, seq, result)
		return buf.Bytes(), err
	case method == "beginFileUpload":
		place, err := a.inbox()
		if err != nil {
			return refusal(ctx, method, seq, thrift.INTERNAL_ERROR)
		}
		err = reply(ctx, out, method, seq, &storm.NimbusGetNimbusConfResult{Success: &place})
		return buf.Bytes(), err
	case slices.Contains(others, method):
		return refusal(ctx, method, seq, thrift.INTERNAL_ERROR)
	case processors[method] == nil:
		return refusal(ctx, method, seq, thrift.UNKNOWN_METHOD)
	}
	// An error here is one that the reply carries already, or one of reading
	// the arguments, to which Nimbus does not reply.
	_, _ = processors[method].Process(ctx, seq, in, out)
	_, kind, _, err := stormthrift.NewReader(buf.Bytes()).ReadMessageBegin(ctx)
	switch {
	case err != nil:
		return nil, err
	case kind == thrift.EXCEPTION:
		return refusal(ctx, method, seq, thrift.INTERNAL_ERROR)
	}
	return buf.Bytes(), nil
}

func reply(ctx context.Context, out thrift.TProtocol, method string, seq int32, result thrift.TStruct) error {
	if err := out.WriteMessageBegin(ctx, method, thrift.REPLY, seq); err != nil {
		return err
	}
	return result.Write(ctx, out)
}

// refusal is the exception of Storm's Thrift library: why Nimbus failed stays
// with Nimbus.
func refusal(ctx context.Context, method string, seq, kind int32) ([]byte, error) {
	words := "Internal error processing " + method
	if kind == thrift.UNKNOWN_METHOD {
		words = "Invalid method name: '" + method + "'"
	}
	buf, out := stormthrift.NewWriter()
	if err := out.WriteMessageBegin(ctx, method, thrift.EXCEPTION, seq); err != nil {
		return nil, err
	}
	if err := thrift.NewTApplicationException(kind, words).Write(ctx, out); err != nil {
		return nil, err
	}
	return buf.Bytes(), nil
}

func readFrame(r io.Reader, limit int) ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	n := int(int32(binary.BigEndian.Uint32(head[:])))
	if n < 0 || n > limit {
		return nil, io.ErrUnexpectedEOF
	}
	frame := make([]byte, n)
	_, err := io.ReadFull(r, frame)
	return frame, err
}

func writeFrame(w io.Writer, message []byte) error {
	frame := binary.BigEndian.AppendUint32(make([]byte, 0, 4+len(message)), uint32(len(message)))
	_, err := w.Write(append(frame, message...))
	return err
}
