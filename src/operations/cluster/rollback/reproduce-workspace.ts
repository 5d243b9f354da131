import { setDefinitionEntry } from "../../../definitions/restore-definition.ts";
import { isMapValue } from "../../../model/helm-values.ts";
import type { Quota } from "../../../model/workspace.ts";
import { overlayTree } from "../../overlay-tree.ts";
import { readDefinitionValue } from "./read-definition.ts";
import { renderView } from "./render-unit.ts";
import type { Reproduced, ReproduceOptions } from "./reproduce-service.ts";

/** As the file says it, in the order of the schema. */
const quotaKeys = {
  vcpu: "vcpu",
  ram_gb: "ramGb",
  limits_vcpu: "limitsVcpu",
  limits_ram_gb: "limitsRamGb",
  persistent_volume_claims: "persistentVolumeClaims",
  storage_gb: "storageGb",
} as const satisfies Readonly<Record<string, keyof Quota>>;

/** A workspace's file as it was; the part of its quota that platform.yaml gave it then is written out where it differs. */
export async function reproduceWorkspace(options: ReproduceOptions): Promise<Reproduced> {
  const { tree, path, text, to } = options;
  const now = await renderView(overlayTree(tree, new Map([[path, text]])), options);
  if (!now.ok) return now;
  const platform = to.definition.files["platform.yaml"];
  const before =
    platform === undefined
      ? undefined
      : await renderView(
          overlayTree(
            tree,
            new Map([
              [path, text],
              ["platform.yaml", platform],
            ]),
          ),
          options,
        );
  if (before?.ok !== true) return { ok: true, text, notes: [] };
  const differing = Object.entries(quotaKeys).filter(
    ([, name]) => before.view.workspace.quota[name] !== now.view.workspace.quota[name],
  );
  if (differing.length === 0) return { ok: true, text, notes: [] };
  const quota = readDefinitionValue(text)["quota"];
  const pins = differing.map(([key, name]) => [key, before.view.workspace.quota[name]] as const);
  const value = { ...(isMapValue(quota) ? quota : {}), ...Object.fromEntries(pins) };
  const edited = setDefinitionEntry(text, { key: "quota", value });
  if (!edited.ok)
    return { ok: true, text, notes: ["platform.yaml's default quota has changed since: today's applies"] };
  const names = pins.map(([key]) => key).join(", ");
  return {
    ok: true,
    text: edited.text,
    notes: [`platform.yaml's default quota has changed since, so the file pins what it was: ${names}`],
  };
}
