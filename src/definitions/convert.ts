import { isAlias, isMap, isScalar, isSeq } from "yaml";
import type { Document, Node, Scalar, YAMLMap, YAMLSeq } from "yaml";
import type { Finding } from "./problem.ts";
import { mayHoldSecret } from "./secret-path.ts";
import type { ValuePath } from "./source.ts";

/** A plain JSON value. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** More alias uses, nodes or levels than any definition needs; an alias bomb meets one of them at once. */
export const conversionLimits = { aliases: 100, nodes: 100_000, depth: 64 } as const;

interface Context {
  readonly document: Document;
  readonly findings: { offset: number; finding: Finding }[];
  readonly anchors: Map<string, Node>;
  aliases: number;
  nodes: number;
  stopped: boolean;
}

/** The converted value and what was found in the YAML itself, with character offsets. */
export interface Conversion {
  readonly value: Json;
  readonly findings: readonly { readonly offset: number; readonly finding: Finding }[];
}

/**
 * Turns a parsed document into plain values in one walk, and finds on the way what two YAML readers would read
 * differently: Helm reads YAML 1.1, where `no` is false and 0644 is octal.
 */
export function convertDocument(document: Document): Conversion {
  const context: Context = {
    document,
    findings: [],
    anchors: new Map(),
    aliases: 0,
    nodes: 0,
    stopped: false,
  };
  const value = convertNode(document.contents, [], context);
  return { value, findings: context.findings };
}

function convertNode(node: unknown, path: ValuePath, context: Context): Json {
  if (context.stopped || node === null || node === undefined) return null;
  const typed = node as Node;
  context.nodes += 1;
  if (context.nodes > conversionLimits.nodes) {
    return stop(context, typed, {
      code: "alias-limit",
      message: `the document has more than ${conversionLimits.nodes} values once its aliases are expanded`,
      hint: "write the values out, or split the file",
    });
  }
  if (path.length > conversionLimits.depth) {
    return stop(context, typed, {
      code: "too-deep",
      message: `nested deeper than ${conversionLimits.depth} levels`,
      hint: "no definition needs this; flatten it",
    });
  }
  if (isAlias(node)) return convertAlias(node, path, context);
  const anchor = (typed as { anchor?: string }).anchor;
  if (anchor !== undefined) context.anchors.set(anchor, typed);
  if (isScalar(node)) return convertScalar(node, path, context);
  if (isMap(node)) return convertMap(node, path, context);
  if (isSeq(node))
    return (node as YAMLSeq).items.map((item, index) => convertNode(item, [...path, index], context));
  return null;
}

function convertAlias(node: Node & { source: string }, path: ValuePath, context: Context): Json {
  context.aliases += 1;
  const target = context.anchors.get(node.source);
  if (context.aliases > conversionLimits.aliases) {
    return stop(context, node, {
      code: "alias-limit",
      message: `more than ${conversionLimits.aliases} aliases are used`,
      hint: "write the values out",
    });
  }
  if (target === undefined) {
    return report(context, node, {
      code: "yaml-syntax",
      ...(mayHoldSecret(path)
        ? {
            message: "an alias (*) here has no anchor before it",
            hint: "put text that begins with * in quotes",
          }
        : {
            message: `the alias *${node.source} has no anchor before it`,
            hint: `mark the value with &${node.source} first, or write it out`,
          }),
    });
  }
  return convertNode(target, path, context);
}

function convertMap(node: YAMLMap, path: ValuePath, context: Context): Json {
  const result: { [key: string]: Json } = {};
  for (const pair of node.items) {
    const keyNode = pair.key as Node | null;
    const key = isScalar(keyNode) ? String(keyNode.value) : undefined;
    if (key === undefined) {
      report(context, keyNode, { code: "forbidden-key", message: "a key must be plain text" });
      continue;
    }
    if (!key.isWellFormed()) {
      report(context, keyNode, halfCharacter);
      continue;
    }
    if (key === "__proto__" || key === "constructor" || key === "prototype") {
      report(context, keyNode, {
        code: "forbidden-key",
        message: `the key ${key} is not allowed anywhere`,
        hint: "remove it; no chart needs it",
      });
      continue;
    }
    if (key === "<<" && (keyNode as Scalar).type === "PLAIN") {
      report(context, keyNode, {
        code: "forbidden-key",
        message: "<< merges maps in YAML 1.1 only, which definitions are not written in",
        hint: "write the values out, or use the alias for a whole value",
      });
      continue;
    }
    if (Object.hasOwn(result, key)) {
      report(context, keyNode, {
        code: "duplicate-key",
        message: `the key ${key} stands twice in this map`,
        hint: "remove one of them",
      });
      continue;
    }
    result[key] = convertNode(pair.value, [...path, key], context);
  }
  return result;
}

