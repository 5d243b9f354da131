import { noSizes, quotaKeys, roundAmount, subtractSizes, sumSizes } from "../../model/quota-use.ts";
import type { QuotaKey } from "../../model/quota-use.ts";
import type { Quota } from "../../model/workspace.ts";
import type { ServiceUse } from "./service-use.ts";

/** Where the services of a workspace must fit in. */
export interface Room {
  /** The quota as it is once the plan is done. */
  readonly hard: Quota;
  /** What Kubernetes counts now; undefined: nobody knows. */
  readonly used: Quota | undefined;
}

/** A service that asks for more than there is room for. */
export interface Misfit {
  readonly service: ServiceUse;
  /** What there is too little of. */
  readonly keys: readonly QuotaKey[];
}

/** What a service asks for more than now; less than nothing where it gives back. */
export function growthOf({ before = noSizes, after = noSizes }: ServiceUse): Quota {
  return subtractSizes(after, before);
}

/** True for a service that asks for more of anything. */
export function isAdding(service: ServiceUse): boolean {
  const growth = growthOf(service);
  return quotaKeys.some(({ key }) => growth[key] > 0);
}

/**
 * The services that do not fit, by what is asked for or by what is in use. Only what adds can be refused: a workspace
 * that has too much already may still change, shrink, lose and repair what it has. Room goes to what is there and
 * grows, then to new services by their names.
 */
export function findMisfits(services: readonly ServiceUse[], { hard, used }: Room): readonly Misfit[] {
  const adding = services
    .filter(isAdding)
    .toSorted((a, b) => rank(a) - rank(b) || (a.address < b.address ? -1 : 1));
  const others = services.filter((service) => !adding.includes(service));
  let asked = sumSizes([
    ...others.map(({ after }) => after ?? noSizes),
    ...adding.map(({ before }) => before ?? noSizes),
  ]);
  let inUse = used === undefined ? undefined : sumSizes([used, ...others.map(growthOf)]);
  const misfits: Misfit[] = [];
  for (const service of adding) {
    const growth = growthOf(service);
    const isOver = (taken: Quota | undefined, key: keyof Quota) =>
      taken !== undefined && roundAmount(taken[key] + growth[key]) > hard[key];
    const keys = quotaKeys.filter(({ key }) => growth[key] > 0 && (isOver(asked, key) || isOver(inUse, key)));
    if (keys.length > 0) misfits.push({ service, keys });
    else {
      asked = sumSizes([asked, growth]);
      inUse = inUse === undefined ? undefined : sumSizes([inUse, growth]);
    }
  }
  return misfits;
}

function rank({ before }: ServiceUse): number {
  return before === undefined ? 1 : 0;
}
