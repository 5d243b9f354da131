// Package ext stands for a module nested in Traefik's repository, which the zip of Traefik's module does not hold: what
// other editions of Traefik add to the configuration. Here it is nothing.
package ext

// HTTP adds nothing to the HTTP configuration.
type HTTP struct{}

// Router adds nothing to a router.
type Router struct{}
