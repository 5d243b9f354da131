import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { goTool } from "../support/go-tool.ts";
import { runWoow } from "../support/woow.ts";
import { list, mustRequest } from "./on-cluster.ts";
import { writeTestPlatform } from "./platform-on-cluster.ts";
import { clusterOrSkip } from "./test-cluster.ts";
import {
  readTraefikOptions,
  readTraefikRoutes,
  type TraefikAnswer,
  type TraefikRoutes,
} from "./traefik-routes.ts";
import { useCluster } from "./use-cluster.ts";
import { waitUntil } from "./wait-until.ts";

const cluster = useCluster({ components: "api" });

/** From the private network, from elsewhere, and the address of a node, as Traefik sees it without Local. */
const inside = "10.8.0.7";
const outside = "203.0.113.9";
const node = "10.42.0.1";

const publicHosts = [
  "a-web-01.apps.example.com",
  "a-web-01.apps.old.example",
  "shop.acme.example",
  "b-web-01.apps.example.com",
  "b-web-01.apps.old.example",
];
const privateHosts = ["a-web-02.apps.example.com", "a-web-02.apps.old.example"];
/** Of a service whose chart makes no Service, and of one whose pods are not there. */
const lostHosts = ["ab-web-01.apps.example.com", "ab-web-01.apps.old.example"];
const emptyHosts = ["a-web-03.apps.example.com", "a-web-03.apps.old.example"];

const privateName = "paas-ws-a-paas-ws-a-web-02-private@kubernetescrd";
const ingresses = (namespace: string) => `/apis/networking.k8s.io/v1/namespaces/${namespace}/ingresses`;
const middlewares = (namespace: string) => `/apis/traefik.io/v1alpha1/namespaces/${namespace}/middlewares`;

interface Ingress {
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly spec: {
    readonly tls?: readonly { readonly secretName?: string }[];
    readonly rules: readonly { readonly host: string }[];
  };
}

let dir = "";
let woow: (...args: string[]) => ReturnType<typeof runWoow>;

/** Why nothing can be shown here. */
let missing: string | undefined;

beforeAll(async () => {
  for (const found of [await clusterOrSkip(), await goTool("traefik-routes")]) {
    if ("skip" in found) missing = found.skip;
  }
  if (missing !== undefined) return;
  dir = await mkdtemp(join(tmpdir(), "woow-routing-"));
  const more = `domain_aliases: [apps.old.example]
tls: wildcard
traefik: { manage: true }
`;
  const workspaces = { a: 3, ab: 1, b: 1 };
  const platform = await writeTestPlatform({ dir, cluster: cluster(), workspaces, more });
  await append("workspaces/a/web-01.yaml", "custom_domain: shop.acme.example\n");
  await append("workspaces/a/web-02.yaml", "is_private_network: true\n");
  const entry = "{ domain: shop.acme.example, workspace: a, verified_at: 2026-11-23T05:00:00Z }";
  await writeFile(join(dir, "domains.yaml"), `kind: Domains\nverified:\n  - ${entry}\n`);
  const env = { ...platform.env, KUBECONFIG: cluster().kubeconfigPath };
  woow = (...args) => runWoow(args, { cwd: dir, env });
  const ran = await woow("apply", "--yes", "--wait=false");
  expect(ran, ran.stdout + ran.stderr).toMatchObject({ status: 0 });
  // what charts and cert-manager would make
  await makeBackend("a", "web-01", "10.42.7.1");
  await makeBackend("a", "web-02", "10.42.7.2");
  await makeBackend("a", "web-03", undefined);
  await makeBackend("b", "web-01", "10.42.7.3");
  for (const ingress of await listIngresses()) await makeCertificates(ingress);
});

afterAll(async () => {
  if (dir !== "") await rm(dir, { recursive: true, force: true });
});

beforeEach((context) => {
  if (missing !== undefined) context.skip(missing);
});

