package main

import (
	"bufio"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// How long a part may take to end in order before it is killed.
const patience = 5 * time.Second

// endWithStarter ends this process when the one that started it has gone: only the starter holds the other end of
// standard input, so its end is the starter's end.
func endWithStarter() {
	_, _ = io.Copy(io.Discard, os.Stdin)
	self, _ := os.FindProcess(os.Getpid())
	_ = self.Signal(syscall.SIGTERM)
	time.Sleep(patience)
	os.Exit(1)
}

// cleanUp waits for the end of standard input, then ends the processes it was told of there ("start PID", taken
// back by "end PID") and removes the directories given. It ignores the signals a terminal sends to the whole group.
func cleanUp(directories []string) {
	signal.Ignore(syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	pids := map[int]bool{}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		word, number, _ := strings.Cut(lines.Text(), " ")
		if pid, err := strconv.Atoi(number); err == nil && pid > 1 {
			pids[pid] = word == "start"
		}
	}
	signalAll(pids, syscall.SIGTERM)
	for end := time.Now().Add(patience); anyAlive(pids) && time.Now().Before(end); {
		time.Sleep(50 * time.Millisecond)
	}
	signalAll(pids, syscall.SIGKILL)
	for _, directory := range directories {
		_ = os.RemoveAll(directory)
	}
}

func signalAll(pids map[int]bool, which syscall.Signal) {
	for pid, running := range pids {
		if running {
			_ = syscall.Kill(pid, which)
		}
	}
}

func anyAlive(pids map[int]bool) bool {
	for pid, running := range pids {
		if running && syscall.Kill(pid, 0) == nil {
			return true
		}
	}
	return false
}
