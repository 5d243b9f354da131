import type { Definitions, ServiceFile } from "../../definitions/definition.ts";
import { readDomainName } from "../../definitions/domain-name.ts";
import { compareText } from "../../definitions/problem.ts";
import { suggestHint } from "../../definitions/suggest.ts";
import { OperationError } from "../../errors.ts";
import { namespaceName, releaseName, serviceUnit } from "../../model/names.ts";

/** A custom domain that a workspace wants or has proven. */
export interface KnownDomain {
  /** As DNS has it: lower case, punycode. */
  readonly domain: string;
  readonly workspace: string;
  /** The service that wants it; undefined when none does. */
  readonly unit: string | undefined;
  /** The host below the platform's own domain that the domain should lead to. */
  readonly target: string;
  /** The workspace domains.yaml lists it for, and since when; undefined when it does not. */
  readonly listed: { readonly workspace: string; readonly verifiedAt: string | undefined } | undefined;
}

export interface DomainSelection {
  /** As people write them; empty: all. */
  readonly domains: readonly string[];
  readonly workspaces: readonly string[];
}

/** Every domain that a service wants or domains.yaml lists, by name and workspace. */
export function listDomains(definitions: Definitions): readonly KnownDomain[] {
  const own = definitions.platform?.value.domain ?? "";
  const listed = new Map(
    (definitions.domains?.value.verified ?? []).map((one) => [
      one.domain,
      { workspace: one.workspace, verifiedAt: one.verified_at },
    ]),
  );
  const wanted = definitions.services.flatMap((file) => {
    const domain = file.value.custom_domain;
    if (domain === undefined) return [];
    return [{ ...describeWish(file, own), domain, listed: listed.get(domain) }];
  });
  const unused = [...listed]
    .filter(([domain, { workspace }]) => !wanted.some((one) => sameClaim(one, { domain, workspace })))
    .map(([domain, entry]) => makeUnused(domain, { workspace: entry.workspace, own, listed: entry }));
  return [...wanted, ...unused].sort(
    (a, b) =>
      compareText(a.domain, b.domain) ||
      compareText(a.workspace, b.workspace) ||
      compareText(a.unit ?? "", b.unit ?? ""),
  );
}

/**
 * The domains a selection is about. A domain that nobody wants yet can be named together with one workspace, so that it
 * can be proven first. Errors: `usage` for what is no domain name; `not-found` for a workspace or domain nobody has.
 */
export function selectDomains(definitions: Definitions, selection: DomainSelection): readonly KnownDomain[] {
  const known = listDomains(definitions);
  const { workspaces } = selection;
  for (const id of workspaces) {
    if (definitions.present.has(id)) continue;
    throw new OperationError("not-found", `there is no workspace ${id}`, {
      subject: id,
      hint: suggestHint(id, [...definitions.workspaces.keys()]) ?? "woow validate shows what is defined",
    });
  }
  const inScope = (one: KnownDomain) => workspaces.length === 0 || workspaces.includes(one.workspace);
  if (selection.domains.length === 0) return known.filter(inScope);
  return selection.domains.flatMap((text) => {
    const domain = readNamedDomain(text);
    const found = known.filter((one) => one.domain === domain && inScope(one));
    if (found.length > 0) return found;
    const [workspace] = workspaces;
    if (workspace !== undefined && workspaces.length === 1) {
      const own = definitions.platform?.value.domain ?? "";
      const other = known.find((one) => one.domain === domain)?.listed;
      return [makeUnused(domain, { workspace, own, listed: other })];
    }
    throw new OperationError("not-found", `no service wants ${domain}, and domains.yaml does not list it`, {
      subject: domain,
      hint:
        suggestHint(
          domain,
          known.map((one) => one.domain),
        ) ?? "write custom_domain into the service's file, or name the workspace: -w ID",
    });
  });
}

/** The name that DNS has for what somebody typed. Errors: `usage`. */
export function readNamedDomain(text: string): string {
  const name = readDomainName(text);
  if (name.ok) return name.domain;
  throw new OperationError("usage", `${text} cannot be a custom domain: ${name.reason}`, {
    subject: text,
    hint: name.hint,
  });
}

/** Host below the platform's domains -> the service that has it. */
export function listPlatformHosts(definitions: Definitions): ReadonlyMap<string, string> {
  const domains = listPlatformDomains(definitions);
  return new Map(
    definitions.services.flatMap(({ workspaceId, id, value: { subdomain } }) =>
      subdomain === undefined
        ? []
        : domains.map((domain) => [`${subdomain}.${domain}`, serviceUnit(workspaceId, id)] as const),
    ),
  );
}

/** The platform's own domains. */
export function listPlatformDomains({ platform }: Definitions): readonly string[] {
  return platform === undefined ? [] : [platform.value.domain, ...(platform.value.domain_aliases ?? [])];
}

function describeWish(
  { workspaceId, id, value }: ServiceFile,
  own: string,
): Omit<KnownDomain, "domain" | "listed"> {
  // without a subdomain the release's name: the platform's wildcard record covers it, and it is this service's alone
  const label = value.subdomain ?? releaseName(workspaceId, id);
  return { workspace: workspaceId, unit: serviceUnit(workspaceId, id), target: `${label}.${own}` };
}

function makeUnused(
  domain: string,
  { workspace, own, listed }: { workspace: string; own: string; listed: KnownDomain["listed"] },
): KnownDomain {
  return { domain, workspace, unit: undefined, target: `${namespaceName(workspace)}.${own}`, listed };
}

function sameClaim(
  a: { readonly domain: string; readonly workspace: string },
  b: { readonly domain: string; readonly workspace: string },
): boolean {
  return a.domain === b.domain && a.workspace === b.workspace;
}
