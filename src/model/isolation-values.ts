import type { Json } from "../definitions/convert.ts";
import { isMapValue } from "./helm-values.ts";
import { findIsolationRule, normalizeKey } from "./isolation-rules.ts";

/** A value that would undo what isolation rests on. */
export interface IsolationFault {
  readonly path: readonly string[];
  readonly message: string;
  readonly hint: string;
}

type Judge = (path: readonly string[], value: Json) => { message: string; hint: string } | undefined;

/** More faults than anybody reads; the rest shows when these are mended. */
const maxFaults = 50;

/**
 * Chart values that move objects out of the tenant's namespace, rename what the Ingress points at, open a second
 * way in, or lift the pod's limits.
 */
export function findIsolationFaults(values: Json, namespace: string): IsolationFault[] {
  return findFaults(values, (path, value) => judgeIsolation(path, value, namespace));
}

/** The same for a path whose value is not known yet, as in secret_values: any value there is refused. */
export function isIsolationPath(path: readonly string[]): boolean {
  return path.some((key) => findIsolationRule(key) !== undefined || isOurMark(key));
}

/**
 * Texts that could become more than a text. `{{`: many charts run values through Helm's `tpl`, in a job that is
 * cluster-admin, so a tenant's `{{ lookup ... }}` would read any Secret of the cluster. A line break: most charts put
 * values into their templates as they are, and the next line could begin an object of its own. The catalog's own
 * default_values may use both; `allows` tells which paths may hold several lines.
 */
export function findUnsafeText(values: Json, allows: (path: readonly string[]) => boolean): IsolationFault[] {
  return findFaults(values, (path, value) => {
    const texts = [path.at(-1), value].filter((text) => typeof text === "string");
    if (texts.some((text) => text.includes("{{"))) {
      return {
        message: `${showPath(path)} contains {{, which a chart may run as a template with the platform's rights`,
        hint: "write it without {{",
      };
    }
    if (texts.some((text) => lineBreak.test(text)) && !allows(path)) {
      return {
        message: `${showPath(path)} has more than one line, which a chart may take for objects of their own`,
        hint: "write it on one line; a value that needs several is a spec with multiline: true in the template",
      };
    }
    return undefined;
  });
}

/** What YAML 1.1 takes for the end of a line. */
export const lineBreak = /[\n\r\u0085\u2028\u2029]/;

/** Judges every value from the top; below a fault nothing more is said. */
function findFaults(values: Json, judge: Judge): IsolationFault[] {
  const faults: IsolationFault[] = [];
  const visit = (value: Json, path: readonly string[]): void => {
    if (faults.length >= maxFaults) return;
    const fault = judge(path, value);
    if (fault !== undefined) {
      faults.push({ path, ...fault });
      return;
    }
    if (Array.isArray(value))
      for (const [index, item] of value.entries()) visit(item, [...path, String(index)]);
    else if (isMapValue(value)) for (const [key, item] of Object.entries(value)) visit(item, [...path, key]);
  };
  visit(values, []);
  return faults;
}

const secondWayIn = {
  message: "would expose the service beside Traefik",
  hint: "remove it: services are of type ClusterIP",
};

function judgeIsolation(
  path: readonly string[],
  value: Json,
  namespace: string,
): { message: string; hint: string } | undefined {
  const key = path.at(-1);
  if (key === undefined) return undefined;
  const where = showPath(path);
  const rule = findIsolationRule(key);
  if (rule !== undefined && !rule.allows(value, namespace)) {
    return { message: `${where} ${rule.message}`, hint: rule.hint };
  }
  if (isOurMark(key)) {
    return {
      message: `${where} uses a label or annotation that the platform reads`,
      hint: "remove it: only the platform sets it",
    };
  }
  if (normalizeKey(key).endsWith("type") && typeof value === "string" && exposedType.test(value)) {
    return { message: `${where} ${secondWayIn.message}`, hint: secondWayIn.hint };
  }
  if (isMapValue(value) && looksLikeObject(value)) {
    return {
      message: `${where} would create objects of any kind`,
      hint: "remove it, or write a chart of your own under charts/",
    };
  }
  return undefined;
}

const exposedType = /^\W*(LoadBalancer|NodePort|ExternalName)\b/i;

function looksLikeObject(value: { readonly [key: string]: Json }): boolean {
  const entries = new Map(Object.entries(value).map(([key, item]) => [normalizeKey(key), item]));
  return (
    typeof entries.get("apiversion") === "string" &&
    typeof entries.get("kind") === "string" &&
    entries.get("kind") !== "PersistentVolumeClaim"
  );
}

/** Labels and annotations that woow, Traefik, cert-manager and the helm-controller act on. */
function isOurMark(key: string): boolean {
  return /(^|\.)(paas\.woowtech\.com|traefik\.io|traefik\.ingress\.kubernetes\.io|cert-manager\.io|cattle\.io)\//.test(
    key,
  );
}

function showPath(path: readonly string[]): string {
  const text = path.join(".");
  return text.length > 120 ? `${text.slice(0, 117)}...` : text;
}
