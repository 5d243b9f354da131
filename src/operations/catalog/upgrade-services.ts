import type { Definitions } from "../../definitions/definition.ts";
import type { DefinitionTree } from "../../definitions/definition-tree.ts";
import type { DefinitionWriter, FileEdit } from "../../definitions/definition-writer.ts";
import { setDefinitionValue } from "../../definitions/edit-definition.ts";
import type { Problem } from "../../definitions/problem.ts";
import { suggestHint } from "../../definitions/suggest.ts";
import { OperationError } from "../../errors.ts";
import { relateVersions } from "../../model/compare-versions.ts";
import { listPins, selectsPin } from "./list-outdated.ts";
import type { Pin, PinSelection } from "./list-outdated.ts";
import { loadPlatform } from "../load-platform.ts";
import { findNewErrors } from "../new-problems.ts";
import { overlayTree } from "../overlay-tree.ts";

export interface UpgradeOptions {
  readonly selection: PinSelection;
  /** The version to pin; the catalog's when undefined. Only this way a pin goes back. */
  readonly to: string | undefined;
  /** At most so many services, the first in unit order. */
  readonly limit: number | undefined;
  /** False: only say what would change. */
  readonly write: boolean;
}

/** One pin and where it goes. */
export interface PinChange {
  readonly unit: string;
  readonly file: string;
  readonly template: string;
  readonly from: string;
  readonly to: string;
  readonly direction: "upgrade" | "downgrade" | "change";
}

export type UpgradeResult =
  | {
      readonly ok: true;
      readonly changes: readonly PinChange[];
      /** Pins that `limit` left for a later run. */
      readonly remaining: number;
      /** Pins ahead of the catalog, which only `to` takes back. */
      readonly ahead: readonly string[];
    }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/**
 * Edits `chart_version` of the selected services and nothing else. All or nothing: the result is resolved first, and
 * a problem that was not there before stops it.
 * Errors: `not-found` for a service, workspace or template that is not there; `usage` for a file that is for a person
 * to edit; `changed-meanwhile`, `not-writable`, `disk-full`.
 */
export function upgradeServices(
  deps: { readonly tree: DefinitionTree; readonly writer: DefinitionWriter },
  { selection, to, limit, write }: UpgradeOptions,
): UpgradeResult {
  const before = loadPlatform(deps.tree);
  const pins = listPins(before.definitions);
  checkSelection(selection, { definitions: before.definitions, pins });
  const selected = pins.filter((pin) => selectsPin(selection, pin));
  const ahead = to === undefined ? selected.filter(({ relation }) => relation === "ahead") : [];
  const wanted = selected
    .filter((pin) => !ahead.includes(pin))
    .map((pin) => ({ pin, change: planChange(pin, to ?? pin.catalog) }))
    .filter(({ change }) => change.from !== change.to);
  const taken = wanted.slice(0, limit);
  const edits = taken.map(({ pin, change }) => editPin(deps.tree, pin, change));
  const after = loadPlatform(
    overlayTree(deps.tree, new Map(edits.map(({ path, after: text }) => [path, text]))),
  );
  const added = findNewErrors(before.problems, after.problems);
  if (added.length > 0) return { ok: false, problems: added };
  if (write) deps.writer.replace(edits);
  return {
    ok: true,
    changes: taken.map(({ change }) => change),
    remaining: wanted.length - taken.length,
    ahead: ahead.map(({ unit }) => unit),
  };
}

function planChange({ unit, source, template, pin }: Pin, to: string): PinChange {
  const relation = relateVersions(pin, to);
  const direction = relation === "behind" ? "upgrade" : relation === "ahead" ? "downgrade" : "change";
  return { unit, file: source.file, template, from: pin, to, direction };
}

function editPin(tree: DefinitionTree, { unit, source }: Pin, { to }: PinChange): FileEdit {
  const { file } = source;
  const before = readExactly(tree, file);
  const edited = setDefinitionValue(before, { path: ["chart_version"], value: to });
  if (!edited.ok) {
    throw new OperationError("usage", `chart_version of ${unit} cannot be edited: ${edited.reason}`, {
      subject: file,
      hint: `nothing was written; write chart_version: "${to}" into ${file} yourself`,
    });
  }
  return { path: file, before, after: edited.text };
}

/** With its byte order mark, which reading a definition drops: the writer compares every byte. */
function readExactly(tree: DefinitionTree, file: string): string {
  const read = tree.read(file);
  if ("reason" in read) {
    throw new OperationError("unreadable", `${file} cannot be read: ${read.reason}`, { subject: file });
  }
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(read.bytes);
}

function checkSelection(
  selection: PinSelection,
  { definitions, pins }: { definitions: Definitions; pins: readonly Pin[] },
): void {
  const known = {
    workspace: [...definitions.workspaces.keys()],
    service: pins.map(({ unit }) => unit),
    template: [...definitions.templates.keys()],
  };
  const named = {
    workspace: selection.workspaces,
    service: selection.services,
    template: selection.templates,
  };
  for (const what of ["workspace", "service", "template"] as const) {
    for (const name of named[what]) {
      if (known[what].includes(name)) continue;
      const isBroken = what === "service" && definitions.present.has(name);
      throw new OperationError(
        "not-found",
        isBroken ? `the service ${name} or its template has problems` : `there is no ${what} ${name}`,
        {
          subject: name,
          hint:
            (isBroken ? undefined : suggestHint(name, known[what])) ?? "woow validate shows what is wrong",
        },
      );
    }
  }
}
