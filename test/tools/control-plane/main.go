// Command control-plane is a Kubernetes control plane in one program, for tests: the first argument says which part
// to be. Every part ends when its standard input closes, so that none outlives the process that started it, however
// that process ended.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	_ "time/tzdata" // time zones of CronJobs

	helmcontroller "github.com/k3s-io/helm-controller/pkg/app"
	_ "github.com/rancher/wrangler/v3/pkg/generated/controllers/apiextensions.k8s.io"
	_ "github.com/rancher/wrangler/v3/pkg/generated/controllers/networking.k8s.io"
	"github.com/rancher/wrangler/v3/pkg/signals"
	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
)

func main() {
	if len(os.Args) < 2 {
		fail("usage: control-plane PART [FLAG...]")
	}
	part := os.Args[1]
	os.Args = append([]string{part}, os.Args[2:]...)
	if part == "janitor" {
		cleanUp(os.Args[1:])
		return
	}
	go endWithStarter()
	switch part {
	case "etcd":
		etcdmain.Main(os.Args)
	case "kube-apiserver":
		run(apiserver.NewAPIServerCommand())
	case "kube-controller-manager":
		run(controllermanager.NewControllerManagerCommand())
	case "kube-scheduler":
		run(scheduler.NewSchedulerCommand())
	case "helm-controller":
		err := helmcontroller.New().RunContext(signals.SetupSignalContext(), os.Args)
		if err != nil && !errors.Is(err, context.Canceled) {
			fail(err.Error())
		}
	default:
		fail(fmt.Sprintf("there is no part %q", part))
	}
}

func run(command *cobra.Command) {
	os.Exit(cli.Run(command))
}

func fail(message string) {
	fmt.Fprintln(os.Stderr, message)
	os.Exit(1)
}
