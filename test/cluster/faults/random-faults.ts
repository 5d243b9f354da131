import type { Fault, FaultRule } from "./fault-proxy.ts";
import type { ProxiedRequest } from "./proxied-request.ts";
import { pick, type Random } from "./seeded-random.ts";

/** Of a hundred requests so many go wrong. */
const faultShare = 0.12;

const anyFault: readonly ((random: Random) => Fault)[] = [
  () => ({ type: "answer", status: 429, retryAfterSeconds: 1 }),
  () => ({ type: "answer", status: 500 }),
  () => ({ type: "answer", status: 503, retryAfterSeconds: 0 }),
  () => ({ type: "reset" }),
  () => ({ type: "swallow" }),
  () => ({ type: "cut" }),
  (random) => ({ type: "delay", ms: Math.floor(random() * 400) }),
];

const writeFault: readonly ((random: Random) => Fault)[] = [
  ...anyFault,
  // what was done and not told is the hardest
  () => ({ type: "swallow" }),
  () => ({ type: "answer", status: 409 }),
];

/** A rule that lets requests go wrong at random; `told` keeps what it did. */
export function randomFaults(random: Random, told: string[]): FaultRule {
  return (request) => {
    if (random() >= faultShare) return undefined;
    const fault = makeFault(request, random);
    told.push(`${request.number} ${request.kind} ${request.name}: ${describeFault(fault)}`);
    return fault;
  };
}

function makeFault({ verb, isMutating }: ProxiedRequest, random: Random): Fault {
  if (verb === "watch") return { type: "expire" };
  return pick(isMutating ? writeFault : anyFault, random)(random);
}

function describeFault(fault: Fault): string {
  if (fault.type === "answer") return String(fault.status);
  return fault.type === "delay" ? `${fault.ms} ms late` : fault.type;
}
