package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"

	"github.com/traefik/traefik/v3/pkg/config/dynamic"
	"github.com/traefik/traefik/v3/pkg/config/runtime"
	"github.com/traefik/traefik/v3/pkg/ip"
	"github.com/traefik/traefik/v3/pkg/middlewares/requestdecorator"
	muxer "github.com/traefik/traefik/v3/pkg/muxer/http"
	"github.com/traefik/traefik/v3/pkg/server/provider"
)

// request is what somebody might ask for.
type request struct {
	URL string `json:"url"`
	// From is the address of who asks, as Traefik sees it.
	From string `json:"from"`
}

// answer is what becomes of a request.
type answer struct {
	request
	// Router is empty when none matches.
	Router  string `json:"router,omitempty"`
	Service string `json:"service,omitempty"`
	// Outcome: forwarded, or the status that Traefik answers itself.
	Outcome string `json:"outcome"`
	// Servers are the addresses the request may be forwarded to.
	Servers []string `json:"servers,omitempty"`
	// Location is where a redirect leads.
	Location string `json:"location,omitempty"`
}

const (
	forwarded     = "forwarded"
	allowListSays = "403"
	nobody        = "404"
	noServers     = "503"
)

// answerAll has Traefik's muxers find the router of each request, one muxer for an entry point with TLS or without.
// Arguments are those of Traefik's command that redirect plain HTTP, if any.
func answerAll(ctx context.Context, configuration dynamic.Configuration, all input) ([]answer, error) {
	toHTTPS, err := redirectionOf(all.Arguments)
	if err != nil {
		return nil, err
	}
	answers := make([]answer, 0, len(all.Requests))
	for _, asked := range all.Requests {
		place, err := url.Parse(asked.URL)
		if err != nil {
			return nil, err
		}
		isTLS := place.Scheme == "https"
		entryPoint := web
		if isTLS {
			entryPoint = websecure
		}
		// made anew each time: what asks Traefik for its routers writes into them
		info := runtime.NewConfig(configuration)
		routers := info.GetRoutersByEntryPoints(ctx, entryPoints, isTLS)[entryPoint]
		given := answer{request: asked, Outcome: nobody}
		mux, err := newMuxer(routers, configuration.HTTP, &given)
		if err != nil {
			return nil, err
		}
		if toHTTPS != nil && entryPoint == web {
			if err := addRedirection(mux, toHTTPS, &given); err != nil {
				return nil, err
			}
		}
		sent := httptest.NewRequest(http.MethodGet, asked.URL, nil)
		// as a client writes it on the wire
		sent.RequestURI = sent.URL.RequestURI()
		sent.RemoteAddr = net.JoinHostPort(asked.From, "40000")
		received := httptest.NewRecorder()
		requestdecorator.New(nil).ServeHTTP(received, sent, mux.ServeHTTP)
		if location := received.Header().Get("Location"); location != "" {
			given.Outcome = strconv.Itoa(received.Code)
			given.Location = location
		}
		answers = append(answers, given)
	}
	return answers, nil
}

// newMuxer holds every router that Traefik would build: one whose middleware or service does not exist is left out,
// as pkg/server/router does. A match is written into `given`.
func newMuxer(
	routers map[string]*runtime.RouterInfo,
	parts *dynamic.HTTPConfiguration,
	given *answer,
) (*muxer.Muxer, error) {
	parser, err := muxer.NewSyntaxParser()
	if err != nil {
		return nil, err
	}
	mux := muxer.NewMuxer(parser, nil)
	for name, router := range routers {
		ctx := provider.AddInContext(context.Background(), name)
		serviceName := provider.GetQualifiedName(ctx, router.Service)
		service, isThere := parts.Services[serviceName]
		if !isThere {
			continue
		}
		checks, areThere, err := allowLists(ctx, router.Middlewares, parts.Middlewares)
		if err != nil {
			return nil, fmt.Errorf("router %s: %w", name, err)
		}
		if !areThere {
			continue
		}
		priority := router.Priority
		if priority == 0 {
			priority = muxer.GetRulePriority(router.Rule)
		}
		handler := http.HandlerFunc(func(_ http.ResponseWriter, sent *http.Request) {
			given.Router = name
			given.Service = serviceName
			for _, isAllowed := range checks {
				if !isAllowed(sent) {
					given.Outcome = allowListSays
					return
				}
			}
			given.Servers = serversOf(service)
			given.Outcome = forwarded
			if len(given.Servers) == 0 {
				given.Outcome = noServers
			}
		})
		if err := mux.AddRoute(router.Rule, router.RuleSyntax, priority, "", handler); err != nil {
			return nil, fmt.Errorf("router %s: %w", name, err)
		}
	}
	return mux, nil
}

// allowLists gives the checks of a router's allow-lists, and false when one of its middlewares does not exist. Other
// kinds of middleware decide nothing here.
func allowLists(
	ctx context.Context,
	names []string,
	known map[string]*dynamic.Middleware,
) ([]func(*http.Request) bool, bool, error) {
	var checks []func(*http.Request) bool
	for _, name := range names {
		middleware, isThere := known[provider.GetQualifiedName(ctx, name)]
		if !isThere {
			return nil, false, nil
		}
		list := middleware.IPAllowList
		if list == nil {
			continue
		}
		checker, err := ip.NewChecker(list.SourceRange)
		if err != nil {
			return nil, false, err
		}
		strategy, err := list.IPStrategy.Get()
		if err != nil {
			return nil, false, err
		}
		checks = append(checks, func(sent *http.Request) bool {
			return checker.IsAuthorized(strategy.GetIP(sent)) == nil
		})
	}
	return checks, true, nil
}

func serversOf(service *dynamic.Service) []string {
	servers := []string{}
	if service.LoadBalancer != nil {
		for _, server := range service.LoadBalancer.Servers {
			servers = append(servers, server.URL)
		}
	}
	return servers
}