async function append(name: string, text: string): Promise<void> {
  const path = join(dir, name);
  await writeFile(path, (await readFile(path, "utf8")) + text);
}

async function post(path: string, body: object): Promise<void> {
  await mustRequest(cluster(), { method: "POST", path, body });
}

async function makeBackend(workspace: string, id: string, address: string | undefined): Promise<void> {
  const namespace = `paas-ws-${workspace}`;
  const name = `${namespace}-${id}`;
  const ports = [{ name: "http", port: 80, targetPort: 8080 }];
  const selector = { "app.kubernetes.io/instance": name };
  await post(`/api/v1/namespaces/${namespace}/services`, { metadata: { name }, spec: { ports, selector } });
  await post(`/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`, {
    metadata: { name, labels: { "kubernetes.io/service-name": name } },
    addressType: "IPv4",
    ports: [{ name: "http", port: 8080 }],
    endpoints: address === undefined ? [] : [{ addresses: [address], conditions: { ready: true } }],
  });
}

/** Of workspaces; a test may make others. */
async function listIngresses(): Promise<readonly Ingress[]> {
  const all = await list<Ingress>(cluster(), "/apis/networking.k8s.io/v1/ingresses");
  return all.filter(({ metadata }) => metadata.namespace.startsWith("paas-ws-"));
}

async function makeCertificates({ metadata, spec }: Ingress): Promise<void> {
  for (const { secretName } of spec.tls ?? []) {
    if (secretName === undefined) continue;
    const data = { "tls.crt": "bWFkZSB1cA==", "tls.key": "bWFkZSB1cA==" };
    const body = { metadata: { name: secretName }, type: "kubernetes.io/tls", data };
    await post(`/api/v1/namespaces/${metadata.namespace}/secrets`, body);
  }
}

interface Asking {
  readonly from?: string;
  readonly scheme?: string;
  readonly path?: string;
  /** What Traefik's command gets on top; left out: nothing, as without `traefik.manage`. */
  readonly flags?: readonly string[];
}

/** What Traefik makes of requests for these hosts. */
async function ask(
  hosts: readonly string[],
  { from = outside, scheme = "https", path = "/", flags = [] }: Asking = {},
): Promise<readonly TraefikAnswer[]> {
  const requests = hosts.map((host) => ({ url: `${scheme}://${host}${path}`, from }));
  return (await readTraefikRoutes(cluster(), requests, flags)).answers;
}

/** What Traefik's command gets by what was applied. */
async function readFlags(): Promise<readonly string[]> {
  const path = "/apis/helm.cattle.io/v1/namespaces/kube-system/helmchartconfigs/traefik";
  const { spec } = await mustRequest<{ spec: { valuesContent: string } }>(cluster(), { method: "GET", path });
  return (parse(spec.valuesContent) as { additionalArguments: string[] }).additionalArguments;
}

function outcomes(answers: readonly TraefikAnswer[]): readonly string[] {
  return answers.map(({ outcome }) => outcome);
}

function messagesOf({ log }: TraefikRoutes): readonly string[] {
  return log.map(({ message, error }) => (error === undefined ? message : `${message}: ${error}`));
}

