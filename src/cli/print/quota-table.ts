import { formatAmount } from "../../model/quota-use.ts";
import { sumMoney } from "../../model/money.ts";
import type { QuotaRow, WorkspaceUse } from "../../plan/quota/workspace-use.ts";
import type { Column } from "./table.ts";

/** One line of the table: what a workspace's services ask for, or what Kubernetes counts. */
export interface QuotaLine {
  readonly workspace: string;
  readonly counted: "asked" | "in use";
  readonly use: WorkspaceUse;
}

const titles: Readonly<Record<QuotaRow["resource"], string>> = {
  vcpu: "VCPU",
  ram_gb: "RAM_GB",
  limits_vcpu: "LIMITS_VCPU",
  limits_ram_gb: "LIMITS_RAM_GB",
  persistent_volume_claims: "VOLUMES",
  storage_gb: "STORAGE_GB",
};

/** Two lines a workspace where Kubernetes has counted, else one. */
export function quotaLines(workspaces: readonly WorkspaceUse[]): readonly QuotaLine[] {
  return workspaces.flatMap((use) => {
    const { workspace, quota } = use;
    const counted = quota.some(({ used }) => used !== undefined)
      ? (["asked", "in use"] as const)
      : (["asked"] as const);
    return counted.map((one) => ({ workspace, counted: one, use }));
  });
}

/** What stands in the columns, for text and Markdown alike. */
export function quotaColumns(currency: string): readonly Column<QuotaLine>[] {
  return [
    { title: "QUOTA", text: ({ workspace, counted }) => (counted === "asked" ? workspace : "") },
    { title: "", text: ({ counted }) => counted },
    ...Object.entries(titles).map(([resource, title]) => ({
      title,
      text: ({ use, counted }: QuotaLine) => {
        const row = use.quota.find((one) => one.resource === resource);
        return row === undefined ? "" : rowWords(row, counted);
      },
    })),
    {
      title: "MONTHLY",
      text: ({ use, counted }) => (counted === "asked" ? differenceWords(use, currency) : ""),
    },
  ];
}

/** "1 -> 2 of 8" */
function rowWords(row: QuotaRow, counted: QuotaLine["counted"]): string {
  const [before, after] =
    counted === "asked" ? [row.askedBefore, row.askedAfter] : [row.used ?? 0, row.usedAfter ?? 0];
  const [from, to] = [formatAmount(before), formatAmount(after)];
  const limit = counted === "asked" ? ` of ${formatAmount(row.hard)}` : "";
  return `${from === to ? to : `${from} -> ${to}`}${limit}`;
}

/** "9 -> 12 USD, +3", or "9 USD" when it stays. */
export function differenceWords(
  { costBefore, costAfter }: Pick<WorkspaceUse, "costBefore" | "costAfter">,
  currency: string,
): string {
  if (costBefore === costAfter) return `${costAfter} ${currency}`;
  return `${costBefore} -> ${costAfter} ${currency}, ${signedDifference(costBefore, costAfter)}`;
}

/** "+3" or "-3". */
export function signedDifference(before: number, after: number): string {
  const difference = sumMoney([after, -before]);
  return difference > 0 ? `+${difference}` : String(difference);
}
