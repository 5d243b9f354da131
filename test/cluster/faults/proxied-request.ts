import type { IncomingMessage } from "node:http";

/** A request on its way to the API server. */
export interface ProxiedRequest {
  /** From 1, in the order of arrival. */
  readonly number: number;
  /** `get list watch create update patch apply delete`, with ` (dry run)` behind it. */
  readonly verb: string;
  readonly path: string;
  /** Plural of the kind with its subresource, or the path where it is none. */
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
  readonly isMutating: boolean;
  /** What it is, without whose: `apply secrets in paas-charts`; workspaces are one kind. */
  readonly kind: string;
}

/** What a request asks for, as its line and headers say. */
export function describeRequest(request: IncomingMessage, number: number): ProxiedRequest {
  const url = new URL(request.url ?? "/", "https://server");
  const { resource, namespace, name } = readPath(url.pathname);
  const isDryRun = url.searchParams.getAll("dryRun").includes("All");
  const plain = verbOf(request, { isNamed: name !== "", isWatch: url.searchParams.has("watch") });
  const verb = isDryRun ? `${plain} (dry run)` : plain;
  const place = namespace === "" ? "" : ` in ${namespace.startsWith("paas-ws-") ? "a workspace" : namespace}`;
  return {
    number,
    verb,
    path: `${url.pathname}${url.search}`,
    resource,
    namespace,
    name,
    isMutating: !isDryRun && !["get", "list", "watch"].includes(plain) && !isReview(resource),
    kind: `${verb} ${resource}${place}`,
  };
}

/** Asked with a POST, and nothing is stored. */
function isReview(resource: string): boolean {
  return resource.endsWith("reviews");
}

function verbOf(
  { method, headers }: IncomingMessage,
  { isNamed, isWatch }: { readonly isNamed: boolean; readonly isWatch: boolean },
): string {
  switch (method) {
    case "GET":
      return isWatch ? "watch" : isNamed ? "get" : "list";
    case "POST":
      return "create";
    case "PUT":
      return "update";
    case "PATCH":
      return headers["content-type"]?.includes("apply-patch") === true ? "apply" : "patch";
    case "DELETE":
      return isNamed ? "delete" : "deletecollection";
    default:
      return (method ?? "").toLowerCase();
  }
}

const inNamespace =
  /^\/(?:api|apis\/[^/]+)\/[^/]+\/namespaces\/(?<namespace>[^/]+)\/(?<plural>[^/]+)(?:\/(?<name>[^/]+))?(?<sub>\/.+)?$/;
const inCluster = /^\/(?:api|apis\/[^/]+)\/[^/]+\/(?<plural>[^/]+)(?:\/(?<name>[^/]+))?(?<sub>\/.+)?$/;

function readPath(path: string): Pick<ProxiedRequest, "resource" | "namespace" | "name"> {
  // a namespace itself is addressed like what lives in one
  const match = inNamespace.exec(path) ?? inCluster.exec(path);
  const { namespace = "", plural, name = "", sub = "" } = match?.groups ?? {};
  return { resource: plural === undefined ? path : `${plural}${sub}`, namespace, name };
}
