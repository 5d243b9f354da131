import type { DefinitionTree } from "../../../definitions/definition-tree.ts";
import type { Problem } from "../../../definitions/problem.ts";
import { OperationError } from "../../../errors.ts";
import type { Manifest } from "../../../manifests/manifest.ts";
import { listUnits, unitAddress } from "../../../manifests/unit.ts";
import type { Service } from "../../../model/service.ts";
import type { Workspace } from "../../../model/workspace.ts";
import type { AgeIdentity } from "../../../secrets/age-identity.ts";
import { loadPlatform } from "../../load-platform.ts";
import { createRenderer } from "../../render-units.ts";

/** A unit as a tree defines it. */
export interface UnitView {
  readonly manifests: readonly Manifest[];
  /** Undefined for a workspace. */
  readonly service: Service | undefined;
  readonly workspace: Workspace;
  /** Dotted Helm paths whose values are secret. */
  readonly secretKeys: readonly string[];
}

export type RenderedView =
  | { readonly ok: true; readonly view: UnitView }
  | { readonly ok: false; readonly problems: readonly Problem[] };

export interface RenderViewOptions {
  readonly unit: string;
  readonly cluster: string;
  readonly identities: () => readonly AgeIdentity[];
}

/** Synthesizes one unit from a tree, or says what is wrong with it there. */
export async function renderView(tree: DefinitionTree, options: RenderViewOptions): Promise<RenderedView> {
  const { unit: address, cluster } = options;
  const { platform, problems } = loadPlatform(tree, [address.split("/", 1)[0] ?? address]);
  if (platform === undefined) return { ok: false, problems };
  const unit = [...listUnits(platform)].find(
    (one) => one.cluster.name === cluster && unitAddress(one) === address,
  );
  if (unit === undefined || unit.type === "platform") {
    throw new OperationError("not-found", `${address} is not in the cluster ${cluster}`, {
      subject: address,
      hint: "its workspace is gone or moved to another cluster; define the workspace there again first",
    });
  }
  const service = unit.type === "service" ? unit.service : undefined;
  const identities = service?.secrets === undefined ? [] : options.identities();
  const rendered = await createRenderer({ platform, identities })(unit);
  if (!rendered.ok) return { ok: false, problems: rendered.problems };
  const { manifests } = rendered;
  return {
    ok: true,
    view: { manifests, service, workspace: unit.workspace, secretKeys: secretKeysOf(service) },
  };
}

function secretKeysOf(service: Service | undefined): string[] {
  if (service === undefined) return [];
  const passwords = service.template.specs.filter(({ type }) => type === "password").map(({ key }) => key);
  return [...new Set([...passwords, ...(service.secrets?.paths ?? [])])].sort();
}
