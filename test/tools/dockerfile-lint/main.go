// Lints a Dockerfile with the checks of `docker build --check`: BuildKit's own, without a build and without a network.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/client/llb/sourceresolver"
	"github.com/moby/buildkit/frontend/dockerfile/dockerfile2llb"
	"github.com/opencontainers/go-digest"
)

// Stands for the registry: what an image holds has no say in how the file is written.
type nowhere struct{}

func (nowhere) ResolveImageConfig(_ context.Context, ref string, _ sourceresolver.Opt) (string, digest.Digest, []byte, error) {
	config := []byte(`{"architecture":"amd64","os":"linux","config":{}}`)
	return ref, digest.FromBytes(config), config, nil
}

func main() {
	failed := false
	for _, path := range os.Args[1:] {
		text, err := os.ReadFile(path)
		if err != nil {
			fmt.Println(err)
			os.Exit(2)
		}
		source := llb.NewSourceMap(nil, path, "Dockerfile", text)
		source.Definition = &llb.Definition{}
		results, err := dockerfile2llb.DockerfileLint(context.Background(), text, dockerfile2llb.ConvertOpt{
			MetaResolver: nowhere{},
			SourceMap:    source,
		})
		if err != nil {
			fmt.Println(err)
			os.Exit(2)
		}
		if results.Error != nil {
			fmt.Printf("%s: %s\n", path, results.Error.Message)
			failed = true
		}
		for _, warning := range results.Warnings {
			line := int32(0)
			if ranges := warning.Location.GetRanges(); len(ranges) > 0 {
				line = ranges[0].GetStart().GetLine()
			}
			fmt.Printf("%s:%d: %s: %s\n", path, line, warning.RuleName, warning.Detail)
			failed = true
		}
	}
	if failed {
		os.Exit(1)
	}
}