describe("what woow applies, read by Traefik's own providers", () => {
  test("every Ingress and Middleware is accepted; only a Service that no chart made is missed", async () => {
    const routes = await readTraefikRoutes(cluster());
    expect(new Set(messagesOf(routes))).toEqual(new Set(["Cannot create service: service not found"]));
    const missed = routes.log.map((line) => (line as { ingress?: string }).ingress);
    expect(new Set(missed)).toEqual(new Set(["paas-ws-ab-web-01"]));
    const wanted = [...publicHosts, ...privateHosts, ...emptyHosts].map(
      (host) => `Host("${host}") && PathPrefix("/")`,
    );
    expect(
      Object.values(routes.routers)
        .map(({ rule }) => rule)
        .sort(),
    ).toEqual(wanted.sort());
    // the custom domain has a certificate of its own, the platform's hosts share the wildcard's
    expect(routes.certificates).toBe(1);
    expect(routes.tcp_routers).toEqual({});
  });

  test("each host leads to the pods of its own service, on every path", async () => {
    const address = (host: string) =>
      host.startsWith("b-") ? "http://10.42.7.3:8080" : "http://10.42.7.1:8080";
    for (const path of ["/", "/login?next=%2F", "/a/../b", "/.well-known/security.txt"]) {
      for (const answer of await ask(publicHosts, { path })) {
        const host = new URL(answer.url).hostname;
        expect(answer, answer.url).toMatchObject({ outcome: "forwarded", servers: [address(host)] });
      }
    }
  });

  test("a private service carries its allow-list with our ranges, on each of its hosts, and nobody else does", async () => {
    const routes = await readTraefikRoutes(cluster());
    expect(routes.middlewares).toEqual({ [privateName]: { ipAllowList: { sourceRange: ["10.8.0.0/24"] } } });
    for (const [name, { middlewares: used = [] }] of Object.entries(routes.routers)) {
      expect(used, name).toEqual(name.includes("a-web-02") ? [privateName] : []);
    }
    expect(outcomes(await ask(privateHosts, { from: inside }))).toEqual(["forwarded", "forwarded"]);
    expect(outcomes(await ask(privateHosts, { from: outside }))).toEqual(["403", "403"]);
    // why externalTrafficPolicy must be Local: with any other, this is who everybody seems to be
    expect(outcomes(await ask(privateHosts, { from: node }))).toEqual(["403", "403"]);
  });

  test("plain HTTP reaches no service: every router is on websecure with TLS", async () => {
    const { routers } = await readTraefikRoutes(cluster());
    for (const [name, { entryPoints, tls }] of Object.entries(routers)) {
      expect({ entryPoints, tls: tls !== undefined }, name).toEqual({
        entryPoints: ["websecure"],
        tls: true,
      });
    }
    const hosts = [...publicHosts, ...privateHosts];
    const answers = await ask(hosts, { scheme: "http", from: inside });
    expect(new Set(outcomes(answers))).toEqual(new Set(["404"]));
  });

  test("the flags that redirect plain HTTP are options Traefik has", async () => {
    const flags = await readFlags();
    expect(flags).toHaveLength(2);
    const options = await readTraefikOptions();
    for (const flag of flags) {
      const name = /^--([^=]+)=\S+$/.exec(flag)?.[1]?.toLowerCase() ?? "";
      expect(options, flag).toContain(name.replace("entrypoints.web.", "entrypoints._name_."));
    }
  });

  test("plain HTTP is redirected for good to the same page over HTTPS, whoever asks for whatever host", async () => {
    const flags = await readFlags();
    const hosts = [...publicHosts, ...privateHosts, ...lostHosts, "other.apps.example.com", "192.0.2.1"];
    for (const path of ["/", "/login?next=%2Fa%2Fb&x=1", "/a//b%20c/?q=https://other.example/"]) {
      for (const port of ["", ":80"]) {
        const asked = hosts.map((host) => `${host}${port}`);
        const answers = await ask(asked, { scheme: "http", path, flags, from: inside });
        expect(answers.map(({ outcome, location }) => ({ outcome, location }))).toEqual(
          hosts.map((host) => ({ outcome: "301", location: `https://${host}${path}` })),
        );
      }
    }
    expect(outcomes(await ask(publicHosts, { flags }))).toEqual(publicHosts.map(() => "forwarded"));
  });

  test("a service without a backend is nobody else's page: no router, or 503 while it has no pods", async () => {
    const lost = await ask(lostHosts);
    expect(lost.map(({ outcome, router }) => ({ outcome, router }))).toEqual(
      lostHosts.map(() => ({ outcome: "404", router: undefined })),
    );
    for (const answer of await ask(emptyHosts)) {
      expect(answer).toMatchObject({
        outcome: "503",
        service: expect.stringContaining("a-web-03") as string,
      });
    }
    const strangers = ["apps.example.com", "other.apps.example.com", "192.0.2.1", "b-web-01.acme.example"];
    expect(new Set(outcomes(await ask(strangers)))).toEqual(new Set(["404"]));
  });

  test("a certificate's challenge is answered for every host, private ones too, and nothing beside it", async () => {
    // cert-manager's solver, as HTTP-01 makes it with serviceType ClusterIP
    const path = "/.well-known/acme-challenge/made-up-token";
    const hosts = [...privateHosts, ...lostHosts];
    await makeBackend("a", "solver", "10.42.7.9");
    await makeBackend("ab", "solver", "10.42.7.10");
    for (const [index, host] of hosts.entries()) {
      const namespace = host.startsWith("ab-") ? "paas-ws-ab" : "paas-ws-a";
      const backend = { service: { name: `${namespace}-solver`, port: { number: 80 } } };
      const paths = [{ path, pathType: "Exact", backend }];
      const name = `cm-acme-http-solver-${index}`;
      const spec = { ingressClassName: "traefik", rules: [{ host, http: { paths } }] };
      await post(ingresses(namespace), { metadata: { name }, spec });
    }
    try {
      for (const scheme of ["http", "https"]) {
        for (const answer of await ask(hosts, { scheme, path })) {
          const solver = answer.url.includes("//ab-") ? "http://10.42.7.10:8080" : "http://10.42.7.9:8080";
          expect(answer, answer.url).toMatchObject({ outcome: "forwarded", servers: [solver] });
        }
        const other = await ask(privateHosts, { scheme, path: "/.well-known/acme-challenge/other" });
        expect(new Set(outcomes(other))).toEqual(new Set([scheme === "http" ? "404" : "403"]));
      }
      // the redirect comes before the solver's router, and where it leads the solver answers
      for (const answer of await ask(hosts, { scheme: "http", path, flags: await readFlags() })) {
        const secured = answer.url.replace("http:", "https:");
        expect(answer, answer.url).toMatchObject({ outcome: "301", location: secured });
      }
    } finally {
      for (const [index, host] of hosts.entries()) {
        const namespace = host.startsWith("ab-") ? "paas-ws-ab" : "paas-ws-a";
        const name = `cm-acme-http-solver-${index}`;
        await cluster().request({ method: "DELETE", path: `${ingresses(namespace)}/${name}` });
      }
    }
  });

  test("a Middleware that is gone closes the private service; it does not open it", async () => {
    const path = `${middlewares("paas-ws-a")}/paas-ws-a-web-02-private`;
    await mustRequest(cluster(), { method: "DELETE", path });
    try {
      const routes = await readTraefikRoutes(cluster());
      const routers = Object.values(routes.routers).filter(({ rule }) => rule.includes("a-web-02"));
      expect(routers.map(({ middlewares: used }) => used)).toEqual([[privateName], [privateName]]);
      for (const from of [inside, outside]) {
        expect(outcomes(await ask(privateHosts, { from }))).toEqual(["404", "404"]);
      }
    } finally {
      const ran = await woow("apply", "--yes", "--wait=false");
      expect(ran, ran.stdout + ran.stderr).toMatchObject({ status: 0 });
    }
    expect(outcomes(await ask(privateHosts, { from: inside }))).toEqual(["forwarded", "forwarded"]);
  });
});

