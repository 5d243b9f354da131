import type { CertificateFacts, IssueFacts } from "./service-observation.ts";

/** Why a host has no certificate, or will lose it. */
export interface CertificateReason {
  /** False: cert-manager is at work and nothing has failed yet. */
  readonly hasFailed: boolean;
  readonly message: string;
  readonly hint: string;
}

/** What an authority quotes of a web page helps nobody. */
const longestQuote = 240;

const patience = "cert-manager tries again by itself, later after each failure";

/** What cert-manager's objects say, the nearest to the cause first: challenge, order, request, Certificate. */
export function explainCertificate(
  { issue, failure, message }: CertificateFacts,
  host: string,
): CertificateReason {
  const challenge = issue?.challenge;
  if (challenge !== undefined && challenge.state !== "valid") return explainChallenge(challenge, host);
  const order = issue?.order;
  if (order?.state === "errored" || order?.state === "invalid" || order?.state === "expired") {
    return explainRefusal(order.reason ?? `the order is ${order.state}`, host);
  }
  if (issue !== undefined && isStuck(issue)) return explainRequest(issue.request, host);
  if (failure !== undefined) return explainRefusal(failure, host);
  return {
    hasFailed: false,
    message: `the certificate of ${host} is on its way: ${quote(issue?.request.message ?? message ?? "it was asked for")}`,
    hint: "it takes a minute or two",
  };
}

function explainChallenge(
  { state, reason = "" }: NonNullable<IssueFacts["challenge"]>,
  host: string,
): CertificateReason {
  if (state === "invalid" || state === "errored" || state === "expired") {
    return explainRefusal(reason === "" ? `the challenge is ${state}` : reason, host);
  }
  if (reason === "") {
    return {
      hasFailed: false,
      message: `the certificate of ${host} is on its way: its challenge has begun`,
      hint: "it takes a minute or two",
    };
  }
  const waiting = (message: string, hint: string): CertificateReason => ({ hasFailed: false, message, hint });
  const leads = `woow domain status ${host} says where the name leads`;
  const full = /exceeded quota: ([\w.-]+), requested: (\S+), used: (\S+), limited: (\S+)/.exec(reason);
  if (full !== null) {
    const [, quota, requested, used, limited] = full;
    return {
      hasFailed: true,
      message: `quota ${quota} leaves no room for the pod that proves ${host} to the authority: asked for ${requested}, used ${used}, limit ${limited}`,
      hint: `raise the workspace's quota or lower a service's resources, then woow apply; ${patience}`,
    };
  }
  const [, status] = /wrong status code '(\d+)'/.exec(reason) ?? [];
  if (status !== undefined) {
    return waiting(
      `${host} answers ${status} where cert-manager looks for its challenge: the name does not lead to this cluster, or Traefik does not know the challenge yet`,
      leads,
    );
  }
  if (/did not get expected response/.test(reason)) {
    return waiting(`something else than this cluster answers at ${host}`, leads);
  }
  if (/no such host|NXDOMAIN|server misbehaving/.test(reason)) {
    return waiting(`${host} has no address, as the cluster sees it`, leads);
  }
  if (/connection refused|i\/o timeout|deadline exceeded|no route to host|connection reset/.test(reason)) {
    return waiting(
      `nobody answers at ${host}, as the cluster sees it`,
      `${leads}; port 80 must be open, and the cluster must reach its own public address`,
    );
  }
  return waiting(`the certificate of ${host} waits: ${quote(reason)}`, leads);
}

/** Said by the certificate authority, or by cert-manager about it. */
function explainRefusal(reason: string, host: string): CertificateReason {
  const failed = (message: string, hint: string): CertificateReason => ({ hasFailed: true, message, hint });
  const refused = `the certificate of ${host} was refused: ${quote(reason)}`;
  if (/rate ?limit|too many (certificates|failed|new orders|requests)|\b429\b/i.test(reason)) {
    return failed(
      refused,
      "the authority counts failures, too: mend what is wrong and wait as long as it says",
    );
  }
  if (/\bCAA\b/.test(reason)) {
    return failed(
      refused,
      `a CAA record of ${host} or above names other authorities: its owner must add this one`,
    );
  }
  if (/NXDOMAIN|no valid A|DNS problem|no such host/i.test(reason)) {
    return failed(refused, `woow domain status ${host} says what DNS holds; ${patience}`);
  }
  if (/timeout|connection refused|firewall/i.test(reason)) {
    return failed(
      refused,
      `port 80 of ${host} must be open to the internet, over IPv6 too where it has such an address; ${patience}`,
    );
  }
  if (/invalid response|unauthorized|\b40[0-9]\b/i.test(reason)) {
    return failed(refused, `the name leads elsewhere: woow domain status ${host} says where; ${patience}`);
  }
  return failed(refused, `woow domain status ${host} says what DNS holds; ${patience}`);
}

function isStuck({ request: { reason, message = "" } }: IssueFacts): boolean {
  return (
    reason === "Denied" ||
    reason === "Failed" ||
    /not found|does not have a ready|missing|^failed/i.test(message)
  );
}

function explainRequest({ message = "" }: IssueFacts["request"], host: string): CertificateReason {
  const hint = /issuer/i.test(message)
    ? "cluster_issuer in platform.yaml names the ClusterIssuer: woow doctor says whether it is there and ready"
    : patience;
  return {
    hasFailed: true,
    message: `the certificate of ${host} is not issued: ${quote(message === "" ? "the request was denied" : message)}`,
    hint,
  };
}

function quote(text: string): string {
  const line = text.replaceAll(/\s+/g, " ").trim();
  return line.length <= longestQuote ? line : `${line.slice(0, longestQuote)}...`;
}
