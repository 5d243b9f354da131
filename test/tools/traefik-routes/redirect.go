package main

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"regexp"

	"github.com/traefik/paerser/flag"
	"github.com/traefik/traefik/v3/pkg/config/dynamic"
	"github.com/traefik/traefik/v3/pkg/middlewares/redirect"
	muxer "github.com/traefik/traefik/v3/pkg/muxer/http"
)

// static is as much of Traefik's static options as redirects plain HTTP, with Traefik's names and defaults. Its own
// package for them needs every provider there is.
type static struct {
	EntryPoints map[string]*entryPointOptions
}

type entryPointOptions struct {
	HTTP httpOptions
}

type httpOptions struct {
	Redirections *redirections
}

type redirections struct {
	EntryPoint *redirection
}

type redirection struct {
	To        string
	Scheme    string
	Permanent bool
	Priority  int
}

// SetDefaults sets what Traefik does where nothing is said.
func (r *redirection) SetDefaults() {
	r.Scheme = "https"
	r.Permanent = true
	r.Priority = math.MaxInt - 1
}

// aPort is how a redirection says a port, and not the name of an entry point.
var aPort = regexp.MustCompile(`^:(\d+)$`)

// redirectionOf gives the redirection that arguments of Traefik's command ask for on entry point web, nil when none.
func redirectionOf(arguments []string) (*redirection, error) {
	var options static
	if err := flag.Decode(arguments, &options); err != nil {
		return nil, fmt.Errorf("arguments: %w", err)
	}
	point := options.EntryPoints[web]
	if point == nil || point.HTTP.Redirections == nil {
		return nil, nil
	}
	if given := point.HTTP.Redirections.EntryPoint; given == nil || !aPort.MatchString(given.To) {
		return nil, fmt.Errorf("arguments: the redirection does not name a port")
	}
	return point.HTTP.Redirections.EntryPoint, nil
}

// addRedirection adds the router that Traefik's internal provider makes of a redirection, for every host, with
// Traefik's own middleware.
func addRedirection(mux *muxer.Muxer, asked *redirection, given *answer) error {
	name := "web-to-" + aPort.FindStringSubmatch(asked.To)[1] + "@internal"
	next := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		given.Outcome = noServers
	})
	handler, err := redirect.NewRedirectScheme(context.Background(), next, dynamic.RedirectScheme{
		Scheme:    asked.Scheme,
		Port:      aPort.FindStringSubmatch(asked.To)[1],
		Permanent: asked.Permanent,
	}, "redirect-"+name)
	if err != nil {
		return err
	}
	return mux.AddRoute("HostRegexp(`^.+$`)", "default", asked.Priority, "", http.HandlerFunc(
		func(response http.ResponseWriter, sent *http.Request) {
			given.Router = name
			handler.ServeHTTP(response, sent)
		}))
}
