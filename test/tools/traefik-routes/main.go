// Command traefik-routes shows what Traefik makes of a cluster. It runs the two providers that K3s' Traefik runs, for
// Ingresses and for Traefik's own kinds, until each has read the cluster once, and prints as JSON what they made:
// routers, services, middlewares, certificates, and every warning or error they logged. Requests given on standard
// input are matched by Traefik's own muxer, its own IP checker and its own redirection; nothing is sent anywhere.
//
// What is not Traefik's own code here is what its pkg/server does, which does not build from its module: joining two
// providers' names, the entry points, leaving out a router whose middleware does not exist, and the order in which a
// router and its allow-list answer. And the rule and defaults of the router that redirects an entry point.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/rs/zerolog"
	"github.com/rs/zerolog/log"
	"github.com/traefik/traefik/v3/pkg/config/dynamic"
	"github.com/traefik/traefik/v3/pkg/provider"
	"github.com/traefik/traefik/v3/pkg/provider/kubernetes/crd"
	"github.com/traefik/traefik/v3/pkg/provider/kubernetes/ingress"
	"github.com/traefik/traefik/v3/pkg/safe"
)

// input is what standard input holds.
type input struct {
	Requests []request `json:"requests"`
	// Arguments are given to Traefik's command on top of the chart's.
	Arguments []string `json:"arguments"`
}

// output is what is printed.
type output struct {
	Routers      map[string]*dynamic.Router     `json:"routers"`
	Services     map[string]*dynamic.Service    `json:"services"`
	Middlewares  map[string]*dynamic.Middleware `json:"middlewares"`
	TCPRouters   map[string]*dynamic.TCPRouter  `json:"tcp_routers"`
	Certificates int                            `json:"certificates"`
	Log          []json.RawMessage              `json:"log"`
	Answers      []answer                       `json:"answers"`
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	var given input
	if err := json.NewDecoder(os.Stdin).Decode(&given); err != nil {
		return fmt.Errorf("standard input: %w", err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	lines := &logLines{}
	log.Logger = zerolog.New(lines).Level(zerolog.WarnLevel)
	zerolog.DefaultContextLogger = &log.Logger

	configurations, err := readCluster(ctx)
	if err != nil {
		return err
	}
	merged := merge(configurations)
	answers, err := answerAll(ctx, merged, given)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(output{
		Routers:      merged.HTTP.Routers,
		Services:     merged.HTTP.Services,
		Middlewares:  merged.HTTP.Middlewares,
		TCPRouters:   merged.TCP.Routers,
		Certificates: len(merged.TLS.Certificates),
		Log:          lines.all(),
		Answers:      answers,
	})
}

// readCluster runs the providers with the options of K3s' Traefik chart until each has given its first configuration,
// which it makes when it has seen everything that is there. The published service is left out: with it the provider
// writes into the status of Ingresses.
func readCluster(ctx context.Context) (dynamic.Configurations, error) {
	ctx, cancel := context.WithCancel(ctx)
	pool := safe.NewPool(ctx)
	defer pool.Stop()
	defer cancel()

	providers := map[string]provider.Provider{
		ingress.ProviderName: &ingress.Provider{AllowEmptyServices: true},
		crd.ProviderName:     &crd.Provider{AllowEmptyServices: true},
	}
	// nobody waits for a provider that has something more to say
	messages := make(chan dynamic.Message, 100)
	for name, one := range providers {
		if err := one.Provide(messages, pool); err != nil {
			return nil, fmt.Errorf("provider %s: %w", name, err)
		}
	}
	configurations := dynamic.Configurations{}
	for len(configurations) < len(providers) {
		select {
		case message := <-messages:
			configurations[message.ProviderName] = message.Configuration
		case <-ctx.Done():
			return nil, fmt.Errorf("ended before both providers had read the cluster")
		}
	}
	return configurations, nil
}
