import { createHash } from "node:crypto";
import type { ChartFolder } from "../definitions/definition.ts";
import type { Cluster, Platform } from "../model/platform.ts";
import { findLocked } from "../model/chart-lock.ts";
import type { Template } from "../model/template.ts";
import type { Unit } from "./unit.ts";

/**
 * Makes a function that hashes all a unit's file is made of: the platform's and the cluster's settings, the resolved
 * workspace, or the resolved service with its template, its chart of one's own and its secrets as ciphertext. Whole
 * objects are hashed rather than the fields that are used today, so that nothing can be forgotten.
 */
export function createFingerprints(
  platform: Platform,
  { withSecrets }: { readonly withSecrets: boolean },
): (unit: Unit) => string {
  const { templates: _templates, clusters: _clusters, lock, ...settings } = platform;
  const shared = writeJson({ settings, withSecrets });
  const clusters = new Map<Cluster, string>();
  const templates = new Map<Template, string>();
  const clusterPart = (cluster: Cluster): string =>
    remember(clusters, cluster, ({ workspaces: _workspaces, ...own }) => hash(shared, writeJson(own)));
  const templatePart = (template: Template): string => remember(templates, template, hashTemplate);
  return (unit) => {
    const cluster = clusterPart(unit.cluster);
    switch (unit.type) {
      case "platform":
        return hash("platform", cluster);
      case "workspace": {
        const { services: _, ...own } = unit.workspace;
        return hash("workspace", cluster, writeJson(own));
      }
      case "service": {
        const { template, source: _, ...own } = unit.service;
        const chart = { ...template.chart, version: own.chartVersion };
        const locked = platform.charts === "verified" ? findLocked(lock, chart) : undefined;
        return hash("service", cluster, templatePart(template), writeJson(own), writeJson(locked ?? {}));
      }
    }
  };
}

function hashTemplate(template: Template): string {
  const { folder, ...chart } = template.chart;
  return hash(writeJson({ ...template, chart }), folder === undefined ? "" : hashFolder(folder));
}

function hashFolder({ name, version, files }: ChartFolder): string {
  const parts = [...files].flatMap(([path, bytes]) => [
    path,
    createHash("sha256").update(bytes).digest("hex"),
  ]);
  return hash(name, version, ...parts);
}

/** JSON with maps as lists of entries, which JSON alone would lose. */
function writeJson(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) => (item instanceof Map ? { map: [...item] } : item));
}

function hash(...parts: readonly string[]): string {
  // lengths between the parts, so that no two lists of parts are the same text
  const all = createHash("sha256");
  for (const part of parts) all.update(`${part.length}:`).update(part);
  return all.digest("base64");
}

function remember<K, V>(known: Map<K, V>, key: K, make: (key: K) => V): V {
  let value = known.get(key);
  if (value === undefined) {
    value = make(key);
    known.set(key, value);
  }
  return value;
}
