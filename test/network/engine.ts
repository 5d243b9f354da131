import { execa } from "execa";
import type { Policy } from "./world.ts";

/** Who takes part: a pod when it has a namespace, else an address outside every pod network. */
export interface Peer {
  readonly address: string;
  readonly pod?: {
    readonly namespace: string;
    readonly namespace_labels: Readonly<Record<string, string>>;
    readonly labels: Readonly<Record<string, string>>;
    /** Number of a container's port -> its name. */
    readonly port_names?: Readonly<Record<number, string>>;
  };
}

export interface Flow {
  readonly from: string;
  readonly to: string;
  readonly port: number;
  readonly protocol: "TCP" | "UDP";
}

/** What a run of the engine is asked: the same traffic under several sets of policies. */
export interface Question {
  readonly peers: Readonly<Record<string, Peer>>;
  readonly traffic: readonly Flow[];
}

/**
 * For every set of policies which of the flows get through: out of the source and into the destination. Throws when
 * the engine cannot read a policy. `program` is the path of test/tools/network-policies.
 */
export async function decide(
  program: string,
  { peers, traffic }: Question,
  sets: readonly (readonly Policy[])[],
): Promise<boolean[][]> {
  const input = sets.map((policies) => JSON.stringify({ policies, peers, traffic })).join("\n");
  const { stdout } = await execa(program, { input, maxBuffer: 1 << 30 });
  const answers = stdout.split("\n").map((line) => JSON.parse(line) as Answer);
  if (answers.length !== sets.length)
    throw new Error(`${answers.length} answers to ${sets.length} sets of policies`);
  return answers.map(({ error, verdicts = [] }) => {
    if (error !== undefined) throw new Error(error);
    return verdicts.map(({ egress, ingress }) => egress && ingress);
  });
}

interface Answer {
  readonly error?: string;
  readonly verdicts?: readonly { readonly egress: boolean; readonly ingress: boolean }[];
}
