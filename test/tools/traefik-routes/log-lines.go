package main

import (
	"encoding/json"
	"slices"
	"sync"
)

// logLines keeps what Traefik logs, one JSON object a line.
type logLines struct {
	mutex sync.Mutex
	lines []json.RawMessage
}

// Write keeps a line.
func (l *logLines) Write(line []byte) (int, error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.lines = append(l.lines, slices.Clone(json.RawMessage(line)))
	return len(line), nil
}

func (l *logLines) all() []json.RawMessage {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return append([]json.RawMessage{}, l.lines...)
}
