package sim

import (
	"errors"
	"io"
	"syscall"
	"testing"
	"time"

	"github.com/apache/thrift/lib/go/thrift"

	"github.com/stormtop/stormtop/internal/stormthrift/gen/storm"
)

func TestPipesAreANetwork(t *testing.T) {
	t.Parallel()
	p := &pipes{}
	l, err := p.listen(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	at := l.Addr().String()
	if _, err := p.listen(t.Context(), at); err == nil {
		t.Error("one address is listened on twice")
	}
	go func() {
		c, err := l.Accept()
		if err == nil {
			_, _ = io.WriteString(c, "hello")
			_ = c.Close()
		}
	}()
	c, err := p.dial(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	if said, err := io.ReadAll(c); err != nil || string(said) != "hello" {
		t.Errorf("it said %q, %v", said, err)
	}
	_ = l.Close()
	_ = l.Close()
	if _, err := l.Accept(); err == nil {
		t.Error("a closed listener accepts")
	}
	if _, err := p.dial(t.Context(), at); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("nobody listens: %v", err)
	}
	again, err := p.listen(t.Context(), at)
	if err != nil {
		t.Errorf("an address that is free again: %v", err)
	} else {
		_ = again.Close()
	}
}

func TestAWorldWithinTheProcessAnswers(t *testing.T) {
	t.Parallel()
	s, err := Serve(t.Context(), NewDemo(1, testStart), Wires{Every: time.Hour, Within: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	c, err := s.Dial(t.Context(), "tcp", s.Nimbuses()[0])
	if err != nil {
		t.Fatal(err)
	}
	conf := &thrift.TConfiguration{SocketTimeout: 10 * time.Second}
	p := thrift.NewTBinaryProtocolConf(thrift.NewTFramedTransportConf(thrift.NewTSocketFromConnConf(c, conf), conf), conf)
	leader, err := storm.NewNimbusClient(thrift.NewTStandardClient(p, p)).GetLeader(t.Context())
	if err != nil || leader.GetHost() != "nim-a" {
		t.Errorf("leader %v, %v", leader, err)
	}
}
