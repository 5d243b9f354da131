import { formatAmount, quotaKeys } from "../../model/quota-use.ts";
import type { QuotaKey } from "../../model/quota-use.ts";
import type { Quota } from "../../model/workspace.ts";
import type { Refusal } from "../change.ts";
import type { Misfit } from "./fit-services.ts";
import type { QuotaModel } from "./service-use.ts";

/** What a sentence about a workspace's quota needs to know. */
export interface QuotaFacts {
  readonly workspace: string;
  /** Asked for and in use, once everything that git says is done. */
  readonly asked: Quota;
  readonly inUse: Quota | undefined;
  /** In use now. */
  readonly used: Quota | undefined;
  readonly hard: Quota;
  /** What git says the quota is; more than `hard` where the plan does not apply it. */
  readonly written: Quota;
  readonly maxQuota: QuotaModel["maxQuota"];
}

/** More names than this in one line nobody reads. */
const maxNames = 3;

/** Why some services do not fit, with the numbers, and what to do. */
export function misfitWords(
  misfits: readonly Misfit[],
  facts: QuotaFacts,
): Pick<Refusal, "code" | "message" | "hint"> {
  const { workspace, asked, inUse, used, hard, written, maxQuota } = facts;
  const keys = quotaKeys.filter((key) => misfits.some((misfit) => misfit.keys.includes(key)));
  const numbers = keys.map(({ key, name }) => {
    if (asked[key] > hard[key])
      return `${name} would be ${formatAmount(asked[key])} of ${formatAmount(hard[key])}`;
    const [now, then] = [used?.[key] ?? 0, inUse?.[key] ?? 0];
    return `${name} would be ${formatAmount(then)} of ${formatAmount(hard[key])}, counting the ${formatAmount(now)} in use now`;
  });
  const names = listNames(misfits.map(({ service }) => service.address));
  const does = misfits.length === 1 ? "does" : "do";
  const needed = keys.map(
    (key) => [key, Math.ceil(Math.max(asked[key.key], inUse?.[key.key] ?? 0))] as const,
  );
  return {
    code: "quota",
    message: `${names} ${does} not fit into the quota of ${workspace}: ${numbers.join(", ")}`,
    hint: needed.every(([{ key }, amount]) => amount <= written[key])
      ? `workspaces/${workspace}/workspace.yaml allows it already, and what is selected leaves the workspace as it is: add -w ${workspace}`
      : `raise it in workspaces/${workspace}/workspace.yaml: quota: { ${needed.map(([{ name }, amount]) => `${name}: ${amount}`).join(", ")} }${ceilingWords(needed, maxQuota)}, or take a service away or lower its resources; --allow-over-quota goes on all the same`,
  };
}

function ceilingWords(
  needed: readonly (readonly [QuotaKey, number])[],
  maxQuota: QuotaModel["maxQuota"],
): string {
  const over = needed.filter(([{ key }, amount]) => amount > (maxQuota[key] ?? Infinity));
  if (over.length === 0) return "";
  return ` (max_quota in platform.yaml stops at ${over.map(([{ key, name }]) => `${name} ${maxQuota[key]}`).join(", ")})`;
}

/** `a/web-01, a/web-02 and 3 more` */
export function listNames(names: readonly string[]): string {
  const rest = names.length - maxNames;
  return rest > 0
    ? `${names.slice(0, maxNames).join(", ")} and ${rest} more`
    : names.join(", ").replace(/, ([^,]*)$/, " and $1");
}

/** `vcpu 9 of 8, ram_gb 20 of 16` for what is asked for more than there is. */
export function overWords(amounts: Quota, hard: Quota): string {
  return quotaKeys
    .filter(({ key }) => amounts[key] > hard[key])
    .map(({ key, name }) => `${name} ${formatAmount(amounts[key])} of ${formatAmount(hard[key])}`)
    .join(", ");
}
