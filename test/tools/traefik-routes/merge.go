package main

import (
	"github.com/traefik/traefik/v3/pkg/config/dynamic"
	"github.com/traefik/traefik/v3/pkg/server/provider"
	traefiktls "github.com/traefik/traefik/v3/pkg/tls"
)

// entryPoints are those of K3s' Traefik that clients reach; a router that names none is on both.
var entryPoints = []string{"web", "websecure"}

// merge puts what the providers made under qualified names, such as `shop@kubernetes`.
func merge(configurations dynamic.Configurations) dynamic.Configuration {
	http := &dynamic.HTTPConfiguration{
		Routers:     map[string]*dynamic.Router{},
		Services:    map[string]*dynamic.Service{},
		Middlewares: map[string]*dynamic.Middleware{},
	}
	tcp := &dynamic.TCPConfiguration{Routers: map[string]*dynamic.TCPRouter{}}
	tls := &dynamic.TLSConfiguration{Certificates: []*traefiktls.CertAndStores{}}
	for name, one := range configurations {
		if one.HTTP != nil {
			qualify(name, one.HTTP.Routers, http.Routers)
			qualify(name, one.HTTP.Services, http.Services)
			qualify(name, one.HTTP.Middlewares, http.Middlewares)
		}
		if one.TCP != nil {
			qualify(name, one.TCP.Routers, tcp.Routers)
		}
		if one.TLS != nil {
			tls.Certificates = append(tls.Certificates, one.TLS.Certificates...)
		}
	}
	for _, router := range http.Routers {
		if len(router.EntryPoints) == 0 {
			router.EntryPoints = entryPoints
		}
	}
	return dynamic.Configuration{HTTP: http, TCP: tcp, TLS: tls}
}

func qualify[T any](providerName string, from, to map[string]T) {
	for name, value := range from {
		to[provider.MakeQualifiedName(providerName, name)] = value
	}
}
