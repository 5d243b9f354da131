import { Testing } from "cdk8s";
import { expect, test } from "vitest";
import { ServiceIngressObject } from "../../src/constructs/service-ingress.ts";
import type { ServiceIngressProps } from "../../src/constructs/service-ingress.ts";
import type { IngressHost } from "../../src/model/service.ts";

interface Ingress {
  readonly metadata: { readonly annotations: Readonly<Record<string, string>> };
  readonly spec: {
    readonly tls: readonly { readonly hosts: readonly string[]; readonly secretName?: string }[];
    readonly rules: readonly { readonly host: string }[];
  };
}

function build(tls: ServiceIngressProps["tls"], ...hosts: readonly IngressHost[]): Ingress {
  const chart = Testing.chart();
  const ingress = {
    primaryHost: hosts[0]?.host ?? "",
    hosts,
    backendService: "shop",
    backendPort: 80,
    podPort: 8080,
  };
  new ServiceIngressObject(chart, "ingress", {
    name: "release",
    namespace: "paas-ws-acme",
    ingress,
    tls,
    clusterIssuer: "letsencrypt",
    middleware: undefined,
  });
  return (Testing.synth(chart) as Ingress[])[0] ?? expect.fail("no Ingress");
}

const own = (host: string): IngressHost => ({ host, kind: "platform" });
const custom = (host: string): IngressHost => ({ host, kind: "custom" });
const issuer = "cert-manager.io/cluster-issuer";

test("a certificate per host, so that one whose DNS is gone holds up no other; never one name twice", () => {
  const { spec, metadata } = build(
    "per_service",
    own("a.example"),
    own("a.example.net"),
    custom("shop.example"),
  );
  expect(metadata.annotations[issuer]).toBe("letsencrypt");
  expect(spec.tls.map(({ hosts }) => hosts)).toEqual([["a.example"], ["a.example.net"], ["shop.example"]]);
  const names = spec.tls.map(({ secretName }) => secretName);
  expect(names[0]).toBe("release-tls");
  expect(new Set(names).size).toBe(3);
});

test("a wildcard certificate covers the platform's hosts, and no issuer is asked", () => {
  const { spec, metadata } = build("wildcard", own("a.example"), own("a.example.net"));
  expect(metadata.annotations).not.toHaveProperty(issuer);
  expect(spec.tls).toEqual([{ hosts: ["a.example", "a.example.net"] }]);
});

test("a custom domain has a certificate of its own beside the wildcard, last", () => {
  const { spec, metadata } = build("wildcard", own("a.example"), custom("shop.example"));
  expect(metadata.annotations[issuer]).toBe("letsencrypt");
  expect(spec.tls).toHaveLength(2);
  expect(spec.tls[1]).toMatchObject({
    hosts: ["shop.example"],
    secretName: expect.stringMatching(/^release-tls/),
  });
});

test("every rule names a host: none would take every host of the machine", () => {
  const { spec } = build("per_service", own("a.example"), custom("shop.example"));
  expect(spec.rules.map(({ host }) => host)).toEqual(["a.example", "shop.example"]);
  expect(spec).not.toHaveProperty("defaultBackend");
});
