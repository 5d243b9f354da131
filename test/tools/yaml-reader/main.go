// The yaml-reader reads YAML as Kubernetes and Helm do (sigs.k8s.io/yaml) and prints what it understood as JSON.
//
// Standard input holds one JSON string a line, each a YAML text of one or more documents. For each line, one line of
// JSON comes out: {"documents": [...]}, or {"error": "..."}. Documents are split at lines that are "---", which is how
// kubectl and K3s split a manifest file before sigs.k8s.io/yaml sees it.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"sigs.k8s.io/yaml"
)

type result struct {
	Documents []json.RawMessage `json:"documents,omitempty"`
	Error     string            `json:"error,omitempty"`
}

func main() {
	reader := bufio.NewReaderSize(os.Stdin, 1<<20)
	writer := bufio.NewWriter(os.Stdout)
	encoder := json.NewEncoder(writer)
	encoder.SetEscapeHTML(false)
	for {
		line, err := reader.ReadString('\n')
		if line != "" {
			var text string
			if bad := json.Unmarshal([]byte(line), &text); bad != nil {
				fail(bad)
			}
			if bad := encoder.Encode(read(text)); bad != nil {
				fail(bad)
			}
		}
		if err != nil {
			break
		}
	}
	if err := writer.Flush(); err != nil {
		fail(err)
	}
}

func read(text string) result {
	var documents []json.RawMessage
	for _, document := range split(text) {
		parsed, err := yaml.YAMLToJSONStrict([]byte(document))
		if err != nil {
			return result{Error: err.Error()}
		}
		documents = append(documents, parsed)
	}
	return result{Documents: documents}
}

func split(text string) []string {
	var documents []string
	var current strings.Builder
	for _, line := range strings.SplitAfter(text, "\n") {
		if strings.TrimRight(line, " \t\r\n") == "---" {
			documents = append(documents, current.String())
			current.Reset()
			continue
		}
		current.WriteString(line)
	}
	return append(documents, current.String())
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
