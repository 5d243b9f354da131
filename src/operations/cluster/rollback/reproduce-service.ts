import type { DefinitionTree } from "../../../definitions/definition-tree.ts";
import type { Problem } from "../../../definitions/problem.ts";
import { removeDefinitionValue } from "../../../definitions/edit-definition.ts";
import { setDefinitionEntry } from "../../../definitions/restore-definition.ts";
import { OperationError } from "../../../errors.ts";
import { formatHelmPath, isMapValue, mergeValues, parseHelmPath } from "../../../model/helm-values.ts";
import type { HelmValues } from "../../../model/helm-values.ts";
import type { Template } from "../../../model/template.ts";
import { comparableValues, describeManifests, digestManifests } from "../../../record/digest-manifests.ts";
import type { ComparableOptions } from "../../../record/digest-manifests.ts";
import type { Revision } from "../../../record/revision.ts";
import { overlayTree } from "../../overlay-tree.ts";
import { isSamePath } from "../../secrets/secret-specs.ts";
import { findDiffering, pinValues } from "./differing-values.ts";
import type { PinnedValues } from "./differing-values.ts";
import { readDefinitionValue, readExactText } from "./read-definition.ts";
import { renderView } from "./render-unit.ts";
import type { RenderedView, RenderViewOptions, UnitView } from "./render-unit.ts";

export interface ReproduceOptions extends RenderViewOptions {
  readonly tree: DefinitionTree;
  readonly path: string;
  /** The file as it was, with what must stay as it is today. */
  readonly text: string;
  readonly to: Revision;
  /** Today's template; undefined when it is gone or broken. */
  readonly template: Template | undefined;
}

export type Reproduced =
  | { readonly ok: true; readonly text: string; readonly notes: readonly string[] }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/**
 * The file that makes of today's catalog what the recorded file made of the catalog then. What the catalog gives
 * another value is pinned in the file, when that reproduces the manifests exactly. Errors: `refused`, naming the commit
 * that had the template, when it does not.
 */
export async function reproduceService(options: ReproduceOptions): Promise<Reproduced> {
  const { tree, path, to } = options;
  const templatePath = `catalog/${String(readDefinitionValue(options.text)["template_id"])}.yaml`;
  const then = to.definition.files[templatePath];
  const render = (text: string, more: Readonly<Record<string, string>> = {}) =>
    renderView(overlayTree(tree, new Map(Object.entries({ ...more, [path]: text }))), options);
  if (then === undefined || then === readExactText(tree, templatePath)) {
    const now = await render(options.text);
    return now.ok ? { ok: true, text: options.text, notes: noteRest(now.view, to) } : now;
  }
  const aim = await renderView(
    narrowTree(
      overlayTree(
        tree,
        new Map([
          [path, options.text],
          [templatePath, then],
        ]),
      ),
      path,
    ),
    options,
  );
  if (!aim.ok) throw cannotReproduce(options, { templatePath, why: firstMessage(aim.problems) });
  const text = withoutUnknownValues(options.text, options.template);
  const now = await render(text);
  const difference = compareViews(aim.view, now, options.template);
  if (difference === undefined) return { ok: true, text, notes: noteRest(aim.view, to) };
  if (!now.ok) throw cannotReproduce(options, { templatePath, why: firstMessage(now.problems) });
  const pinned = choosePins(aim.view, now.view, options.template);
  if (pinned === undefined || pinned.lost.length > 0) {
    const why = pinned === undefined ? difference : pinned.lost.map(formatHelmPath).join(", ");
    throw cannotReproduce(options, { templatePath, why });
  }
  const candidate = writePins(text, pinned);
  const again = candidate === undefined ? now : await render(candidate);
  const left = compareViews(aim.view, again, options.template);
  if (candidate === undefined || left !== undefined) {
    throw cannotReproduce(options, { templatePath, why: left ?? "the file cannot be edited" });
  }
  return {
    ok: true,
    text: candidate,
    notes: [notePins(templatePath, pinned), ...noteRest(aim.view, to)],
  };
}

/** What differs, in a few words; undefined when nothing does. */
function compareViews(aim: UnitView, now: RenderedView, template: Template | undefined): string | undefined {
  if (!now.ok) return firstMessage(now.problems);
  const options = comparing(aim, now.view, template);
  if (describeManifests(aim.manifests, options) === describeManifests(now.view.manifests, options)) {
    return undefined;
  }
  const kinds = aim.manifests
    .filter((manifest) => {
      const other = now.view.manifests.filter(({ kind }) => kind === manifest.kind);
      return describeManifests([manifest], options) !== describeManifests(other, options);
    })
    .map(({ kind }) => kind);
  return `other fields of ${[...new Set(kinds)].join(", ") || "objects"}`;
}

