import type { ClusterState } from "./cluster-state.ts";
import type { History } from "./history.ts";

/** Before a work, and after it when nobody disturbs it. */
export interface ExpectedStates {
  readonly start: ClusterState;
  readonly end: ClusterState;
}

/** What is missing, left over, different, or was deleted and made anew although nobody asked for it. */
export function compareStates({ start, end }: ExpectedStates, found: ClusterState): string[] {
  const wrong = findRepeatedNumbers(found);
  for (const [key, expected] of end) {
    if (isBookkeeping(key)) continue;
    const object = found.get(key);
    const before = start.get(key);
    if (object === undefined) wrong.push(`${key} is missing`);
    else if (withoutNumbers(object.text) !== withoutNumbers(expected.text)) {
      wrong.push(`${key} is ${object.text} and not ${expected.text}`);
    } else if (before?.uid === expected.uid && object.uid !== before.uid) wrong.push(`${key} was made anew`);
  }
  for (const key of found.keys()) {
    if (!end.has(key) && !isBookkeeping(key)) wrong.push(`${key} is left over`);
  }
  return wrong;
}

/** Revisions have a comparison of their own; the lock of a dead process ends by itself when nobody needs it. */
function isBookkeeping(key: string): boolean {
  return key.startsWith("Secret paas-system/") || key.startsWith("Lease ");
}

const deploymentNumber = /#(\d+)/g;

/** A run that dies may take numbers along that nobody gets: gaps are allowed, the same number twice is not. */
function withoutNumbers(text: string): string {
  return text.replaceAll(deploymentNumber, "#n").replaceAll(/(lastDeploymentId\\*":)\d+/g, "$1n");
}

function findRepeatedNumbers(found: ClusterState): string[] {
  const numbers = [...found]
    .filter(([key]) => key.startsWith("ConfigMap paas-system/woow-inventory-"))
    .flatMap(([, { text }]) => [...text.matchAll(deploymentNumber)].map(([number]) => number));
  const repeated = numbers.filter((number, index) => numbers.indexOf(number) !== index);
  return repeated.map((number) => `two services are deployment ${number}`);
}

export function compareFiles(
  expected: ReadonlyMap<string, string>,
  found: ReadonlyMap<string, string>,
): string[] {
  const all = new Set([...expected.keys(), ...found.keys()]);
  return [...all].filter((file) => expected.get(file) !== found.get(file)).map((file) => `${file} differs`);
}

/** A kill leaves the first; a run that gave up says one of the others. */
const unfinishedOutcomes: ReadonlySet<string> = new Set(["interrupted", "failed", "cancelled"]);

/**
 * True histories: numbers from 1 without a gap or a repetition, all that the undisturbed run tells of, and beside it
 * at most one that was stopped, or what was done again after it.
 */
export function compareHistories(expected: History, found: History): string[] {
  const wrong: string[] = [];
  for (const unit of new Set([...expected.keys(), ...found.keys()])) {
    const [want = [], have = []] = [expected.get(unit), found.get(unit)];
    const told = have.map(({ outcome }) => outcome).join(", ");
    if (have.some(({ number }, index) => number !== index + 1)) {
      wrong.push(`${unit}: its revisions are ${have.map(({ number }) => number).join(", ")}`);
    }
    if (have.length < want.length || have.length > want.length + 1) {
      wrong.push(`${unit} has ${have.length} revisions (${told}) and not ${want.length} or one more`);
    }
    const unfinished = have.filter(({ outcome }) => unfinishedOutcomes.has(outcome)).length;
    if (unfinished > 1)
      wrong.push(`${unit}: one run was stopped, and ${unfinished} did not finish (${told})`);
    const unknown = have.filter(
      ({ outcome }) => !unfinishedOutcomes.has(outcome) && !want.some((one) => one.outcome === outcome),
    );
    if (unknown.length > 0) wrong.push(`${unit}: its revisions ended ${told}`);
  }
  return wrong;
}
