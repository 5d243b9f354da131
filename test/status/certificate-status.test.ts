import { describe, expect, test } from "vitest";
import { readStatuses } from "../../src/status/read-statuses.ts";
import type { SeedObject } from "../support/fake-cluster.ts";
import { clusterWith, conditions, facts, ingressObject, nowMs, time } from "./service-objects.ts";

const namespace = "paas-ws-a";
const host = "flows.acme.example";
let sequence = 0;

/** One of cert-manager's objects, as cert-manager chains them: each owned by the one before. */
function made(
  [apiVersion, kind, name]: readonly [string, string, string],
  owner: readonly [string, string],
  rest: { readonly spec?: object; readonly status?: object },
): SeedObject {
  sequence += 1;
  return {
    apiVersion,
    kind,
    metadata: {
      name,
      namespace,
      creationTimestamp: time(nowMs + sequence * 1000),
      ownerReferences: [{ apiVersion: "v1", kind: owner[0], name: owner[1], uid: `uid-${owner[1]}` }],
    },
    ...rest,
  };
}

const manager = "cert-manager.io/v1";
const acme = "acme.cert-manager.io/v1";

function certificate(
  name: string,
  status: object,
  more: { host?: string; ingress?: string } = {},
): SeedObject {
  const owner = ["Ingress", more.ingress ?? facts.releaseName] as const;
  return made([manager, "Certificate", name], owner, {
    spec: { secretName: name, dnsNames: [more.host ?? `${name}.example`] },
    status,
  });
}

const ready = (notAfter: string) => ({ ...conditions(["Ready", "True"]), notAfter });
const issuing = conditions(["Ready", "False", { message: "Issuing certificate as Secret does not exist" }]);
const isFailing = { reason: "Failed", message: "The certificate request has failed to complete" };
const failing = {
  ...conditions(["Ready", "False"], ["Issuing", "False", isFailing]),
  lastFailureTime: time(nowMs),
};

/** What cert-manager made for a certificate, as far as it came. */
function issue(
  parts: { request?: object; order?: object; challenge?: object },
  name = "tls",
  round = 1,
): SeedObject[] {
  const at = `${name}-${round}`;
  const { request = {}, order, challenge } = parts;
  const pending = { reason: "Pending", message: 'Waiting on certificate issuance from order: "pending"' };
  return [
    made([manager, "CertificateRequest", at], ["Certificate", name], {
      status: conditions(["Ready", "False", { ...pending, ...request }]),
    }),
    ...(order === undefined
      ? []
      : [made([acme, "Order", at], ["CertificateRequest", at], { status: order })]),
    ...(challenge === undefined
      ? []
      : [made([acme, "Challenge", at], ["Order", at], { spec: { dnsName: host }, status: challenge })]),
  ];
}

async function look(more: readonly SeedObject[], ingress: SeedObject = ingressObject) {
  const cluster = clusterWith({ more, ingress });
  const { statuses } = await readStatuses(cluster, {
    services: [facts],
    nowMs,
    certificates: true,
    pods: false,
  });
  const status = statuses.get(facts.unit);
  if (status === undefined) throw new Error("no status");
  return { ...status, requests: cluster.requests.map(({ verb, kind }) => `${verb} ${kind}`) };
}

test("certificates are those of its Ingress: the one that ends first, or the one that is missing", async () => {
  expect((await look([])).certificate).toEqual({ type: "none" });
  const [one, two] = [
    certificate("one", ready("2026-03-01T00:00:00Z")),
    certificate("two", ready("2026-02-01T00:00:00Z")),
  ];
  expect((await look([one, two])).certificate).toMatchObject({
    type: "ready",
    notAfter: "2026-02-01T00:00:00Z",
  });
  const pending = [one, certificate("two", issuing), certificate("three", issuing, { ingress: "another" })];
  const { certificate: seen, warnings } = await look(pending);
  expect(seen).toMatchObject({
    type: "pending",
    hosts: [
      { host: "one.example", state: "ready", notAfter: "2026-03-01T00:00:00Z" },
      { host: "two.example", state: "pending" },
    ],
  });
  expect(warnings.map(({ code }) => code)).toEqual(["certificate-pending"]);
});

test("a host that an Ingress has and cert-manager has not begun with is no host with a certificate", async () => {
  const spec = {
    tls: [
      { hosts: ["one.example"], secretName: "one" },
      { hosts: [host], secretName: "two" },
      { hosts: ["wild.apps.example.com"] },
    ],
  };
  const { certificate: seen } = await look([certificate("one", ready("2026-03-01T00:00:00Z"))], {
    ...ingressObject,
    spec,
  });
  expect(seen).toMatchObject({
    type: "pending",
    message: `cert-manager has not begun with the certificate of ${host}`,
  });
});

