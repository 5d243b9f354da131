package main

import (
	"maps"
	"slices"

	"github.com/traefik/traefik/v3/pkg/config/dynamic"
	"github.com/traefik/traefik/v3/pkg/server/provider"
	traefiktls "github.com/traefik/traefik/v3/pkg/tls"
)

// entryPoints are those of K3s' Traefik that clients reach; a router that names none is on both.
var entryPoints = []string{web, websecure}

const (
	web       = "web"
	websecure = "websecure"
)

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
			router.EntryPoints = slices.Clone(entryPoints)
		}
	}
	secure(http.Routers)
	return dynamic.Configuration{HTTP: http, TCP: tcp, TLS: tls}
}

// secure does what K3s' Traefik does for its entry point websecure, which has TLS of its own: a router that says
// nothing of TLS has it there, and not on web.
func secure(routers map[string]*dynamic.Router) {
	for name, router := range maps.Clone(routers) {
		if router.TLS != nil || !slices.Contains(router.EntryPoints, websecure) {
			continue
		}
		secured := router.DeepCopy()
		secured.EntryPoints = []string{websecure}
		secured.TLS = &dynamic.RouterTLSConfig{}
		if len(router.EntryPoints) == 1 {
			routers[name] = secured
			continue
		}
		plain := router.DeepCopy()
		plain.EntryPoints = slices.DeleteFunc(plain.EntryPoints, func(entryPoint string) bool {
			return entryPoint == websecure
		})
		routers[name] = plain
		routers[websecure+"-"+name] = secured
	}
}

func qualify[T any](providerName string, from, to map[string]T) {
	for name, value := range from {
		to[provider.MakeQualifiedName(providerName, name)] = value
	}
}