/** Written as an escape it passes the file's own check, and no manifest could hold it. */
const halfCharacter: Finding = {
  code: "not-text",
  message: "this text holds half of a character (a lone surrogate), which UTF-8 cannot write",
  hint: "write the whole character, for example as \\U0001F600, or leave it out",
};

/** Inside these, Helm reads what the user wrote, so a scalar must mean the same to YAML 1.1. */
const helmMaps = new Set(["helm_values", "raw_values", "default_values"]);

function convertScalar(node: Scalar, path: ValuePath, context: Context): Json {
  const { value, source } = node;
  const show = () => (mayHoldSecret(path) ? undefined : (source ?? String(value)));
  if (typeof value === "string" && !value.isWellFormed()) return report(context, node, halfCharacter);
  if (typeof value === "string" || typeof value === "boolean" || value === null) {
    const plain = node.type === "PLAIN" && typeof value === "string";
    if (plain && /^(y|n|yes|no|on|off)$/i.test(value) && path.some((step) => helmMaps.has(String(step)))) {
      const shown = show();
      report(context, node, {
        code: "ambiguous-scalar",
        message: `${shown ?? "this"} is text here, but YAML 1.1, which Helm reads, takes it for true or false`,
        hint: `write true or false, or ${shown === undefined ? "it" : `"${shown}"`} in quotes if text is meant`,
      });
    }
    return value;
  }
  if (typeof value === "bigint" || (typeof value === "number" && unsafeInteger(value, source))) {
    const shown = show();
    report(context, node, {
      code: "number-out-of-range",
      message: `${shown ?? "this"} cannot be kept exactly as a number`,
      hint: shown === undefined ? "write it in quotes" : `write it in quotes: "${shown}"`,
    });
    return 0;
  }
  if (typeof value === "number") {
    if (!Number.isFinite(value)) {
      report(context, node, {
        code: "number-out-of-range",
        message: `${show() ?? "this"} is not a number`,
      });
      return 0;
    }
    if (isVerifiedWorkspace(path) && source !== undefined && !/^(0|[1-9][0-9]*)$/.test(source)) {
      return report(context, node, {
        code: "unquoted-id",
        message: `workspace ${source} is read as the number ${String(value)}`,
        hint: `write it in quotes: workspace: "${source}"`,
      });
    }
    if (source !== undefined && /^[-+]?0[0-9]+$/.test(source) && isNumberField(path)) {
      const shown = show();
      report(context, node, {
        code: "ambiguous-scalar",
        ...(shown === undefined
          ? {
              message: "this is read as one number by YAML 1.2 and as another, octal one by YAML 1.1",
              hint: "write it in quotes, or without zeros before it",
            }
          : {
              message: `${source} is read as ${value} by YAML 1.2 and as an octal number by YAML 1.1`,
              hint: `write ${String(value)}, ${String(parseInt(source, 8))}, or "${source}" in quotes`,
            }),
      });
    }
    return Object.is(value, -0) ? 0 : value;
  }
  return report(context, node, {
    code: "unknown-tag",
    message: "this value has a YAML tag that definitions do not use",
    hint: "remove the tag and write plain text, a number, true/false, a list or a map",
  });
}

/** `workspace` in an entry of domains.yaml: an id that people write as a number. */
function isVerifiedWorkspace(path: ValuePath): boolean {
  return path.length === 3 && path[0] === "verified" && path[2] === "workspace";
}

/** Identities have their own check, which says more. */
function isNumberField(path: ValuePath): boolean {
  const last = path.at(-1);
  return !(path.length === 1 && (last === "id" || last === "reference_id" || last === "chart_version"));
}

function unsafeInteger(value: number, source: string | undefined): boolean {
  return source !== undefined && /^[-+]?[0-9]+$/.test(source) && !Number.isSafeInteger(value);
}

function report(context: Context, node: Node | null, finding: Finding): null {
  context.findings.push({ offset: node?.range?.[0] ?? 0, finding });
  return null;
}

function stop(context: Context, node: Node, finding: Finding): null {
  context.stopped = true;
  return report(context, node, finding);
}
