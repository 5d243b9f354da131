import type { Flow, Peer, Question } from "./engine.ts";

const pod = (
  [namespace, address]: readonly [string, string],
  labels: Record<string, string>,
  names = {},
): Peer => ({
  address,
  pod: {
    namespace,
    // the API server sets this one and lets nobody change it
    namespace_labels: { "kubernetes.io/metadata.name": namespace },
    labels,
    port_names: names,
  },
});
const traefik = { "app.kubernetes.io/name": "traefik" };
const dns = { "k8s-app": "kube-dns" };
const solver = { "acme.cert-manager.io/http01-solver": "true" };

const peers: Readonly<Record<string, Peer>> = {
  "acme app": pod(["paas-ws-acme", "10.52.1.10"], { app: "web" }, { 8080: "http" }),
  "acme cache": pod(["paas-ws-acme", "10.52.1.11"], { app: "cache" }),
  "acme solver": pod(["paas-ws-acme", "10.52.1.12"], solver),
  "bolt app": pod(["paas-ws-bolt", "10.52.2.10"], { app: "named" }, { 3000: "main" }),
  "bolt solver": pod(["paas-ws-bolt", "10.52.2.12"], solver),
  // a tenant labels its pods as it likes
  "bolt posing": pod(["paas-ws-bolt", "10.52.2.13"], { ...traefik, ...dns }),
  "cafe app": pod(["paas-ws-cafe", "10.52.3.10"], { app: "web" }, { 8080: "http" }),
  "cafe solver": pod(["paas-ws-cafe", "10.52.3.12"], solver),
  Traefik: pod(["kube-system", "10.52.0.2"], traefik),
  CoreDNS: pod(["kube-system", "10.52.0.3"], dns),
  "metrics-server": pod(["kube-system", "10.52.0.4"], { "k8s-app": "metrics-server" }),
  "cert-manager": pod(["cert-manager", "10.52.0.20"], { app: "cert-manager" }),
  Prometheus: pod(["monitoring", "10.52.0.21"], { app: "prometheus" }),
  // a namespace of the operator's own, without policies
  "other posing": pod(["default", "10.52.0.22"], { ...traefik, ...dns }),
  "chart job": pod(["paas-charts", "10.52.0.30"], {
    "helmcharts.helm.cattle.io/chart": "paas-ws-acme-web-01",
  }),
  reconcile: pod(["paas-system", "10.52.0.31"], { "app.kubernetes.io/name": "reconciler" }),
  node: { address: "198.51.100.2" },
  "node by IPv6": { address: "2001:db8::2" },
  "API Service": { address: "10.53.0.1" },
  "some Service": { address: "10.53.7.7" },
  metadata: { address: "169.254.169.254" },
  internet: { address: "203.0.113.80" },
  "internet by IPv6": { address: "2001:db8:ffff::80" },
  repository: { address: "203.0.113.10" },
  "git server": { address: "203.0.113.20" },
  "a private host": { address: "192.168.7.7" },
};

/** Who asks, with the heading of its column. */
const columns: readonly (readonly [heading: string, from: string])[] = [
  ["acme", "acme app"],
  ["bolt", "bolt app"],
  ["cafe", "cafe app"],
  ["posing", "bolt posing"],
  ["Traefik", "Traefik"],
  ["system", "metrics-server"],
  ["certs", "cert-manager"],
  ["metrics", "Prometheus"],
  ["other", "other posing"],
  ["chart", "chart job"],
  ["recon", "reconcile"],
  ["node", "node"],
  ["world", "internet"],
];

type Target = readonly [to: string, port: number, protocol: "TCP" | "UDP", note: string];
const tcp = (to: string, port: number, note = ""): Target => [to, port, "TCP", note];
const udp = (to: string, port: number, note = ""): Target => [to, port, "UDP", note];

/** Who is asked, in the order of the rows. */
const rows: readonly Target[] = [
  tcp("acme app", 8080, "published"),
  tcp("acme app", 9090),
  tcp("acme app", 8089),
  tcp("acme app", 3000),
  tcp("acme cache", 6379),
  tcp("acme cache", 8080),
  tcp("acme solver", 8089, "ACME"),
  tcp("acme solver", 9090),
  tcp("bolt app", 3000, "private"),
  tcp("bolt app", 8080),
  tcp("bolt app", 8089),
  tcp("bolt solver", 8089, "ACME"),
  tcp("bolt solver", 9090),
  udp("bolt posing", 53),
  tcp("cafe app", 8080, "no host"),
  tcp("cafe app", 8089),
  tcp("cafe solver", 8089, "ACME"),
  tcp("cafe solver", 9090),
  udp("CoreDNS", 53, "DNS"),
  tcp("CoreDNS", 53, "DNS"),
  tcp("CoreDNS", 9153),
  udp("CoreDNS", 5353),
  tcp("Traefik", 8443),
  udp("metrics-server", 53),
  tcp("metrics-server", 443),
  tcp("metrics-server", 10250),
  udp("other posing", 53),
  tcp("other posing", 443),
  tcp("cert-manager", 9402),
  tcp("chart job", 8080),
  tcp("reconcile", 9464, "metrics"),
  tcp("reconcile", 10000),
  tcp("API Service", 443),
  tcp("node", 6443, "API server"),
  tcp("node", 443),
  tcp("node", 22),
  tcp("node", 10250),
  udp("node", 8472),
  tcp("node by IPv6", 6443),
  tcp("some Service", 80),
  udp("some Service", 53),
  tcp("metadata", 80),
  tcp("metadata", 443),
  tcp("repository", 443),
  tcp("repository", 8443),
  tcp("git server", 2222),
  tcp("internet", 443),
  tcp("internet", 80),
  tcp("internet", 22),
  udp("internet", 443),
  tcp("internet by IPv6", 443),
  tcp("a private host", 443),
  tcp("a private host", 5432),
];

/** Every cell of the matrix as traffic, row by row. What no pod takes part in is left out. */
export function listTraffic(): readonly Flow[] {
  return rows.flatMap(([to, port, protocol]) =>
    columns.flatMap(([, from]) =>
      peers[from]?.pod === undefined && peers[to]?.pod === undefined ? [] : [{ from, to, port, protocol }],
    ),
  );
}

export const question: Question = { peers, traffic: listTraffic() };

/** The table people read: `yes`, `.` for no, blank where no policy could stand in between. */
export function printMatrix(verdicts: readonly boolean[]): string {
  const left = [...verdicts];
  const line = (name: string, cells: readonly string[]): string =>
    `${name.padEnd(36)}${cells.map((cell) => cell.padEnd(8)).join("")}`.trimEnd();
  const head = line(
    "",
    columns.map(([heading]) => heading),
  );
  const body = rows.map(([to, port, protocol, note]) => {
    const cells = columns.map(([, from]) => {
      if (peers[from]?.pod === undefined && peers[to]?.pod === undefined) return "";
      return left.shift() === true ? "yes" : ".";
    });
    const what = `${to} ${port}${protocol === "UDP" ? "/udp" : ""}`;
    return line(note === "" ? what : `${what} (${note})`, cells);
  });
  return `${[head, ...body].join("\n")}\n`;
}
