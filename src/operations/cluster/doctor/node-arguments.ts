import type { LiveObject } from "../../../cluster/live-object.ts";

/** K3s writes the arguments of each server here, those of its config file too (since 1.21). */
const annotation = "k3s.io/node-args";

/** The arguments of the cluster's servers; empty when none can be seen. */
export function readServerArguments(nodes: readonly LiveObject[]): readonly (readonly string[])[] {
  return nodes.flatMap(({ metadata }) => {
    const list = parseList(metadata.annotations?.[annotation]);
    return list[0] === "server" ? [list.slice(1)] : [];
  });
}

/** True when a flag is given and not with `false`. */
export function hasFlag(args: readonly string[], flag: string): boolean {
  return args.some(
    (arg, index) =>
      arg === `--${flag}=true` || (arg === `--${flag}` && args[index + 1]?.toLowerCase() !== "false"),
  );
}

/** True when `--disable` names it, alone or in a list. */
export function isDisabled(args: readonly string[], component: string): boolean {
  return args.some((arg, index) => {
    const value = arg === "--disable" ? args[index + 1] : /^--disable=(.*)$/.exec(arg)?.[1];
    return value?.split(",").includes(component) === true;
  });
}

function parseList(text: string | undefined): readonly string[] {
  try {
    const value: unknown = JSON.parse(text ?? "[]");
    return Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];
  } catch {
    return [];
  }
}
