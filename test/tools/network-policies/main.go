// network-policies decides traffic by Kubernetes NetworkPolicies with the matcher of cyclonus
// (github.com/mattfenwick/cyclonus), the tool that CNI authors check their own enforcement with.
//
// Standard input holds one request a line: {"policies": [...], "peers": {NAME: PEER}, "traffic": [...]}. A peer has an
// address, and for a pod its namespace and the labels of both; traffic names two peers, a port and a protocol. For each
// line one line comes out: {"verdicts": [{"egress": BOOL, "ingress": BOOL}, ...]} in the order of the traffic, or
// {"error": TEXT}. A policy with a field that Kubernetes does not know is an error, so that nothing is overlooked.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"

	"github.com/mattfenwick/cyclonus/pkg/matcher"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
)

type peer struct {
	Address string `json:"address"`
	Pod     *pod   `json:"pod,omitempty"`
}

type pod struct {
	Namespace       string            `json:"namespace"`
	NamespaceLabels map[string]string `json:"namespace_labels"`
	Labels          map[string]string `json:"labels"`
	// The names of container ports by their number, as a policy may use them.
	PortNames map[int]string `json:"port_names,omitempty"`
}

type flow struct {
	From     string        `json:"from"`
	To       string        `json:"to"`
	Port     int           `json:"port"`
	Protocol core.Protocol `json:"protocol"`
}

type request struct {
	Policies []*networking.NetworkPolicy `json:"policies"`
	Peers    map[string]peer             `json:"peers"`
	Traffic  []flow                      `json:"traffic"`
}

type verdict struct {
	Egress  bool `json:"egress"`
	Ingress bool `json:"ingress"`
}

type answer struct {
	Verdicts []verdict `json:"verdicts,omitempty"`
	Error    string    `json:"error,omitempty"`
}

func main() {
	reader := bufio.NewReaderSize(os.Stdin, 1<<20)
	writer := bufio.NewWriter(os.Stdout)
	encoder := json.NewEncoder(writer)
	for {
		line, err := reader.ReadBytes('\n')
		if len(bytes.TrimSpace(line)) > 0 {
			if bad := encoder.Encode(decide(line)); bad != nil {
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

// The matcher panics on policies that the API server would refuse.
func decide(line []byte) (result answer) {
	defer func() {
		if reason := recover(); reason != nil {
			result = answer{Error: fmt.Sprint(reason)}
		}
	}()
	var asked request
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&asked); err != nil {
		return answer{Error: err.Error()}
	}
	policy := matcher.BuildNetworkPolicies(false, asked.Policies)
	verdicts := make([]verdict, 0, len(asked.Traffic))
	for _, one := range asked.Traffic {
		from, known := asked.Peers[one.From]
		to, alsoKnown := asked.Peers[one.To]
		if !known || !alsoKnown {
			return answer{Error: fmt.Sprintf("no peer %s or %s", one.From, one.To)}
		}
		name := ""
		if to.Pod != nil {
			name = to.Pod.PortNames[one.Port]
		}
		found := policy.IsTrafficAllowed(&matcher.Traffic{
			Source:           from.asTraffic(),
			Destination:      to.asTraffic(),
			ResolvedPort:     one.Port,
			ResolvedPortName: name,
			Protocol:         one.Protocol,
		})
		verdicts = append(verdicts, verdict{Egress: found.Egress.IsAllowed(), Ingress: found.Ingress.IsAllowed()})
	}
	return answer{Verdicts: verdicts}
}

func (one peer) asTraffic() *matcher.TrafficPeer {
	if one.Pod == nil {
		return &matcher.TrafficPeer{IP: one.Address}
	}
	return &matcher.TrafficPeer{
		IP: one.Address,
		Internal: &matcher.InternalPeer{
			Namespace:       one.Pod.Namespace,
			NamespaceLabels: one.Pod.NamespaceLabels,
			PodLabels:       one.Pod.Labels,
		},
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "network-policies:", err)
	os.Exit(1)
}