/** What a tenant, or a chart of its, might make in its own namespace. */
interface Attack {
  readonly collection: string;
  readonly object: { readonly metadata: { readonly name: string }; readonly [field: string]: unknown };
}

function foreignIngress(
  name: string,
  options: { host?: string; path?: string; middleware?: string },
): Attack {
  const { host, path = "/", middleware } = options;
  const backend = { service: { name: "paas-ws-b-web-01", port: { number: 80 } } };
  const named = { "traefik.ingress.kubernetes.io/router.middlewares": middleware };
  const annotations = {
    "traefik.ingress.kubernetes.io/router.entrypoints": "websecure",
    "traefik.ingress.kubernetes.io/router.tls": "true",
    ...(middleware !== undefined && named),
  };
  const http = { paths: [{ path, pathType: "Prefix", backend }] };
  const rule = host === undefined ? { http } : { host, http };
  const object = { metadata: { name, annotations }, spec: { ingressClassName: "traefik", rules: [rule] } };
  return { collection: ingresses("paas-ws-b"), object };
}

const ownHost = "a-web-01.apps.example.com";
const attackers = "http://10.42.7.3:8080";
/** Ends the matcher of a path and goes on with one of a host, in each way Traefik quotes. */
const ruleInPath = `/x") || Host("${ownHost}") || Path("/y\`) || Host(\`${ownHost}\`) || Path(\`/z`;
const attacks = {
  host: foreignIngress("host", { host: ownHost, path: "/login" }),
  everything: foreignIngress("everything", {}),
  wildcard: foreignIngress("wildcard", { host: "*.apps.example.com" }),
  rule: foreignIngress("rule", { host: "b-web-01.apps.example.com", path: ruleInPath }),
  middleware: foreignIngress("middleware", {
    host: "b-web-01.apps.example.com",
    path: "/borrowed",
    middleware: privateName,
  }),
  route: {
    collection: "/apis/traefik.io/v1alpha1/namespaces/paas-ws-b/ingressroutes",
    object: {
      apiVersion: "traefik.io/v1alpha1",
      kind: "IngressRoute",
      metadata: { name: "route" },
      spec: {
        entryPoints: ["websecure"],
        tls: {},
        routes: [
          {
            kind: "Rule",
            match: `Host(\`${ownHost}\`)`,
            priority: 100_000,
            services: [{ name: "paas-ws-b-web-01", port: 80 }],
          },
        ],
      },
    },
  },
} satisfies Record<string, Attack>;