function comparing(aim: UnitView, now: UnitView, template: Template | undefined): ComparableOptions {
  return {
    secretKeys: [...new Set([...aim.secretKeys, ...now.secretKeys])],
    // what stays as it is today is not to be what it was
    ignoredKeys: (template?.specs ?? []).filter(({ lifecycle }) => lifecycle !== "any").map(({ key }) => key),
  };
}

function choosePins(aim: UnitView, now: UnitView, template: Template | undefined): PinnedValues | undefined {
  const options = comparing(aim, now, template);
  const values = comparableValues(aim.manifests, options);
  const others = comparableValues(now.manifests, options);
  if (values === undefined || others === undefined || !aim.service || !now.service) return undefined;
  const differing = findDiffering(values as never, others as never);
  if (differing.length === 0) return undefined;
  return pinValues(differing, { values, before: aim.service, now: now.service });
}

function writePins(text: string, { helmValues, rawValues, resources }: PinnedValues): string | undefined {
  let result: string | undefined = text;
  for (const [key, more] of [
    ["helm_values", helmValues],
    ["raw_values", rawValues],
    ["resources", resources],
  ] as const) {
    if (result === undefined || Object.keys(more).length === 0) continue;
    const before = readDefinitionValue(result)[key];
    const value = mergeValues((isMapValue(before) ? before : {}) as HelmValues, more as HelmValues);
    const edited = setDefinitionEntry(result, { key, value });
    result = edited.ok ? edited.text : undefined;
  }
  return result;
}

/** Values the template does not know any more: what they did is pinned like any other difference. */
function withoutUnknownValues(text: string, template: Template | undefined): string {
  const values = readDefinitionValue(text)["helm_values"];
  if (template === undefined || !isMapValue(values)) return text;
  const isKnown = (key: string) =>
    template.specs.some(({ steps }) => isSamePath(steps, parseHelmPath(key) ?? [key]));
  const unknown = Object.keys(values).filter((key) => !isKnown(key));
  const isAll = unknown.length > 0 && unknown.length === Object.keys(values).length;
  const paths: [string, ...string[]][] = isAll
    ? [["helm_values"]]
    : unknown.map((key) => ["helm_values", key]);
  return paths.reduce((result, path) => {
    const edited = removeDefinitionValue(result, { path });
    return edited.ok ? edited.text : result;
  }, text);
}

/** The tree without other services: another template in their place must not be their problem. */
function narrowTree(tree: DefinitionTree, path: string): DefinitionTree {
  const isKept = (entry: string) =>
    !/^workspaces\/[^/]+\/[^/]+$/.test(entry) || entry === path || entry.endsWith("/workspace.yaml");
  return { ...tree, entries: tree.entries.filter((entry) => isKept(entry.path)) };
}

function notePins(templatePath: string, { helmValues, rawValues, resources }: PinnedValues): string {
  const named = [
    ...Object.keys(helmValues).map((key) => `helm_values ${key}`),
    ...findDiffering(rawValues as never, undefined).map(({ steps }) => `raw_values ${formatHelmPath(steps)}`),
    ...Object.keys(resources).map((key) => `resources ${key}`),
  ];
  return `${templatePath} has changed since, so the file pins what it said then: ${named.join(", ")}`;
}

/** What no file of the unit decides has changed: said, and left as it is today. */
function noteRest(view: UnitView, to: Revision): readonly string[] {
  if (digestManifests(view.manifests, view) === to.manifestDigest) return [];
  return [
    "not everything will be as it was: platform.yaml, domains.yaml, charts/, values that must stay, or woow itself have changed since",
  ];
}

function firstMessage(problems: readonly Problem[]): string {
  const first = problems.find(({ severity }) => severity === "error") ?? problems[0];
  return first === undefined ? "it cannot be read" : `${first.file}: ${first.message}`;
}

function cannotReproduce(
  { to, path }: ReproduceOptions,
  { templatePath, why }: { readonly templatePath: string; readonly why: string },
): OperationError {
  const { gitCommit, gitDirty } = to.origin;
  const commit =
    gitCommit === undefined
      ? "it was applied outside of git"
      : `commit ${gitCommit}${gitDirty ? " (and what was not committed then)" : ""} had it as it was: git show ${gitCommit}:${templatePath}`;
  return new OperationError(
    "refused",
    `${templatePath} has changed since revision ${to.number} of ${to.unit}, and ${path} cannot make up for it: ${why}`,
    { subject: to.unit, hint: `nothing was changed; ${commit}` },
  );
}
