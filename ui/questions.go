package ui

import (
	"context"
	"sync"

	tea "charm.land/bubbletea/v2"
)

// QuestionKind says what is asked.
type QuestionKind uint8

// The questions.
const (
	AskHostKey QuestionKind = iota
	AskPassphrase
	AskPassword
	AskInteractive
)

// Question is what only the user can answer before a host can be reached. Its
// words come from hosts and files; they are made harmless when they are shown.
type Question struct {
	Kind QuestionKind
	// Host is the name it is known by here, User and Address whom the
	// configuration makes of it, Via the hosts in between.
	Host, User, Address string
	Via                 []string
	// KeyType and Fingerprint are what the host offered, Others the keys that are
	// known for it already, for AskHostKey; Why says what is wrong with the
	// certificate it came with.
	KeyType, Fingerprint string
	Others               []string
	Why                  string
	// File is the key of AskPassphrase; Attempt counts from 1.
	File    string
	Attempt int
	// Prompt is the host's own of AskInteractive, Echo whether the answer may be
	// shown.
	Prompt string
	Echo   bool
}

// QuestionAnswer is the user's.
type QuestionAnswer struct {
	// Yes accepts a host key for this session, Remember for good too.
	Yes, Remember bool
	Text          string
}

// Questions brings the questions of hosts to the console, one after the other.
// Make one with [NewQuestions], give Ask to whoever reaches hosts, and the
// Questions to [Deps].
type Questions struct {
	mu      sync.Mutex
	queue   []*asked
	changed chan struct{}
}

// asked is a question that waits for its answer.
type asked struct {
	Question
	reply chan QuestionAnswer // capacity 1
}

// NewQuestions returns a queue without a question.
func NewQuestions() *Questions { return &Questions{changed: make(chan struct{}, 1)} }

// Ask waits until the user has answered or ctx ends. Several may ask at a time;
// the console shows one question after the other.
func (q *Questions) Ask(ctx context.Context, question Question) (QuestionAnswer, error) {
	a := &asked{Question: question, reply: make(chan QuestionAnswer, 1)}
	q.mu.Lock()
	q.queue = append(q.queue, a)
	q.mu.Unlock()
	q.nudge()
	defer q.remove(a)
	select {
	case answer := <-a.reply:
		return answer, nil
	case <-ctx.Done():
		return QuestionAnswer{}, ctx.Err()
	}
}

// nudge tells the console that the queue is another one.
func (q *Questions) nudge() {
	select {
	case q.changed <- struct{}{}:
	default:
	}
}

func (q *Questions) remove(a *asked) {
	q.mu.Lock()
	for i, x := range q.queue {
		if x == a {
			q.queue = append(q.queue[:i:i], q.queue[i+1:]...)
			break
		}
	}
	q.mu.Unlock()
	q.nudge()
}

// waiting are the questions without an answer, the oldest first.
func (q *Questions) waiting() []*asked {
	if q == nil {
		return nil
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	return append([]*asked(nil), q.queue...)
}

// answer gives the answer to a question; a second one is ignored.
func (a *asked) answer(with QuestionAnswer) {
	select {
	case a.reply <- with:
	default:
	}
}

// askedMsg tells the program that the queue is another one.
type askedMsg struct{}

// pumpQuestions tells the program of questions that came or went.
func pumpQuestions(ctx context.Context, q *Questions, send func(tea.Msg)) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-q.changed:
			send(askedMsg{})
		}
	}
}