/** Makes what admission would refuse, looks, and takes it away again. */
async function carryOut({ collection, object }: Attack, look: () => Promise<void>): Promise<void> {
  // a binding that was just deleted still bites for a moment
  await waitUntil(`${object.metadata.name} is let in`, async () => {
    const { status } = await cluster().request({ method: "POST", path: collection, body: object });
    return status === 201;
  });
  await look();
  await mustRequest(cluster(), { method: "DELETE", path: `${collection}/${object.metadata.name}` });
}

/** Who would do it; as who may do anything, so that only admission is in the way. */
const attackersUsers = {
  "a chart job": "system:serviceaccount:paas-charts:helm-paas-ws-b-web-01",
  "a tenant's ServiceAccount": "system:serviceaccount:paas-ws-b:default",
  "a tenant's user": "paas:owner@b.example",
};

describe.each(Object.entries(attacks))("admission refuses, of another tenant's: %s", (_, attack) => {
  test.each(Object.entries(attackersUsers))("to %s", async (_who, user) => {
    const { status, body } = await cluster().request({
      method: "POST",
      path: attack.collection,
      headers: { "Impersonate-User": user, "Impersonate-Group": "system:masters" },
      body: attack.object,
    });
    expect(body).toMatchObject({
      message: expect.stringMatching(/ValidatingAdmissionPolicy 'woow-(ingresses|routes)'/) as string,
    });
    expect(status).toBeGreaterThanOrEqual(400);
  });
});

