/** One line of helm's schema check. */
export interface SchemaFault {
  /** Where in the values, from the top. */
  readonly steps: readonly string[];
  /** The keys the schema does not have, when that is what is wrong. */
  readonly unknownKeys: readonly string[];
  readonly words: string;
}

/** True when helm refused the values because of a values.schema.json. */
export function isSchemaMessage(message: string): boolean {
  return /values don't meet the specifications of the schema/i.test(message);
}

/**
 * Reads the lines of a schema failure. Helm 4 and late 3 write `- at '/a/b': additional properties 'c' not allowed`,
 * earlier ones `- a.b: Additional property c is not allowed` with `(root)` for the top. A sub-chart's lines stand
 * under its own name, which is also its values key.
 */
export function readSchemaFaults(message: string, chartName: string): SchemaFault[] {
  const faults: SchemaFault[] = [];
  let prefix: readonly string[] = [];
  for (const line of message.split("\n").map((text) => text.trim())) {
    const heading = /^([A-Za-z0-9._-]+):$/.exec(line)?.[1];
    if (heading !== undefined) prefix = heading === chartName ? [] : [heading];
    const late = /^- at '([^']*)': (.+)$/.exec(line);
    const early = late === null ? /^- ([^\s:]+): (.+)$/.exec(line) : null;
    const words = late?.[2] ?? early?.[2];
    if (words === undefined) continue;
    const path =
      late !== null
        ? (late[1] ?? "").split("/").filter((step) => step !== "")
        : (early?.[1] ?? "").split(".").filter((step) => step !== "(root)");
    faults.push({ steps: [...prefix, ...path], unknownKeys: readUnknownKeys(words), words });
  }
  return faults;
}

function readUnknownKeys(words: string): string[] {
  const late = /^additional propert(?:y|ies) (.+) not allowed$/.exec(words)?.[1];
  if (late !== undefined) return [...late.matchAll(/'([^']+)'/g)].map((match) => match[1] ?? "");
  const early = /^Additional property (\S+) is not allowed$/.exec(words)?.[1];
  return early === undefined ? [] : [early];
}
