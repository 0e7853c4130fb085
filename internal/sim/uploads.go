package sim

import (
	"context"
	"maps"
	"slices"

	"github.com/apache/thrift/lib/go/thrift"

	"github.com/stormtop/stormtop/internal/stormthrift/gen/storm"
)

// others are the calls of Storm's Nimbus that stormtop has no use for. They are
// there, and fail: this cluster takes no topologies and keeps no blobs.
var others = []string{
	"submitTopology", "submitTopologyWithOpts", "uploadChunk", "finishFileUpload", "downloadChunk",
	"beginCreateBlob", "beginUpdateBlob", "uploadBlobChunk", "finishBlobUpload", "cancelBlobUpload", "getBlobMeta",
	"setBlobMeta", "beginBlobDownload", "downloadBlobChunk", "deleteBlob", "listBlobs", "getBlobReplication",
	"updateBlobReplication", "createStateInZookeeper", "sendSupervisorWorkerHeartbeats", "sendSupervisorWorkerHeartbeat",
	"getSupervisorAssignments", "processWorkerMetrics", "isRemoteBlobExists",
}

// uploadArgs are the arguments of uploadNewCredentials.
type uploadArgs struct {
	name        string
	credentials *credentials
}

// credentials are what ZooKeeper stores of a topology's secrets.
type credentials struct {
	values map[string]string
	owner  *string
}

// Read implements [thrift.TStruct].
func (a *uploadArgs) Read(ctx context.Context, p thrift.TProtocol) error {
	return readFields(ctx, p, func(id int16, kind thrift.TType) (known bool, err error) {
		switch {
		case id == 1 && kind == thrift.STRING:
			a.name, err = p.ReadString(ctx)
		case id == 2 && kind == thrift.STRUCT:
			a.credentials = &credentials{values: map[string]string{}}
			err = a.credentials.Read(ctx, p)
		default:
			return false, nil
		}
		return true, err
	})
}

// Read implements [thrift.TStruct].
func (c *credentials) Read(ctx context.Context, p thrift.TProtocol) error {
	return readFields(ctx, p, func(id int16, kind thrift.TType) (known bool, err error) {
		switch {
		case id == 1 && kind == thrift.MAP:
			err = c.readValues(ctx, p)
		case id == 2 && kind == thrift.STRING:
			var owner string
			owner, err = p.ReadString(ctx)
			c.owner = &owner
		default:
			return false, nil
		}
		return true, err
	})
}

func (c *credentials) readValues(ctx context.Context, p thrift.TProtocol) error {
	_, _, size, err := p.ReadMapBegin(ctx)
	if err != nil {
		return err
	}
	for range size {
		key, err := p.ReadString(ctx)
		if err != nil {
			return err
		}
		if c.values[key], err = p.ReadString(ctx); err != nil {
			return err
		}
	}
	return p.ReadMapEnd(ctx)
}

// Write implements [thrift.TStruct].
func (c *credentials) Write(ctx context.Context, p thrift.TProtocol) error {
	steps := []func() error{
		func() error { return p.WriteFieldBegin(ctx, "creds", thrift.MAP, 1) },
		func() error { return p.WriteMapBegin(ctx, thrift.STRING, thrift.STRING, len(c.values)) },
	}
	for _, key := range slices.Sorted(maps.Keys(c.values)) {
		steps = append(steps,
			func() error { return p.WriteString(ctx, key) },
			func() error { return p.WriteString(ctx, c.values[key]) })
	}
	if c.owner != nil {
		steps = append(steps,
			func() error { return p.WriteFieldBegin(ctx, "topoOwner", thrift.STRING, 2) },
			func() error { return p.WriteString(ctx, *c.owner) })
	}
	for _, step := range append(steps, func() error { return p.WriteFieldStop(ctx) }) {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// readFields hands every field of a struct to one and skips those it does not
// know.
func readFields(ctx context.Context, p thrift.TProtocol, one func(id int16, kind thrift.TType) (bool, error)) error {
	if _, err := p.ReadStructBegin(ctx); err != nil {
		return err
	}
	for {
		_, kind, id, err := p.ReadFieldBegin(ctx)
		if err != nil {
			return err
		}
		if kind == thrift.STOP {
			return p.ReadStructEnd(ctx)
		}
		known, err := one(id, kind)
		if err == nil && !known {
			err = p.Skip(ctx, kind)
		}
		if err != nil {
			return err
		}
	}
}

// upload answers uploadNewCredentials: it adds to a topology's credentials.
// Without authentication the only refusal is an owner who is not the topology's.
func (a *answers) upload(args *uploadArgs) error {
	return a.change(args.name, func(t *topology) error {
		add := args.credentials
		if add == nil {
			add = &credentials{}
		}
		if add.owner != nil && *add.owner != t.owner && *add.owner != "" {
			// The principal, named last, is empty without authentication.
			return &storm.AuthorizationException{Msg: new(t.id + " is expected to be owned by " + *add.owner + " but is actually owned by ")}
		}
		merged := map[string]string{}
		maps.Copy(merged, t.credentials)
		maps.Copy(merged, add.values)
		if len(merged) > maxSettings {
			return errInternal
		}
		t.credentials = merged
		a.w.journal(written{kind: credentialsWritten, id: t.id, credentials: &credentials{values: merged, owner: add.owner}})
		return nil
	})
}

// inbox answers beginFileUpload: where a jar goes. Only the leader takes any.
func (a *answers) inbox() (string, error) {
	a.w.mu.Lock()
	defer a.w.mu.Unlock()
	if !a.leads() {
		return "", errInternal
	}
	return "/var/lib/storm/nimbus/inbox/stormjar-" + a.w.uuid() + ".jar", nil
}