describe("what admission is for: without it, by Traefik alone", () => {
  beforeAll(async () => {
    if (missing !== undefined) return;
    const path = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings";
    const bindings = await list(cluster(), path);
    for (const { metadata } of bindings) {
      await mustRequest(cluster(), { method: "DELETE", path: `${path}/${metadata.name}` });
    }
  });

  afterAll(async () => {
    if (missing !== undefined) return;
    const ran = await woow("apply", "--yes", "--wait=false");
    expect(ran, ran.stdout + ran.stderr).toMatchObject({ status: 0 });
  });

  test("an Ingress with another tenant's host takes the visitors of a path", async () => {
    await carryOut(attacks.host, async () => {
      expect((await ask([ownHost], { path: "/login" }))[0]).toMatchObject({ servers: [attackers] });
      expect((await ask([ownHost]))[0]).toMatchObject({ servers: ["http://10.42.7.1:8080"] });
    });
  });

  test("an Ingress without a host takes every visitor whom nobody else serves", async () => {
    await carryOut(attacks.everything, async () => {
      for (const answer of await ask(lostHosts)) expect(answer).toMatchObject({ servers: [attackers] });
    });
  });

  test("an Ingress with a wildcard takes the visitors of a service that is not there", async () => {
    await carryOut(attacks.wildcard, async () => {
      expect((await ask(lostHosts))[0]).toMatchObject({ servers: [attackers] });
      expect((await ask([ownHost]))[0]).toMatchObject({ servers: ["http://10.42.7.1:8080"] });
    });
  });

  test("a path that is written like a rule stays a path, even so", async () => {
    await carryOut(attacks.rule, async () => {
      for (const path of ["/", "/y", "/z"]) {
        expect((await ask([ownHost], { path }))[0]).toMatchObject({ servers: ["http://10.42.7.1:8080"] });
      }
    });
  });

  test("an IngressRoute takes another tenant's host whole, by its priority", async () => {
    await carryOut(attacks.route, async () => {
      expect((await ask([ownHost]))[0]).toMatchObject({ servers: [attackers] });
    });
  });

  test("an Ingress uses another tenant's Middleware by naming it", async () => {
    await carryOut(attacks.middleware, async () => {
      const asked = { path: "/borrowed" };
      expect(outcomes(await ask(["b-web-01.apps.example.com"], asked))).toEqual(["403"]);
      const routes = await readTraefikRoutes(cluster());
      const router = Object.values(routes.routers).find(({ rule }) => rule.includes("/borrowed"));
      expect(router).toMatchObject({ middlewares: [privateName] });
    });
  });
});

describe("names, as Traefik joins them", () => {
  test("namespaces with hyphens can make one name of two Middlewares; a workspace id has no hyphen", async () => {
    const make = async (namespace: string, name: string, range: string) => {
      await post("/api/v1/namespaces", { metadata: { name: namespace } });
      await post(middlewares(namespace), {
        apiVersion: "traefik.io/v1alpha1",
        kind: "Middleware",
        metadata: { name },
        spec: { ipAllowList: { sourceRange: [range] } },
      });
    };
    await make("stray", "one-two", "192.0.2.1/32");
    await make("stray-one", "two", "192.0.2.2/32");
    const stray = Object.keys((await readTraefikRoutes(cluster())).middlewares).filter((name) =>
      name.startsWith("stray"),
    );
    expect(stray).toEqual(["stray-one-two@kubernetescrd"]);
    for (const namespace of ["stray", "stray-one"]) {
      await mustRequest(cluster(), {
        method: "DELETE",
        path: `${middlewares(namespace)}/${namespace === "stray" ? "one-two" : "two"}`,
      });
    }
  });

  test("workspaces whose ids begin alike, with services of the same name, have routers of their own", async () => {
    const rules = (await listIngresses()).flatMap(({ spec }) => spec.rules);
    await makeBackend("ab", "web-01", "10.42.7.4");
    const { routers } = await readTraefikRoutes(cluster());
    expect(Object.keys(routers)).toHaveLength(rules.length);
    for (const answer of await ask(lostHosts)) {
      expect(answer).toMatchObject({ outcome: "forwarded", servers: ["http://10.42.7.4:8080"] });
    }
  });
});
