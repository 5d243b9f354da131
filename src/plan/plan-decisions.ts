/** What a person decided where plan would refuse; nothing decided is the safe side. */
export interface PlanDecisions {
  /**
   * Fields to take from other managers, and drift to put right where the platform only reports it: `FIELD`,
   * `KIND/NAME:FIELD`, `KIND/NAMESPACE/NAME:FIELD` or `all`. A field stands for all below it.
   */
  readonly take: readonly string[];
  /** Fields to leave to the manager that set them, in the same notation; wins over `take`. */
  readonly keep: readonly string[];
  /** Take over objects that exist already and are nobody's. */
  readonly adopt: boolean;
  /** Allow what deletes and creates again: a rename, a move, a field that cannot change. */
  readonly replace: boolean;
  /** Reconcile: drift is put right by force where the unit's policy is `repair`. */
  readonly repair: boolean;
  /** Allow the removal of this many services. */
  readonly pruneBudget: number | undefined;
  /** Workspaces whose namespace may go. */
  readonly removeWorkspaces: readonly string[];
  /**
   * What becomes of services that do not fit into their workspace's quota: `allow`, they are applied all the same;
   * `leave`, they are left alone and the rest goes on (reconcile). Left out: everything is refused.
   */
  readonly overQuota?: "allow" | "leave" | undefined;
  /** Units that go although they may still be defined (`woow destroy`); named, so outside the budget. */
  readonly removeUnits: readonly string[];
  /** Units whose hold after an earlier rollback is over, because they are rolled back again; a suspension stays. */
  readonly endRollbackHolds?: readonly string[];
}

export const noDecisions: PlanDecisions = {
  take: [],
  keep: [],
  adopt: false,
  replace: false,
  repair: false,
  pruneBudget: undefined,
  removeWorkspaces: [],
  removeUnits: [],
};