describe("why a certificate is not there, from the nearest to the cause", () => {
  const waits = (reason: string) => ({
    order: { state: "pending" },
    challenge: { state: "pending", presented: true, processing: true, reason },
  });
  const propagation = "Waiting for HTTP-01 challenge propagation: ";
  test.each<readonly [string, Parameters<typeof issue>[0], string, RegExp]>([
    ["begun", {}, "certificate-pending", /on its way: Waiting on certificate issuance/],
    ["a challenge without a word", waits(""), "certificate-pending", /its challenge has begun/],
    [
      "404 at the self check",
      waits(`${propagation}wrong status code '404', expected '200'`),
      "certificate-pending",
      /flows\.acme\.example answers 404 .*does not lead to this cluster/,
    ],
    [
      "somebody else's page",
      waits(
        `${propagation}did not get expected response when querying endpoint, expected "a.b" but got: <html>`,
      ),
      "certificate-pending",
      /something else than this cluster answers/,
    ],
    [
      "no address",
      waits(
        `${propagation}failed to perform self check GET request 'http://x/': dial tcp: lookup x: no such host`,
      ),
      "certificate-pending",
      /has no address, as the cluster sees it/,
    ],
    [
      "nobody there",
      waits(
        `${propagation}failed to perform self check GET request 'http://x/': dial tcp 192.0.2.9:80: i/o timeout`,
      ),
      "certificate-pending",
      /nobody answers at flows/,
    ],
    [
      "a full quota",
      waits(
        'pods "cm-acme-http-solver-2x7kd" is forbidden: exceeded quota: workspace-quota, requested: limits.cpu=100m, used: limits.cpu=100, limited: limits.cpu=100',
      ),
      "certificate-failed",
      /^quota workspace-quota leaves no room for the pod that proves flows\.acme\.example .*asked for limits\.cpu=100m, used limits\.cpu=100, limit limits\.cpu=100$/,
    ],
    ["another reason", waits("pods is forbidden"), "certificate-pending", /waits: pods is forbidden/],
    [
      "refused by the authority",
      {
        order: { state: "invalid" },
        challenge: { state: "invalid", reason: "DNS problem: NXDOMAIN looking up A for flows.acme.example" },
      },
      "certificate-failed",
      /was refused: DNS problem: NXDOMAIN/,
    ],
    [
      "a CAA record",
      {
        order: { state: "invalid" },
        challenge: { state: "invalid", reason: "CAA record for acme.example prevents issuance" },
      },
      "certificate-failed",
      /CAA record/,
    ],
    [
      "too often",
      {
        order: {
          state: "errored",
          reason:
            "Failed to create Order: 429 urn:ietf:params:acme:error:rateLimited: too many failed authorizations",
        },
      },
      "certificate-failed",
      /rateLimited/,
    ],
    [
      "no issuer",
      { request: { message: 'Referenced "ClusterIssuer" not found: clusterissuer "letsencrypt" not found' } },
      "certificate-failed",
      /is not issued: Referenced "ClusterIssuer" not found/,
    ],
    [
      "an issuer that is not ready",
      { request: { message: "Referenced issuer does not have a Ready status condition" } },
      "certificate-failed",
      /Referenced issuer/,
    ],
    [
      "denied",
      { request: { reason: "Denied", message: "" } },
      "certificate-failed",
      /the request was denied/,
    ],
  ])("%s", async (...[, parts, code, message]) => {
    const {
      warnings,
      certificate: seen,
      state,
    } = await look([
      certificate("tls", issuing, { host }),
      ...issue({ challenge: { state: "invalid", reason: "an older try" }, order: {} }, "tls", 0),
      ...issue(parts),
    ]);
    expect(warnings).toEqual([expect.objectContaining({ code })]);
    expect(warnings[0]?.message).toMatch(message);
    expect(warnings[0]?.hint).not.toBe("");
    expect(seen.type).toBe("pending");
    // whatever becomes of the certificate, the service runs
    expect(state).toBe("running");
  });
});

test("a renewal that fails is told while the old certificate is good", async () => {
  const due = {
    ...failing,
    ...conditions(["Ready", "True"], ["Issuing", "False", isFailing]),
    notAfter: "2026-01-20T00:00:00Z",
  };
  const refused = {
    order: { state: "invalid" },
    challenge: { state: "invalid", reason: "DNS problem: NXDOMAIN looking up A for flows.acme.example" },
  };
  const { certificate: seen, warnings } = await look([certificate("tls", due, { host }), ...issue(refused)]);
  expect(seen).toMatchObject({ type: "ready", notAfter: "2026-01-20T00:00:00Z" });
  expect(warnings[0]).toMatchObject({
    code: "certificate-failed",
    message: `the certificate of ${host} is good until 2026-01-20T00:00:00Z, and could not be renewed: the certificate of ${host} was refused: DNS problem: NXDOMAIN looking up A for ${host}`,
  });
});

test("a long quotation is cut, and its line ends go", async () => {
  const reason = `Invalid response from http://x/: "<html>\n${"x".repeat(1000)}`;
  const { warnings } = await look([
    certificate("tls", issuing, { host }),
    ...issue({ order: {}, challenge: { state: "invalid", reason } }),
  ]);
  expect(warnings[0]?.message).toMatch(/"<html> x+\.\.\.$/);
  expect(warnings[0]?.message.length).toBeLessThan(320);
});

test("three LISTs more, however many certificates are pending, and none when all are well", async () => {
  const kinds = ["list CertificateRequest", "list Challenge", "list Order"];
  const asked = async (objects: readonly SeedObject[]) =>
    (await look(objects)).requests.filter((one) => kinds.includes(one)).sort();
  expect(await asked([certificate("one", ready("2026-03-01T00:00:00Z"))])).toEqual([]);
  const many = Array.from({ length: 20 }, (_, index) => [
    certificate(`c${index}`, issuing),
    ...issue({ order: {}, challenge: {} }, `c${index}`),
  ]).flat();
  expect(await asked(many)).toEqual(kinds);
});
